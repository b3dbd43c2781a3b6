"""What a rollout leaves for its receipt, besides figures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Story:
    """The first cause counts; what follows from it does not."""

    timeline: list[dict[str, Any]] = field(default_factory=list)
    cause: str = ""
    remedy: str = ""
    log: tuple[str, ...] = ()

    def blame(self, cause: str, remedy: str = "", log: tuple[str, ...] = ()) -> None:
        """Why it did not succeed."""
        if not self.cause:
            self.cause, self.remedy, self.log = cause, remedy, log
