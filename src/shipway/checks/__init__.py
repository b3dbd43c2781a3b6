"""The checks. A new one is one small file here and one line in CHECKS."""

from shipway.checks.base import applies
from shipway.checks.black import BLACK
from shipway.checks.coverage import COVERAGE
from shipway.checks.flake8 import FLAKE8
from shipway.checks.locust import PERFORMANCE
from shipway.checks.mypy import MYPY
from shipway.checks.pytest import INTEGRATION, UNIT
from shipway.checks.ruff import RUFF, RUFF_FORMAT
from shipway.core.check import Check
from shipway.core.config import Config

CHECKS: tuple[Check, ...] = (
    RUFF, RUFF_FORMAT, FLAKE8, BLACK, MYPY, UNIT, INTEGRATION, COVERAGE, PERFORMANCE,
)  # fmt: skip


def enabled(config: Config) -> tuple[Check, ...]:
    """The checks that apply to an application and are not switched off."""
    return tuple(check for check in CHECKS if applies(check, config))
