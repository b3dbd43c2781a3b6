"""Findings: what scanners report, deduplicated, waived, dismissed, and imported from SARIF and
other reports."""
