"""The checks. A new one is one small file here and one line in CHECKS."""

from dataclasses import replace
from difflib import get_close_matches

from shipway.checks.actionlint import ACTIONLINT
from shipway.checks.bandit import BANDIT
from shipway.checks.black import BLACK
from shipway.checks.cfn_lint import CFN_LINT
from shipway.checks.checkov import CHECKOV
from shipway.checks.coverage import COVERAGE
from shipway.checks.flake8 import FLAKE8
from shipway.checks.gitleaks import GITLEAKS, GITLEAKS_HISTORY
from shipway.checks.hadolint import HADOLINT
from shipway.checks.import_check import IMPORTABLE
from shipway.checks.licences import LICENCES
from shipway.checks.locust import PERFORMANCE
from shipway.checks.mypy import MYPY
from shipway.checks.osv_advisories import ADVISORIES, IMAGE_PACKAGES
from shipway.checks.osv_scanner import OSV_SCANNER
from shipway.checks.pip_audit import PIP_AUDIT
from shipway.checks.pytest import BROWSER, INTEGRATION, UNIT
from shipway.checks.ruff import RUFF, RUFF_FORMAT
from shipway.checks.safety import SAFETY
from shipway.checks.sbom import SBOM
from shipway.checks.semgrep import SEMGREP
from shipway.checks.trivy import TRIVY
from shipway.checks.trufflehog import TRUFFLEHOG
from shipway.checks.workflow_schema import WORKFLOW_SCHEMA
from shipway.checks.zizmor import ZIZMOR
from shipway.config.schema import Config
from shipway.errors import ConfigError
from shipway.pipeline.check import Check

CHECKS: tuple[Check, ...] = (
    RUFF,
    RUFF_FORMAT,
    FLAKE8,
    BLACK,
    MYPY,
    IMPORTABLE,
    UNIT,
    INTEGRATION,
    BROWSER,
    COVERAGE,
    PERFORMANCE,
    PIP_AUDIT,
    ADVISORIES,
    OSV_SCANNER,
    SAFETY,
    LICENCES,
    SBOM,
    BANDIT,
    SEMGREP,
    HADOLINT,
    IMAGE_PACKAGES,
    GITLEAKS,
    GITLEAKS_HISTORY,
    TRUFFLEHOG,
    ZIZMOR,
    WORKFLOW_SCHEMA,
    ACTIONLINT,
    CFN_LINT,
    CHECKOV,
    TRIVY,
)


def enabled_checks(config: Config) -> tuple[Check, ...]:
    """The checks that apply to an application and are not switched off.

    What one of them needs of the others is cut down to those that are there. Raises ConfigError for
    a check that there is not: it would be switched on or off by nobody.
    """
    names = [check.name for check in CHECKS]
    for name in config.checks:
        if name not in names:
            near = get_close_matches(name, names, 1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise ConfigError(
                f"[checks] {name}: there is no such check.{hint} Accepted: {', '.join(names)}.",
                "Correct the name, or remove the line.",
                code="invalid-setting",
            )
    chosen = [
        check
        for check in CHECKS
        if config.checks.get(check.name, check.default) and check.applies(config)
    ]
    absent = {check.name for check in CHECKS} - {check.name for check in chosen}
    return tuple(_without(check, absent) for check in chosen)


def _without(check: Check, absent: set[str]) -> Check:
    needs = tuple(need for need in check.needs if need not in absent)
    if needs == check.needs:
        return check
    return replace(check, needs=needs)  # type: ignore[type-var]  # Check is a Protocol
