"""How what a judge and a rollout decide feels: the colour of a mark and of a line."""

from __future__ import annotations

_TONES = {
    "promote": "good", "passed": "good", "roll back": "bad", "rolled back": "bad",
    "failed": "bad", "needs a person": "bad", "hold": "unsure", "unknown": "unsure",
    "interrupted": "unsure", "unfinished": "unsure",
}  # fmt: skip


def tone_of(decision: str) -> str:
    """good, bad, unsure; or quiet, where nothing is decided."""
    words = decision.strip().lower().replace("_", " ").replace("-", " ")
    return _TONES.get({"rollback": "roll back"}.get(words, words), "quiet")
