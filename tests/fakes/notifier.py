"""A notifier that keeps what it is given."""

from __future__ import annotations

from shipway.ports import Delivery, WebhookRequest


class RecordingNotifier:
    """A fake for tests: keeps every letter; `problem` is what becomes of each."""

    def __init__(self, problem: str = "") -> None:
        self.problem = problem
        self.letters: list[WebhookRequest] = []

    def send(self, letter: WebhookRequest, limit: float) -> Delivery:
        """Keep it."""
        self.letters.append(letter)
        return Delivery(letter.channel, self.problem, 1, 0.0)
