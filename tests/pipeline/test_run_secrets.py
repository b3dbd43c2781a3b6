"""What a run shows and keeps waits for its scanners, and holds none of the secrets they find."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.checks.projects_with_secrets import GITHUB
from tests.fakes.clock import VirtualClock

from shipway.errors import CannotRun
from shipway.findings.finding import Finding, Severity
from shipway.pipeline.cache import StepCache
from shipway.pipeline.graph import Graph
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import RunResult, StepResult
from shipway.pipeline.run import PipelineRun, RunOptions
from shipway.pipeline.run_secrets import RunSecrets
from shipway.pipeline.step import Step, StepKind
from shipway.ports import MANIFEST_FILE, OnOutput
from shipway.reports.json_events import JsonEvents
from shipway.system.files import BlobFolder, FileTree
from shipway.system.record import SqliteRecord

PLACE = {
    "commit": "",
    "path": "a.py",
    "offset": len("TOKEN = '"),
    "length": len(GITHUB),
    "literal": True,
}
SCANNER = Step(name="gitleaks", stage="security", kind=StepKind.CHECK, work={"check": "gitleaks"})
TELLS = Step(name="tells", stage="security", kind=StepKind.COMMAND, work={})


def scanned(*paths: str) -> StepResult:
    """A scanner's result with a secret in each of these files."""
    return StepResult(
        step="gitleaks",
        stage="security",
        outcome=Outcome.PASSED,
        facts={"secret_places": [{**PLACE, "path": path} for path in paths]},
    )


@pytest.mark.parametrize("paths", [("gone.py", "b.py"), ("b.py", "gone.py")])
def test_a_secret_that_cannot_be_read_any_more_does_not_hide_the_others(
    tmp_path: Path, paths: tuple[str, str]
) -> None:
    (tmp_path / "b.py").write_text(f"TOKEN = '{GITHUB}'\n")
    secrets = RunSecrets(str(tmp_path), BlobFolder(str(tmp_path / "blobs")))
    with pytest.raises(CannotRun):
        secrets.learn_from(scanned(*paths))
    assert secrets.redact(f"found {GITHUB}") == "found [redacted]"
    (tmp_path / "gone.py").write_text(f"TOKEN = '{GITHUB[::-1]}'\n")  # it is there again
    secrets.learn_from(scanned(*paths))
    assert secrets.redact(GITHUB[::-1]) == "[redacted]"


def test_the_list_of_a_releases_files_stays_as_it_is(tmp_path: Path) -> None:
    """It is compared with the files: a path with a secret in it is a path."""
    blobs = BlobFolder(str(tmp_path / "blobs"))
    secrets = RunSecrets(str(tmp_path), blobs)
    secrets.learn(["admin"])
    digest = blobs.put(b"admin/views.py 7\n")
    package = StepResult(
        step="package",
        stage="build",
        outcome=Outcome.PASSED,
        reports={MANIFEST_FILE: digest},
    )
    assert secrets.redact_result(package).reports == {MANIFEST_FILE: digest}


class Town:
    """A project with a leaked token, run with a scanner that ends after the step that prints it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.record = SqliteRecord(str(root / ".shipway" / "record.sqlite3"))
        self.blobs = BlobFolder(str(root / ".shipway" / "blobs"))
        self.stream = io.StringIO()
        self.printed = threading.Event()
        self.ran: list[str] = []
        self.place = PLACE
        (root / "a.py").write_text(f"TOKEN = '{GITHUB}'\n")

    def run(self, name: str, *steps: Step) -> RunResult:
        scanners = ("gitleaks",) if SCANNER in steps else ()
        secrets = RunSecrets(str(self.root), self.blobs, scanners=scanners)
        self.stream = io.StringIO()
        self.printed.clear()

        def perform(step: Step, upstream: Mapping[str, StepResult], say: OnOutput) -> StepResult:
            self.ran.append(step.name)
            if step is SCANNER:
                self.printed.wait(5.0)
                early.append(self.stream.getvalue())
                return StepResult(
                    step=step.name,
                    stage=step.stage,
                    outcome=Outcome.PASSED,
                    facts={"secret_places": [self.place]},
                )
            say(f"it is {GITHUB}")
            finding = Finding(
                tool="tells",
                rule="R1",
                severity=Severity.HIGH,
                path="a.py",
                line=1,
                message=f"it is {GITHUB}",
            )
            log = secrets.contents.put(GITHUB.encode())
            result = StepResult(
                step=step.name,
                stage=step.stage,
                outcome=Outcome.PASSED,
                log=log,
                findings=(finding,),
            )
            threading.Timer(0.2, self.printed.set).start()
            return result

        early: list[str] = []
        tree = FileTree(str(self.root), {})
        run = PipelineRun(
            Graph(steps),
            perform,
            StepCache(tree, self.record, self.blobs, {}, "this machine"),
            self.record,
            JsonEvents(self.stream),
            VirtualClock(),
            RunOptions(run=name, jobs=2, secrets=secrets),
        )
        result = run.execute()
        assert not [text for text in early if "it is" in text]
        return result

    def written(self) -> str:
        files = [path for path in (self.root / ".shipway").rglob("*") if path.is_file()]
        texts = [path.read_bytes().decode("utf-8", "replace") for path in files]
        return "\n".join((self.stream.getvalue(), *texts))


def test_what_is_printed_before_the_scanner_has_ended_is_held_and_redacted(tmp_path: Path) -> None:
    town = Town(tmp_path)
    result = town.run("1", SCANNER, TELLS)
    assert GITHUB not in town.written()
    assert "it is [redacted]" in town.stream.getvalue()
    tells = next(step for step in result.steps if step.step == "tells")
    assert town.blobs.get(tells.log) == b"[redacted]"


def test_the_fingerprint_is_that_of_the_message_before(tmp_path: Path) -> None:
    (finding,) = Town(tmp_path).run("1", SCANNER, TELLS).steps[0].findings
    plain = Finding(
        tool="tells",
        rule="R1",
        severity=Severity.HIGH,
        path="a.py",
        line=1,
        message=f"it is {GITHUB}",
    )
    assert finding.message == "it is [redacted]"
    assert finding.fingerprint == plain.fingerprint


def test_a_cached_scanner_tells_as_much_as_one_that_runs(tmp_path: Path) -> None:
    town = Town(tmp_path)
    town.run("1", SCANNER)
    town.ran.clear()
    town.run("2", SCANNER, TELLS)
    assert town.ran == ["tells"]
    assert GITHUB not in town.written()


def test_what_a_run_without_a_scanner_had_stored_is_redacted_once_one_has_run(
    tmp_path: Path,
) -> None:
    town = Town(tmp_path)
    town.run("1", TELLS)
    assert GITHUB in town.stream.getvalue()  # nobody knew
    town.run("2", SCANNER, TELLS)
    assert town.ran == ["tells", "gitleaks"]
    assert GITHUB not in town.stream.getvalue()
    recorded = town.record.run("2")
    assert recorded is not None
    assert GITHUB not in json.dumps(recorded)


def test_a_secret_that_cannot_be_read_any_more_makes_the_scanner_unavailable(
    tmp_path: Path,
) -> None:
    town = Town(tmp_path)
    town.place = {**PLACE, "path": "gone.py"}
    outcomes = {step.step: step.outcome for step in town.run("1", SCANNER, TELLS).steps}
    assert outcomes == {"gitleaks": Outcome.ERROR, "tells": Outcome.PASSED}
