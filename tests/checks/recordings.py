"""What the real tools said about the tiny application, kept under tests/recorded.

After an update of a tool, record anew: `python -m tests.checks.recordings [CHECK…]`. Each case
is one file, tests/recorded/<check>/<case>-<version>.json, with paths of the machine taken out.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

from shipway.checks.registry import CHECKS
from shipway.config.schema import Config
from shipway.pipeline.check import Check, CheckContext, ToolOutput

from . import (
    advisory_projects,
    insecure_application,
    projects_with_secrets,
    real_tools,
    tiny_application,
)

FOLDER = Path(__file__).parent.parent / "recorded"
ROOT, OUT, PYTHON = "/app", "/app/.shipway/out", "/app/.shipway/python"
SITE = CheckContext(ROOT, OUT, PYTHON, "http://127.0.0.1:8080", advisories=f"{ROOT}/advisories")

CASES: dict[tuple[str, str], Mapping[str, str]] = {
    **{
        (name, "bad"): tiny_application.BAD
        for name in (
            "ruff",
            "ruff-format",
            "flake8",
            "black",
            "mypy",
            "unit",
            "coverage",
            "performance",
        )
    },
    **{
        (name, "clean"): tiny_application.CLEAN
        for name in (
            "ruff",
            "ruff-format",
            "flake8",
            "black",
            "mypy",
            "unit",
            "integration",
            "coverage",
        )
    },
    **{
        (name, "syntax"): tiny_application.SYNTAX
        for name in ("ruff", "ruff-format", "flake8", "black", "mypy")
    },
    **{
        (name, "nothing"): tiny_application.NOTHING
        for name in ("ruff", "ruff-format", "flake8", "black", "mypy", "unit")
    },
    **{
        (name, "wrong-settings"): tiny_application.WRONG_SETTINGS
        for name in ("ruff", "ruff-format", "flake8", "black")
    },
    **{
        (name, "own-settings"): tiny_application.OWN_SETTINGS
        for name in ("ruff", "flake8", "black")
    },
    ("unit", "unimportable"): tiny_application.UNIMPORTABLE,
    **{("unit", case): files for case, files in tiny_application.BROKEN_SUITES.items()},
    **{("unit", case): files for case, files in tiny_application.BROKEN_DJANGO.items()},
    ("unit", "django-clean"): tiny_application.DJANGO,
    ("unit", "django-unimportable"): tiny_application.DJANGO_UNIMPORTABLE,
    ("unit", "django-no-tests"): tiny_application.DJANGO_NO_TESTS,
    ("unit", "django-unexpected"): tiny_application.DJANGO_UNEXPECTED,
    ("unit", "django-class-skipped"): tiny_application.DJANGO_CLASS_SKIPPED,
    ("unit", "django-class-broken"): tiny_application.DJANGO_CLASS_BROKEN,
    ("unit", "no-tests"): tiny_application.NO_TESTS,
    ("unit", "all-skipped"): tiny_application.ALL_SKIPPED,
    ("unit", "no-pytest"): tiny_application.CLEAN,
    ("performance", "no-locustfile"): tiny_application.NO_LOAD,
    ("performance", "other-names"): tiny_application.OTHER_LOAD,
    **advisory_projects.CASES,
    **insecure_application.CASES,
    **projects_with_secrets.CASES,
}


def check_named(name: str) -> Check:
    """A check from the registry."""
    return next(check for check in CHECKS if check.name == name)


def config_of(case: str) -> Config:
    """The tiny application's configuration; it is one of Django in some cases."""
    return tiny_application.DJANGO_CONFIG if case.startswith("django-") else tiny_application.CONFIG


def load(name: str, case: str) -> ToolOutput:
    """A recorded output. Its report files are text."""
    data = json.loads(path(name, case).read_text(encoding="utf-8"))
    reports = {file: text.encode() for file, text in data["reports"].items()}
    return ToolOutput(data["code"], data["stdout"], data["stderr"], reports)


def perform(name: str, case: str, root: str, python: str) -> ToolOutput:
    """Let the real tool look at a case, in the folder `root`."""
    check, config = check_named(name), config_of(case)
    tiny_application.write(CASES[name, case], root)
    projects_with_secrets.prepare(name, case, root)
    context = CheckContext(root, f"{root}/.shipway/out", python)
    if case == "no-pytest" or (name, case) in advisory_projects.BARE:
        context = CheckContext(root, context.out, real_tools.environment(f"{root}/.shipway/bare"))
    if config is tiny_application.DJANGO_CONFIG:
        context = CheckContext(
            root, context.out, real_tools.django_environment(f"{root}/.shipway/django")
        )
    if name == "coverage":
        context = CheckContext(root, context.out, python, upstream=_halves(config, root, python))
    with real_tools.served() if check.served else nullcontext("") as url:
        context = CheckContext(
            root, context.out, context.python, url, context.upstream, f"{root}/advisories"
        )
        return _sanitised(real_tools.run(check, config, context), root, python, url)


def _halves(config: Config, root: str, python: str) -> dict[str, str]:
    folders = {name: f"{root}/.shipway/{name}" for name in ("unit", "integration")}
    for name, folder in folders.items():
        real_tools.run(check_named(name), config, CheckContext(root, folder, python))
    return folders


def _sanitised(output: ToolOutput, root: str, python: str, url: str) -> ToolOutput:
    def clean(text: str) -> str:
        home = os.path.expanduser("~")
        for found, instead in (
            (url, SITE.url),
            (python, PYTHON),
            (root, ROOT),
            (home, "/home/somebody"),
        ):
            text = text.replace(found, instead) if found else text
        text = re.sub(r'hostname="[^"]*"', 'hostname="host"', text)
        text = re.sub(r"\] [^\s/]+(?=/[A-Z]+/locust\.)", "] host", text)
        return re.sub(r"/[^\s\"':,]*/(?=lib/python3|shipway/checks/)", "/", text)

    reports = {
        name: clean(data.decode()).encode()
        for name, data in output.reports.items()
        if not name.endswith(".data")
    }
    return ToolOutput(output.code, clean(output.stdout), clean(output.stderr), reports)


def path(name: str, case: str) -> Path:
    """Where a case is kept."""
    check = check_named(name)
    runner = (
        real_tools.DJANGO
        if config_of(case) is tiny_application.DJANGO_CONFIG
        else real_tools.PYTEST
    )
    own = {"coverage": real_tools.COVERAGE, "advisories": "1"}.get(check.name, runner)
    return FOLDER / check.name / f"{case}-{check.tool.version or own}.json"


def _record(wanted: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        python = real_tools.application_environment(f"{folder}/environment")
        for number, (name, case) in enumerate(CASES):
            if wanted and name not in wanted:
                continue
            output = perform(name, case, f"{folder}/{number}", python)
            file = path(name, case)
            file.parent.mkdir(parents=True, exist_ok=True)
            for old in file.parent.glob(f"{case}-[0-9]*.json"):
                old.unlink()
            reports = {report: data.decode() for report, data in output.reports.items()}
            data = {
                "code": output.code,
                "stdout": output.stdout,
                "stderr": output.stderr,
                "reports": reports,
            }
            file.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    _record(sys.argv[1:])
