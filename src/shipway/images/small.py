"""Blobs that are small enough for memory."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO


@dataclass(frozen=True)
class Small:
    """Contents by digest."""

    blobs: Mapping[str, bytes]

    def open(self, digest: str) -> IO[bytes]:
        """One of them."""
        return io.BytesIO(self.blobs[digest])
