"""What a person reads who has broken something: the cause, the place, and what to do.

Twenty faults, made on purpose; eight more that need a running application are in
tests/e2e/test_broken_applications.py.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.cli.in_process import shipway

STEP = '[steps.a]\nrun = "true"\ninputs = []\n'
LOCAL = '[application]\nname = "town"\n[environments.local]\n'
ECS = '[application]\nname = "town"\n[environments.prod]\nplatform = "ecs"\n'


@dataclass(frozen=True)
class Fault:
    """Something broken. words: of the command that meets it. cause, place, remedy: what it says."""

    settings: str
    words: tuple[str, ...]
    cause: str
    place: str
    remedy: str
    code: str
    variables: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    before: tuple[str, ...] = ()


FAULTS = {
    "TOML that is none": Fault(
        "[application\n",
        ("run",),
        "is not TOML: Expected ']'",
        "shipway.toml is not TOML: Expected ']' at the end of a table declaration (at line 1",
        "Correct it and run again.",
        "invalid-setting",
    ),
    "a misspelt key": Fault(
        '[application]\nnmae = "x"\n',
        ("run",),
        "there is no such key. Did you mean 'name'?",
        "shipway.toml: application.nmae",
        "Correct it and run again.",
        "invalid-setting",
    ),
    "a misspelt table": Fault(
        '[aplication]\nname = "x"\n',
        ("run",),
        "there is no such key. Did you mean 'application'?",
        "shipway.toml: aplication",
        "Correct it and run again.",
        "invalid-setting",
    ),
    "a figure out of its range": Fault(
        "[gates]\ncoverage = 120\n",
        ("run",),
        "found 120. Input should be less than or equal to 100",
        "shipway.toml: gates.coverage",
        "Correct it and run again.",
        "invalid-setting",
    ),
    "a misspelt name in [checks]": Fault(
        "[checks]\nrufff = false\n",
        ("plan",),
        "there is no such check. Did you mean 'ruff'?",
        "[checks] rufff",
        "Correct the name, or remove the line.",
        "invalid-setting",
    ),
    "a lock that is missing": Fault(
        '[application]\nname = "town"\nlock = "uv.lock"\nserve = "gunicorn town:app"\n',
        ("run", "install"),
        "uv.lock is not here",
        "failed build   install: uv.lock",
        "Restore it from git; or have it resolved from the requirements: shipway init --relock.",
        "application-environment",
    ),
    "a folder with nothing in it": Fault(
        "",
        ("run",),
        "there is no pipeline here",
        "no application was found, and no step is configured",
        "Give this folder one: shipway init.",
        "no-pipeline",
    ),
    "an environment where none is configured": Fault(
        STEP,
        ("status",),
        "no environment is named 'local'",
        "None is configured",
        "shipway init writes a pipeline with one, `local`.",
        "unknown-name",
    ),
    "an environment that there is not": Fault(
        LOCAL,
        ("status", "locale"),
        "no environment is named 'locale'. Did you mean 'local'?",
        "Configured: local.",
        "Another one is a table of its own: [environments.locale].",
        "unknown-name",
    ),
    "a step that there is not": Fault(
        STEP.replace("[steps.a]", "[steps.unit]"),
        ("run", "unitt"),
        "no stage or step is named 'unitt'. Did you mean 'unit'?",
        "There are: quality, security, test",
        "shipway plan lists all.",
        "unknown-name",
    ),
    "a need that is no step": Fault(
        STEP + 'needs = ["instal"]\n',
        ("run",),
        "needs 'instal', which is no step",
        "step 'a'",
        "shipway plan lists the steps.",
        "unknown-name",
    ),
    "steps that need each other": Fault(
        STEP + 'needs = ["b"]\n' + STEP.replace(".a]", ".b]") + 'needs = ["a"]\n',
        ("run",),
        "the steps need each other in a circle",
        "a → b → a",
        "Remove one of the needs, for example 'a' from 'b'.",
        "invalid-pipeline",
    ),
    "a program that is not installed": Fault(
        STEP.replace("true", "no-such-program"),
        ("run",),
        "no-such-program is not here",
        "not run        a: no-such-program",
        "next: Install no-such-program, or correct its name.",
        "tool-missing",
    ),
    "git that is not installed": Fault(
        STEP.replace("inputs = []", 'inputs = ["*.py"]'),
        ("run", "--changed-since", "main"),
        "git",
        "git",
        "Install git",
        "git-failed",
        {"PATH": "/nonexistent"},
    ),
    "no container engine": Fault(
        '[application]\nname = "town"\ndockerfile = "Dockerfile"\n',
        ("image", "build"),
        "docker",
        "podman",
        "Install",
        "image-build-failed",
        {"PATH": "/nonexistent"},
        {"Dockerfile": "FROM scratch\n"},
    ),
    "AWS without credentials": Fault(
        ECS + '[aws]\nregion = "eu-central-1"\n',
        ("status", "prod"),
        "Unable to locate credentials",
        "AWS:",
        "Log in (aws sso login, aws configure), or set AWS_PROFILE.",
        "aws-refused",
        {
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ACCESS_KEY_ID": "",
            "AWS_SECRET_ACCESS_KEY": "",
            "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
            "AWS_CONFIG_FILE": "/nonexistent",
        },
    ),
    "a state folder that cannot be one": Fault(
        STEP,
        ("run",),
        ".shipway",
        ".shipway",
        "",
        "",
        files={".shipway": "a file\n"},
    ),
    "a record that is damaged": Fault(
        STEP,
        ("run",),
        "is damaged: file is not a database",
        ".shipway/record.sqlite3",
        "record.sqlite3.damaged. A new record begins",
        "record-damaged",
        files={".shipway/record.sqlite3": "no database, but a text of some length\n" * 30},
        before=("plan",),
    ),
    "no release to deploy": Fault(
        LOCAL,
        ("deploy",),
        "no release is packaged yet",
        "release",
        "Package one: shipway run package.",
        "no-release",
    ),
    "no run to report": Fault(
        STEP,
        ("report",),
        "there is no run on record",
        "on record",
        "Run one: shipway run.",
        "no-run",
    ),
    "a test that fails": Fault(
        STEP.replace("true", "false"),
        ("run",),
        "it ended with exit code 1",
        "failed test    a:",
        "again          shipway run a",
        "command-failed",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_with_its_cause_its_place_and_its_remedy(name: str, tmp_path: Path) -> None:
    fault = FAULTS[name]
    folder = tmp_path / "town"
    folder.mkdir()
    if fault.settings:
        (folder / "shipway.toml").write_text(fault.settings)
    if fault.before:
        shipway(folder, *fault.before)
    for path, text in fault.files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
        for journal in ("-wal", "-shm"):
            (folder / f"{path}{journal}").unlink(missing_ok=True)
    done = shipway(folder, *fault.words, **fault.variables)
    told = done.stdout + done.stderr
    assert done.returncode != 0 or "incomplete" in told, told
    for part in (fault.cause, fault.place, fault.remedy):
        assert part in told
    assert f"explain {fault.code}" in told
    assert "Traceback" not in told
    assert "docs/" not in told  # a path that who installed it does not have


def test_each_explanation_that_is_named_can_be_read_offline(tmp_path: Path) -> None:
    codes = {fault.code for fault in FAULTS.values() if fault.code}
    for code in sorted(codes):
        assert shipway(tmp_path, "explain", code).returncode == 0


def test_shipway_alone_says_how_things_stand_and_three_commands(tmp_path: Path) -> None:
    folder = tmp_path / "town"
    folder.mkdir()
    empty = shipway(folder)
    assert empty.returncode == 0
    assert "no pipeline here yet" in empty.stdout
    assert [line.split("  ")[1] for line in _advice(empty.stdout)] == [
        "shipway init --dry-run",
        "shipway init",
        "shipway doctor",
    ]
    assert os.listdir(folder) == []

    (folder / "shipway.toml").write_text(STEP.replace("true", "false"))
    assert "nothing was run yet" in shipway(folder).stdout
    shipway(folder, "run")
    failed = shipway(folder).stdout
    assert "failed: a: it ended with exit code 1" in failed
    assert _advice(failed)[0].split("  ")[1] == "shipway run a"

    (folder / "shipway.toml").write_text(STEP)
    shipway(folder, "run")
    good = shipway(folder).stdout
    assert "passed: 1 step, none failed" in good
    assert len(_advice(good)) == 3


def _advice(text: str) -> list[str]:
    return text.partition("\nnext:\n")[2].partition("\n\n")[0].splitlines()
