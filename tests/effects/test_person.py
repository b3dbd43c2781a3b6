"""Who runs a command."""

from __future__ import annotations

import pytest

from shipway.effects.person import person


def test_in_github_actions_it_is_who_started_the_workflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTOR", "ann")
    assert person() == "ann (GitHub Actions)"


def test_elsewhere_it_is_the_user_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_ACTOR", raising=False)
    monkeypatch.setenv("LOGNAME", "ben")
    assert person().startswith("ben@")
