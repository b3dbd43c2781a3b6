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

from shipway.checks import CHECKS
from shipway.core.check import Check, Output, Site
from shipway.core.config import Config

from . import advised, insecure, real, secretive, tiny

FOLDER = Path(__file__).parent.parent / "recorded"
ROOT, OUT, PYTHON = "/app", "/app/.shipway/out", "/app/.shipway/python"
SITE = Site(ROOT, OUT, PYTHON, "http://127.0.0.1:8080", advisories=f"{ROOT}/advisories")

CASES: dict[tuple[str, str], Mapping[str, str]] = {
    **{(name, "bad"): tiny.BAD for name in
       ("ruff", "ruff-format", "flake8", "black", "mypy", "unit", "coverage", "performance")},
    **{(name, "clean"): tiny.CLEAN for name in
       ("ruff", "ruff-format", "flake8", "black", "mypy", "unit", "integration", "coverage")},
    **{(name, "syntax"): tiny.SYNTAX for name in
       ("ruff", "ruff-format", "flake8", "black", "mypy")},
    **{(name, "nothing"): tiny.NOTHING for name in
       ("ruff", "ruff-format", "flake8", "black", "mypy", "unit")},
    **{(name, "wrong-settings"): tiny.WRONG_SETTINGS for name in
       ("ruff", "ruff-format", "flake8", "black")},
    **{(name, "own-settings"): tiny.OWN_SETTINGS for name in ("ruff", "flake8", "black")},
    ("unit", "unimportable"): tiny.UNIMPORTABLE,
    **{("unit", case): files for case, files in tiny.BROKEN_SUITES.items()},
    **{("unit", case): files for case, files in tiny.BROKEN_DJANGO.items()},
    ("unit", "django-clean"): tiny.DJANGO,
    ("unit", "django-unimportable"): tiny.DJANGO_UNIMPORTABLE,
    ("unit", "django-no-tests"): tiny.DJANGO_NO_TESTS,
    ("unit", "django-unexpected"): tiny.DJANGO_UNEXPECTED,
    ("unit", "django-class-skipped"): tiny.DJANGO_CLASS_SKIPPED,
    ("unit", "django-class-broken"): tiny.DJANGO_CLASS_BROKEN,
    ("unit", "no-tests"): tiny.NO_TESTS,
    ("unit", "all-skipped"): tiny.ALL_SKIPPED,
    ("unit", "no-pytest"): tiny.CLEAN,
    ("performance", "no-locustfile"): tiny.NO_LOAD,
    ("performance", "other-names"): tiny.OTHER_LOAD,
    **advised.CASES,
    **insecure.CASES,
    **secretive.CASES,
}  # fmt: skip


def check_named(name: str) -> Check:
    """A check from the registry."""
    return next(check for check in CHECKS if check.name == name)


def config_of(case: str) -> Config:
    """The tiny application's configuration; it is one of Django in some cases."""
    return tiny.DJANGO_CONFIG if case.startswith("django-") else tiny.CONFIG


def load(name: str, case: str) -> Output:
    """A recorded output. Its report files are text."""
    data = json.loads(path(name, case).read_text(encoding="utf-8"))
    reports = {file: text.encode() for file, text in data["reports"].items()}
    return Output(data["code"], data["stdout"], data["stderr"], reports)


def perform(name: str, case: str, root: str, python: str) -> Output:
    """Let the real tool look at a case, in the folder `root`."""
    check, config = check_named(name), config_of(case)
    tiny.write(CASES[name, case], root)
    secretive.prepare(name, case, root)
    site = Site(root, f"{root}/.shipway/out", python)
    if case == "no-pytest" or (name, case) in advised.BARE:
        site = Site(root, site.out, real.environment(f"{root}/.shipway/bare"))
    if config is tiny.DJANGO_CONFIG:
        site = Site(root, site.out, real.django_environment(f"{root}/.shipway/django"))
    if name == "coverage":
        site = Site(root, site.out, python, upstream=_halves(config, root, python))
    with real.served() if check.served else nullcontext("") as url:
        site = Site(root, site.out, site.python, url, site.upstream, f"{root}/advisories")
        return _sanitised(real.run(check, config, site), root, python, url)


def _halves(config: Config, root: str, python: str) -> dict[str, str]:
    folders = {name: f"{root}/.shipway/{name}" for name in ("unit", "integration")}
    for name, folder in folders.items():
        real.run(check_named(name), config, Site(root, folder, python))
    return folders


def _sanitised(output: Output, root: str, python: str, url: str) -> Output:
    def clean(text: str) -> str:
        home = os.path.expanduser("~")
        for found, instead in (
            (url, SITE.url), (python, PYTHON), (root, ROOT), (home, "/home/somebody"),
        ):  # fmt: skip
            text = text.replace(found, instead) if found else text
        text = re.sub(r'hostname="[^"]*"', 'hostname="host"', text)
        text = re.sub(r"\] [^\s/]+(?=/[A-Z]+/locust\.)", "] host", text)
        return re.sub(r"/[^\s\"':,]*/(?=lib/python3|shipway/checks/)", "/", text)

    reports = {
        name: clean(data.decode()).encode()
        for name, data in output.reports.items()
        if not name.endswith(".data")
    }
    return Output(output.code, clean(output.stdout), clean(output.stderr), reports)


def path(name: str, case: str) -> Path:
    """Where a case is kept."""
    check = check_named(name)
    runner = real.DJANGO if config_of(case) is tiny.DJANGO_CONFIG else real.PYTEST
    own = {"coverage": real.COVERAGE, "advisories": "1"}.get(check.name, runner)
    return FOLDER / check.name / f"{case}-{check.tool.version or own}.json"


def _record(wanted: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        python = real.application_environment(f"{folder}/environment")
        for number, (name, case) in enumerate(CASES):
            if wanted and name not in wanted:
                continue
            output = perform(name, case, f"{folder}/{number}", python)
            file = path(name, case)
            file.parent.mkdir(parents=True, exist_ok=True)
            for old in file.parent.glob(f"{case}-[0-9]*.json"):
                old.unlink()
            reports = {report: data.decode() for report, data in output.reports.items()}
            data = {"code": output.code, "stdout": output.stdout, "stderr": output.stderr,
                    "reports": reports}  # fmt: skip
            file.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    _record(sys.argv[1:])
