"""Where uv is, which installs tools and resolves locks."""

from __future__ import annotations

import os
import sys


def uv_program() -> str:
    """uv comes with Shipway, beside its Python."""
    beside = os.path.join(os.path.dirname(sys.executable), "uv")
    return beside if os.path.exists(beside) else "uv"
