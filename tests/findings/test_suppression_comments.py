"""Comments that silence a tool."""

from __future__ import annotations

import pytest

from shipway.findings.waivers import suppression_comments


@pytest.mark.parametrize(
    ("tool", "row"),
    [
        ("bandit", "x()  # nosec B101"),
        ("bandit", "x()  #nosec"),
        ("semgrep", "x()  # nosemgrep: r"),
        ("gitleaks", "k = ''  # gitleaks:allow"),
        ("hadolint", "# hadolint ignore=DL3008"),
        ("zizmor", "uses: a@v1  # zizmor: ignore[unpinned-uses]"),
        ("ruff", "x()  # noqa: S105"),
        ("checkov", "# checkov:skip=CKV_1:why"),
        ("trivy", "#trivy:ignore:AVD-1"),
        ("trufflehog", "k = 1 # trufflehog:ignore"),
    ],
)
def test_each_tools_own_comment_is_found_with_its_place(tool: str, row: str) -> None:
    assert suppression_comments("a", f"one\n{row}\n") == [(tool, "a:2")]


def test_other_comments_are_none() -> None:
    assert suppression_comments("a.py", "x = 1  # noqa: E501\n# a nosecond\n") == []
