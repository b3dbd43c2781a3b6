"""What `shipway run` can be asked for, one option after the other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.in_process import only, project, shipway, step

TWO = step("first", "echo x >> first") + step("second", "echo x >> second")
BADLY = "x   =  [ 1,2 ]\n"
WELL = "x = [1, 2]\n"
ONLY_RUFF = '[application]\npackages = ["app"]\n' + only("ruff", "ruff-format")


def outcomes(output: str) -> dict[str, str]:
    """What the events of a run with --json say about every step."""
    events = [json.loads(line) for line in output.splitlines()]
    return {one["step"]: one["outcome"] for one in events if "outcome" in one}


# -- --fix ---------------------------------------------------------------------------------


def test_fix_formats_what_is_badly_formatted(tmp_path: Path) -> None:
    files = {"app/__init__.py": "", "app/core.py": "import os\n" + BADLY}
    web = project(tmp_path / "web", ONLY_RUFF, files)
    module = web / "app" / "core.py"
    wrong = shipway(web, "run", "quality")
    assert wrong.returncode == 1
    assert "shipway run --fix" in wrong.stdout
    assert module.read_text() == "import os\n" + BADLY
    fixed = shipway(web, "run", "quality", "--fix")
    assert fixed.returncode == 0, fixed.stdout
    assert module.read_text() == WELL
    assert "repaired: app/core.py" in fixed.stdout
    again = shipway(web, "run", "quality", "--fix")
    assert "nothing to repair" in again.stdout
    assert again.stdout.count("cached") >= 2


def test_fix_comes_before_everything_that_looks_at_the_files(tmp_path: Path) -> None:
    configuration = '[application]\nname = "web"\nserve = "gunicorn app:x"\n'
    configuration += only("ruff-format", "unit")
    seen = step("seen", "cat app/__init__.py > ../seen", 'inputs = ["app/**"]')
    files = {
        "app/__init__.py": BADLY,
        "requirements.txt": "pytest\ncoverage\n",
        "tests/test_it.py": "def test_it():\n    pass\n",
    }
    web = project(tmp_path / "web", configuration + seen, files)
    done = shipway(web, "run", "--fix", "--json", "--jobs", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "repaired: app/__init__.py" in done.stderr  # JSON is all that is on stdout
    assert set(outcomes(done.stdout).values()) == {"passed"}
    assert {"unit", "package", "ruff-format"} <= set(outcomes(done.stdout))
    assert (web.parent / "seen").read_text() == WELL
    released = list((web / ".shipway" / "releases").glob("*/app/__init__.py"))
    assert [path.read_text() for path in released] == [WELL]


# -- --skip, --jobs, --fail-fast, --no-cache -----------------------------------------------


def test_skip_leaves_a_step_out_and_lets_the_others_run_without_it(tmp_path: Path) -> None:
    needs = 'inputs = []\nneeds = ["first"]'
    web = project(tmp_path / "web", step("first", "exit 1") + step("second", "true", needs))
    assert shipway(web, "run").returncode == 1
    skipped = shipway(web, "run", "--skip", "first", "--json")
    assert skipped.returncode == 0
    assert outcomes(skipped.stdout) == {"second": "passed"}
    wrong = shipway(web, "run", "--skip", "frist")
    assert wrong.returncode == 2
    assert "Did you mean 'first'" in wrong.stderr
    nothing = shipway(web, "run", "--skip", "first", "--skip", "second")
    assert nothing.returncode == 2
    assert "there is nothing to run" in nothing.stderr


def test_jobs_says_how_much_runs_at_once(tmp_path: Path) -> None:
    alone = "mkdir busy && sleep 0.2 && rmdir busy"
    web = project(tmp_path / "one", "".join(step(f"s{n}", alone) for n in range(3)))
    assert shipway(web, "run", "--jobs", "1").returncode == 0
    waits = "touch {0}; while [ ! -e {1} ]; do sleep 0.05; done"
    limit = "inputs = []\ntimeout = 60"
    both = step("a", waits.format("a", "b"), limit) + step("b", waits.format("b", "a"), limit)
    assert shipway(project(tmp_path / "two", both), "run", "-j", "2").returncode == 0
    assert shipway(web, "run", "--jobs", "-1").returncode == 2


def test_fail_fast_starts_nothing_after_the_first_failure(tmp_path: Path) -> None:
    web = project(tmp_path / "web", step("first", "exit 1") + step("second", "touch second"))
    done = shipway(web, "run", "--fail-fast", "--jobs", "1", "--json")
    assert done.returncode == 1
    assert outcomes(done.stdout) == {"first": "failed", "second": "blocked"}
    assert not (web / "second").exists()
    assert shipway(web, "run", "--jobs", "1").returncode == 1
    assert (web / "second").exists()


def test_no_cache_runs_what_has_passed_unchanged(tmp_path: Path) -> None:
    web = project(tmp_path / "web", TWO)
    assert "2 passed" in shipway(web, "run").stdout
    assert "2 cached" in shipway(web, "run").stdout
    assert "2 of 2 steps would run" in shipway(web, "plan", "--no-cache").stdout
    assert "2 passed" in shipway(web, "run", "--no-cache").stdout
    assert (web / "first").read_text() == "x\nx\n"
    assert "0 of 2 steps would run" in shipway(web, "plan").stdout


# -- --strict, --allow-unavailable ---------------------------------------------------------


@pytest.fixture
def incomplete(tmp_path: Path) -> Path:
    missing = '[steps.missing]\nrun = "no-such-program"\ninputs = []\n'
    return project(tmp_path / "web", missing + step("there", "true"))


@pytest.mark.parametrize(
    ("words", "ci", "code"),
    [([], "", 0), (["--strict"], "", 5), ([], "1", 5), ([], "true", 5), (["--no-strict"], "1", 0)],
)
def test_strict_makes_an_incomplete_run_a_failure(
    incomplete: Path, words: list[str], ci: str, code: int
) -> None:
    done = shipway(incomplete, "run", *words, CI=ci)
    assert done.returncode == code
    assert "incomplete" in done.stdout
    assert "no-such-program is not here" in done.stdout


def test_a_step_that_was_asked_for_by_name_and_did_not_run_is_never_a_success(
    incomplete: Path,
) -> None:
    assert shipway(incomplete, "run", "missing").returncode == 5
    assert shipway(incomplete, "run", "there").returncode == 0
    assert shipway(incomplete, "run", "test").returncode == 0  # a stage asks for no one step


def test_a_run_that_should_have_deployed_and_did_not_is_never_a_success(tmp_path: Path) -> None:
    carry = '[steps.carry]\nrun = "no-such-program"\nstage = "deploy"\n'
    web = project(tmp_path / "web", carry + step("there", "true"))
    done = shipway(web, "run")
    assert done.returncode == 5
    assert done.stdout.splitlines()[-2] == (
        "incomplete: carry: no-such-program is not here; nothing came of carry"
    )
    assert shipway(web, "run", "--skip", "carry").returncode == 0


def test_a_check_may_be_missing_for_a_reason_that_is_given(incomplete: Path) -> None:
    reason = "missing=not on this machine: see #7 = later"
    done = shipway(incomplete, "run", "--strict", "--allow-unavailable", reason, "--json")
    assert done.returncode == 0
    assert outcomes(done.stdout) == {"missing": "skipped", "there": "passed"}
    assert "not on this machine: see #7 = later" in done.stdout


@pytest.mark.parametrize("word", ["missing", "missing=", "missing=  ", "=why", "misssing=why"])
def test_a_missing_check_without_name_or_reason_is_refused(incomplete: Path, word: str) -> None:
    done = shipway(incomplete, "run", "--allow-unavailable", word)
    assert done.returncode == 2
    assert "CHECK=REASON" in done.stderr
    assert "For example: --allow-unavailable" in done.stderr


def test_a_failure_is_never_allowed_to_be_missing(tmp_path: Path) -> None:
    web = project(tmp_path / "web", step("first", "exit 1"))
    assert shipway(web, "run", "--allow-unavailable", "first=why").returncode == 1


def test_a_cache_folder_that_cannot_be_written_does_no_harm(tmp_path: Path) -> None:
    web = project(tmp_path / "web", TWO)
    (tmp_path / "file").touch()
    done = shipway(web, "run", XDG_CACHE_HOME=str(tmp_path / "file"))
    assert (done.returncode, done.stderr) == (0, "")
