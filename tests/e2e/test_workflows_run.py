"""Every `run` line of the written workflows, executed in a clean clone by a small runner.

What needs AWS, Docker or a scanner's service meets a stand-in of that name; what a deploy says
where there is no account is looked at. MyCandidate has its quick checks and a few of its tests
here: the lines are the same, and `.ci/first-command` takes all of it through `make run`.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tests.checks.real_tools import UV
from tests.cli.in_process import SHIPWAY, git, only, shipway
from tests.github.workflow_samples import PROJECT, SAMPLES, repository

from .runner import Ran, Runner

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parents[2]
FOREIGN = ROOT / "tests" / "findings" / "foreign"
PUSH = {
    "event_name": "push",
    "ref": "refs/heads/main",
    "repository": "ann/town",
    "run_id": "42",
    "run_attempt": "1",
    "token": "",
    "event": {},
}
QUICK = only("ruff", "bandit") + "[steps.tests]\nrun = \"python3 -c 'assert 1'\"\n"
FEW = ("test_foundation.py", "test_shared_town.py")  # of MyCandidate's tests
STAND_INS = {
    "npx": 'for word in "$@"; do case "$word" in --json-file-output=*) '
    'cp $(dirname $0)/snyk.json "${word#*=}";; esac; done; exit 1',
    "docker": """case "$*" in
*dependency-check*) for word in "$@"; do case "$word" in *:/report)
    found="${word%:/report}/dependency-check-report.json"
    cp $(dirname $0)/dependency-check.json "$found";; esac; done;;
*report*) cat $(dirname $0)/clair.json;; esac""",
    "aws": 'case "$*" in *describe-images*) echo sha256:1;; '
    "*) cat $(dirname $0)/ecr-basic.json;; esac",
    "gh": "cat $(dirname $0)/secret-scanning.json",
}


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of stand-ins."""
    folder = tmp_path_factory.mktemp("tools")
    for path in FOREIGN.glob("*.json"):
        report = json.loads(path.read_text()).get("report")  # beside it stands where it is from
        (folder / path.name).write_text(json.dumps(report))
    for name, script in STAND_INS.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that this run's workers share: all samples install alike, so it is done once."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "workflows"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def pinned(shared: Path) -> str:
    """`.github/shipway.txt`: Shipway as a wheel, and all that it needs, by hash."""
    folder = shared / "wheel"
    with open(shared / "wheel.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            built = ("build", "--quiet", "--wheel", "--out-dir", str(folder), str(ROOT))
            subprocess.run([UV, *built], check=True)
    (wheel,) = folder.glob("*.whl")
    exported = subprocess.run(
        [UV, "export", "--quiet", "--frozen", "--no-dev", "--no-emit-project", "--no-header"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return f"{exported.stdout}shipway @ {wheel.as_uri()} --hash=sha256:{digest}\n"


def prepare(workspace: Path) -> None:
    """What `make setup` makes, of packages that this machine has: it then says that all is there.

    Making it from nothing is most of what this test would cost, and `.ci/first-command` does it,
    on machines that have nothing.
    """
    environment = {**os.environ, "UV_PROJECT_ENVIRONMENT": str(workspace / ".venv")}
    command = [UV, "sync", "--quiet", "--locked", "--python", sys.executable]
    subprocess.run(command, cwd=workspace, env=environment, check=True)
    (workspace / ".venv" / "bin" / "shipway").touch()


def lines(runner: Runner) -> set[str]:
    """Every line that the workflows of a clone have, but for what explains a failure."""
    return {
        step["run"].strip()
        for path in runner.workspace.glob(".github/workflows/*.yml")
        for job in yaml.safe_load(path.read_text())["jobs"].values()
        for step in job.get("steps", ())
        if "run" in step and "failure()" not in step.get("if", "")
    }


# What wants an account ends with these where there is none, and the job goes on to its next line.
ANYHOW = tuple(range(7))
AWAY = {
    " deploy ": ANYHOW,
    " run publish": ANYHOW,
    " monitor apply": ANYHOW,
    " clean --aws": ANYHOW,
}
# An image's base comes from a registry: where none is reached, that step, and no other, ends so.
BUILT = dict.fromkeys(('run "$STAGE"', " run quality", " report --from"), (0, 1, 5))
_ENDED_ILL = re.compile(
    r"^(?:failed|unavailable|blocked) +\w+ +([\w-]+) |^(?:failed|incomplete): ([\w-]+): ",
    re.MULTILINE,
)


def pushed(runner: Runner) -> None:
    """What a push to each branch that is deployed starts, and then the week's end."""
    names = [path.name for path in runner.workspace.glob(".github/workflows/deploy-*.yml")]
    for name in ("ci-cd.yml", *sorted(names)):
        runner.workflow(name)
    runner.event = {**runner.event, "event_name": "schedule"}
    if (runner.workspace / ".github" / "workflows" / "monitoring.yml").exists():
        runner.workflow("monitoring.yml")


def away(ran: Ran) -> bool:
    """Whether it wants an account."""
    return any(part in ran.line for part in AWAY)


def ill(ran: Ran) -> bool:
    """Whether it went wrong, and not for want of an image's base only."""
    named = {name for pair in _ENDED_ILL.findall(ran.output) for name in pair if name}
    return bool(ran.code) and named != {"image"}


def only_one(runner: Runner, part: str) -> Ran:
    """The one line, executed, that has this."""
    found = [one for one in runner.ran if part in one.line]
    assert found, part
    return found[-1]


def clear(ran: Ran) -> bool:
    """Whether it did its job, or said in words why not and what to do."""
    return ran.code == 0 or ("next: " in ran.output and "Traceback" not in ran.output)


def test_mycandidates_do_their_job(tmp_path: Path) -> None:
    source = tmp_path / "source"
    git(tmp_path, "clone", "--quiet", str(ROOT), str(source))
    configuration = source / "mycandidate" / "shipway.toml"
    quick = only("ruff", "unit", "sbom", "bandit", "gitleaks")
    configuration.write_text(f"{configuration.read_text()}\n{quick}")
    for tests in (source / "mycandidate" / "tests").glob("*/test_*.py"):
        if tests.name not in FEW:
            tests.unlink()
    git(source, "commit", "--quiet", "--all", "--message", "only what is quick")
    runner = Runner(source, tmp_path / "home", PUSH, expected={**AWAY, **BUILT})
    prepare(runner.workspace)
    pushed(runner)
    assert {one.line for one in runner.ran} == lines(runner)
    assert [one for one in runner.ran if ill(one) and not away(one)] == []
    assert [one for one in runner.ran if away(one) and not clear(one)] == []
    proved = only_one(runner, " run quality security test build")
    assert " cached" in proved.output  # what the jobs before it did is not done again
    assert runner.uploaded["report"] == [
        "findings.sarif",
        "history.html",
        "junit.xml",
        "report.html",
        "sbom.cdx.json",
        "summary.md",
    ]
    told = only_one(runner, " report --from ")
    assert "passed: " in told.output or told.code


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_those_of_a_sample_do_their_job(
    name: str, tmp_path: Path, tools: Path, pinned: str, shared: Path
) -> None:
    runner = Runner(
        sample(name, tmp_path / "source", pinned),
        tmp_path / "home",
        PUSH,
        (tools,),
        {**AWAY, **BUILT, " run security": (0, 1)},
        shared / "installed",
    )
    pushed(runner)
    assert {one.line for one in runner.ran} == lines(runner)
    assert [one for one in runner.ran if away(one) and not clear(one)] == []
    wrong = [one for one in runner.ran if ill(one) and not away(one)]
    imported = [one for one in runner.ran if "findings import" in one.line]
    if imported:  # what the scanners elsewhere found is judged with all else
        assert {one.line.split(" run ")[-1].split(" --from")[0] for one in wrong} <= {
            "security",
            '"$RUNNER_TEMP/shipway/bin/shipway" report',
        }
        assert only_one(runner, " run security").code == 1
    else:
        assert wrong == []


def test_a_forks_change_reads_what_a_push_left_and_leaves_nothing(tmp_path: Path) -> None:
    source = sample("src layout in a folder", tmp_path / "source", "")
    pushing = Runner(source, tmp_path / "pushed", PUSH, (), {**AWAY, **BUILT})
    pushing.workflow("ci-cd.yml")
    assert [one for one in pushing.ran if ill(one) and not away(one)] == []
    kept = sorted(path.name for path in pushing.caches.iterdir())
    assert kept == ["outcomes-apps-the-shop-Linux-42-1"]
    asked = {"number": 5, "head": {"repo": {"full_name": "eve/town"}}, "user": {"login": "eve"}}
    forked = {
        **PUSH,
        "event_name": "pull_request",
        "ref": "refs/pull/5/merge",
        "run_id": "43",
        "event": {"pull_request": asked},
    }
    pulling = Runner(source, tmp_path / "pulled", forked, (), {**AWAY, **BUILT})
    shutil.copytree(pushing.caches, pulling.caches, dirs_exist_ok=True)
    pulling.workflow("ci-cd.yml")
    assert "cached       security  bandit" in only_one(pulling, " run security").output
    assert sorted(path.name for path in pulling.caches.iterdir()) == kept
    assert not [one for one in pulling.ran if " deploy " in one.line]


def sample(name: str, folder: Path, pinned: str) -> Path:
    """A sample's repository, with its workflows, as somebody committed it."""
    folder.mkdir()
    project = repository(name, folder)
    settings = project / "shipway.toml"
    settings.write_text(settings.read_text() + QUICK)
    tooled = (
        f"tools:\n\tmkdir -p tools/bin\n\tln -sf {SHIPWAY} tools/bin/shipway\n\nmore:\n\ttrue\n"
    )
    (folder / "Makefile").write_text(tooled)
    (folder / ".github").mkdir()
    (folder / ".github" / "shipway.txt").write_text(pinned)
    if (folder / "uv.lock").exists():
        (folder / "uv.lock").unlink()
        subprocess.run([UV, "lock", "--quiet"], cwd=folder, check=True)
    done = shipway(project, "workflows", "write")
    assert done.returncode == 0, done.stderr
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "all of it")
    git(folder, "branch", "trunk")  # one of them releases it
    assert (folder / PROJECT.get(name, ".")) == project
    return folder
