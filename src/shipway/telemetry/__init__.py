"""Telemetry of runs and rollouts: traces and metrics, by OpenTelemetry."""
