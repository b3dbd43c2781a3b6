"""What a run in which everything is cached, and --help, do without: importing it takes longer."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.patience import PATIENCE

HEAVY = {
    *("argcomplete", "boto3", "botocore", "httpx", "jinja2", "pydantic", "rich", "yaml"),
    *("opentelemetry", "requests", "shipway.cli.telemetry", "shipway.telemetry.otlp"),
    *("starlette", "uvicorn"),
}
PROGRAM = """
import atexit, sys
from shipway.cli.dispatch import invoke
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
sys.exit(invoke(sys.argv[1:]))
"""


def imported(folder: Path, *words: str, **variables: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.splitlines()[-1].split())


@pytest.fixture
def town(tmp_path: Path) -> Path:
    (tmp_path / "shipway.toml").write_text(
        '[application]\nname = "town"\n\n[steps.greet]\nrun = "true"\nstage = "quality"\n'
        'inputs = ["*.txt"]\n'
    )
    (tmp_path / "a.txt").write_text("a")
    return tmp_path


def test_a_cached_run_imports_neither_the_configuration_nor_what_it_does_not_need(
    town: Path,
) -> None:
    words = ("run", "greet")
    assert "shipway.config.schema" in imported(town, *words)
    assert not imported(town, *words) & {*HEAVY, "shipway.config.schema", "shipway.checks.registry"}


def test_opentelemetry_is_imported_only_where_a_collector_is_named(town: Path) -> None:
    words = ("run", "greet", "--no-cache")
    asked = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    assert "opentelemetry" not in imported(town, *words)
    assert "opentelemetry" not in imported(town, *words, OTEL_SDK_DISABLED="true", **asked)
    assert {"opentelemetry", "shipway.telemetry.otlp"} <= imported(town, *words, **asked)


def test_an_unchanged_run_asks_no_shared_cache(town: Path) -> None:
    """Nobody answers at that address: whoever asked would say so."""
    with open(town / "shipway.toml", "a", encoding="utf-8") as file:
        file.write(
            'shared = true\n[cache]\nremote = "http://127.0.0.1:1"\n'
            f'trust = {{ CI = "{"A" * 43}=" }}\n'
        )
    sharing = {"httpx", "cryptography", "shipway.cli.shared_cache"}
    assert sharing - {"cryptography"} <= imported(town, "run", "greet")
    assert not imported(town, "run", "greet") & {*HEAVY, *sharing, "shipway.config.schema"}


def test_help_imports_no_command(town: Path) -> None:
    modules = imported(town, "--help")
    assert not modules & HEAVY
    assert {module for module in modules if module.startswith("shipway.cli.")} == {
        f"shipway.cli.{name}" for name in ("app", "commands", "dispatch", "help_page", "parser")
    }


def test_a_command_imports_no_other(town: Path) -> None:
    modules = imported(town, "run", "greet")
    assert {"shipway.cli.run"} <= modules
    assert not modules & {"shipway.cli.deploy", "shipway.cli.init"}
