"""The checks."""

from shipway.core.check import Check
from shipway.core.config import Config

CHECKS: tuple[Check, ...] = ()


def enabled(config: Config) -> tuple[Check, ...]:
    return ()
