"""What a run is called in the record."""

from __future__ import annotations

import os
from collections.abc import Mapping


def run_name(now: float, environment: Mapping[str, str]) -> str:
    """A name for a run. now: seconds since the epoch. In GitHub it ends with the run's there."""
    return f"{now:.3f}-{os.getpid()}{run_suffix(environment)}"


def run_suffix(environment: Mapping[str, str]) -> str:
    """What the names of all runs of one run in GitHub end with; "" elsewhere."""
    number = environment.get("GITHUB_RUN_ID", "")
    inside = environment.get("GITHUB_ACTIONS") == "true" and number.isdigit()
    return f"-g{number}" if inside else ""
