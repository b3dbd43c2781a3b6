"""Two machines with one store between them: what the second need not do, and what it refuses."""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from tests.fakes.clock import VirtualClock
from tests.fakes.outcome_server import Fault, OutcomeServer, outcome_server
from tests.patience import PATIENCE
from tests.pipeline.contexts import workshop

from shipway.pipeline.cache import Reuse, StepCache
from shipway.pipeline.execution import execute_step
from shipway.pipeline.graph import Graph
from shipway.pipeline.outcome import Outcome
from shipway.pipeline.result import RunResult
from shipway.pipeline.run import PipelineRun, RunOptions
from shipway.pipeline.run_secrets import RunSecrets
from shipway.pipeline.shared_cache import SharedCache, Sharing
from shipway.pipeline.step import Step, StepKind
from shipway.ports import EndedStep, OutcomeStore
from shipway.reports.console import PlainConsole
from shipway.system.clock import SystemClock
from shipway.system.files import BlobFolder, FileTree
from shipway.system.outcome_store import HttpOutcomeStore
from shipway.system.record import SqliteRecord
from shipway.system.seal import Seal
from shipway.system.signature import PrivateKey, new_private_key, verify_signature

CI, FOREIGN = PrivateKey(new_private_key()), PrivateKey(new_private_key())
TAKEN, RAN = Outcome.CACHED, Outcome.PASSED


class GivingRecord:
    """A record whose outcomes are given to the store as soon as they are kept."""

    def __init__(self, record: SqliteRecord, shared: SharedCache, cache: StepCache) -> None:
        self._shared, self._cache, self._record = shared, cache, record
        self.start_run, self.finish_run = record.start_run, record.finish_run
        self.durations = record.durations

    def finish_steps(self, run: str, ended: list[EndedStep]) -> None:
        self._record.finish_steps(run, ended)
        self._shared.give(self._cache, ended)


@dataclass
class Machine:
    """A clone of the project in a folder of its own, with its own record, seal and user."""

    root: Path
    store: OutcomeStore
    signer: PrivateKey | None = None
    patience: float = PATIENCE
    trusted: dict[str, str] = field(default_factory=lambda: {"CI": CI.public_key})
    clock: VirtualClock = field(default_factory=VirtualClock)
    environment: dict[str, str] = field(default_factory=lambda: dict(os.environ))
    secrets: tuple[str, ...] = ()
    runs: int = 0

    def __post_init__(self) -> None:
        self.root.mkdir()
        (self.root / "in.txt").write_text("1")
        self.record = SqliteRecord(str(self.root / ".shipway" / "db"), Seal(os.urandom(16)))

    @property
    def blobs(self) -> BlobFolder:
        return BlobFolder(str(self.root / ".shipway" / "blobs"))

    def run(self, *steps: Step) -> RunResult:
        self.runs += 1
        graph = Graph(steps)
        sharing = Sharing(
            application="town",
            version="1",
            commit="3f2a91c0",
            trusted=self.trusted,
            verify=verify_signature,
            signer=self.signer,
            patience=self.patience,
        )
        ordered = [graph.steps[name] for name in graph.order]
        shared = SharedCache(self.store, ordered, sharing, self.record, self.blobs, SystemClock())
        files = FileTree(str(self.root), self.record.file_index())
        cache = StepCache(
            files, self.record, self.blobs, self.environment, "linux", Reuse(shared=shared)
        )
        secrets = RunSecrets(str(self.root), self.blobs)
        secrets.learn(self.secrets)
        context = replace(workshop(self.root, environment=self.environment), texts=secrets.contents)
        options = RunOptions(run=str(self.runs), jobs=2, secrets=secrets, shared=shared.finish)
        return PipelineRun(
            graph,
            lambda step, upstream, say: execute_step(
                step, replace(context, upstream=upstream), say
            ),
            cache,
            GivingRecord(self.record, shared, cache),  # type: ignore[arg-type]
            PlainConsole(io.StringIO()),
            self.clock,
            options,
        ).execute()

    def outcomes(self, *steps: Step) -> dict[str, Outcome]:
        return {result.step: result.outcome for result in self.run(*steps).steps}


def command(name: str, script: str, *, shared: bool = True, **more: object) -> Step:
    return Step(
        name=name,
        stage="test",
        kind=StepKind.COMMAND,
        work={"argv": ["sh", "-c", script], "shared": shared},
        inputs=("in.txt",),
        **more,  # type: ignore[arg-type]
    )


UNIT = command("unit", "echo ran >> ran; echo the log of unit")
COVERAGE = command("coverage", "echo ran >> ran", needs=("unit",))


@pytest.fixture
def server() -> Iterator[OutcomeServer]:
    with outcome_server() as store:
        yield store


@pytest.fixture
def machines(server: OutcomeServer, tmp_path: Path) -> tuple[Machine, Machine]:
    """CI, and somebody's laptop."""
    return (
        Machine(tmp_path / "ci", HttpOutcomeStore(server.url), CI),
        Machine(tmp_path / "laptop", HttpOutcomeStore(server.url)),
    )


def test_what_ci_proved_is_not_run_again_and_says_where_it_is_from(
    machines: tuple[Machine, Machine],
) -> None:
    ci, laptop = machines
    assert ci.outcomes(UNIT, COVERAGE) == {"unit": RAN, "coverage": RAN}
    laptop.clock.sleep(2 * 86_400)
    run = laptop.run(UNIT, COVERAGE)
    assert {step.step: step.outcome for step in run.steps} == {"unit": TAKEN, "coverage": TAKEN}
    assert not (laptop.root / "ran").exists()
    for step in run.steps:
        assert step.origin is not None
        assert (step.origin.writer, step.origin.commit) == ("CI", "3f2a91c0")
        assert 2 * 86_400 <= step.origin.age < 2 * 86_400 + 60
    assert laptop.blobs.get(run.steps[0].log) == b"the log of unit\n"
    assert run.cache == ()


def test_what_was_taken_is_kept_and_the_store_is_not_asked_again(
    machines: tuple[Machine, Machine], server: OutcomeServer
) -> None:
    ci, laptop = machines
    ci.run(UNIT)
    laptop.run(UNIT)
    asked = len(server.asked)
    again = laptop.run(UNIT).steps[0]
    assert (again.outcome, again.origin and again.origin.writer) == (TAKEN, "CI")
    assert len(server.asked) == asked


def test_a_step_that_never_began_is_not_given(machines: tuple[Machine, Machine]) -> None:
    ci, _ = machines
    fails = command("fails", "exit 1")
    assert ci.outcomes(fails, replace(UNIT, needs=("fails",))) == {
        "fails": Outcome.FAILED,
        "unit": Outcome.UPSTREAM_FAILED,
    }


def test_only_who_signs_writes(machines: tuple[Machine, Machine], server: OutcomeServer) -> None:
    _, laptop = machines
    laptop.run(UNIT)
    assert server.files == {}
    assert {method for method, *_ in server.asked} == {"GET"}


@pytest.mark.parametrize(
    "step",
    [
        command("own", "true", shared=False),
        command("never", "true", max_age=0),
        command("fails", "exit 1"),
        command("redacted", "echo passes"),
    ],
    ids=lambda step: step.name,
)
def test_what_is_no_outcome_for_others_is_not_given(
    machines: tuple[Machine, Machine], server: OutcomeServer, step: Step
) -> None:
    ci, _ = machines
    ci.run(step)
    assert bool(server.entries()) is (step.name == "redacted")


def test_no_secret_leaves_the_machine(
    machines: tuple[Machine, Machine], server: OutcomeServer
) -> None:
    ci, _ = machines
    ci.secrets = ("hunter2-hunter2",)
    ci.run(command("leaks", "echo password hunter2-hunter2"))
    assert server.entries()
    assert b"hunter2" not in b"".join(server.files.values())
    assert b"password [redacted]\n" in server.files.values()


def test_an_outcome_that_was_cached_before_there_was_a_store_is_given_once(
    machines: tuple[Machine, Machine], server: OutcomeServer
) -> None:
    ci, laptop = machines
    ci.signer = None
    ci.run(UNIT)
    assert server.files == {}
    ci.signer = CI
    assert ci.outcomes(UNIT) == {"unit": TAKEN}
    assert laptop.outcomes(UNIT) == {"unit": TAKEN}
    ci.run(UNIT)
    assert [method for method, path, _ in server.asked if path.startswith("/ac/")].count("PUT") == 1


def test_what_was_taken_is_not_signed_again(
    machines: tuple[Machine, Machine], server: OutcomeServer
) -> None:
    ci, laptop = machines
    ci.run(UNIT)
    laptop.signer = FOREIGN
    kept = dict(server.files)
    for _ in range(2):
        assert laptop.outcomes(UNIT) == {"unit": TAKEN}
    assert server.files == kept


def test_another_input_environment_or_definition_is_another_entry(
    machines: tuple[Machine, Machine],
) -> None:
    ci, laptop = machines
    ci.run(UNIT)
    assert laptop.outcomes(replace(UNIT, timeout=5.0)) == {"unit": RAN}
    assert laptop.outcomes(replace(UNIT, env=("MODE",))) == {"unit": RAN}
    (laptop.root / "in.txt").write_text("2")
    assert laptop.outcomes(UNIT) == {"unit": RAN}


def test_an_outcome_that_is_too_old_is_not_taken(machines: tuple[Machine, Machine]) -> None:
    ci, laptop = machines
    dated = replace(UNIT, max_age=3600.0)
    ci.run(dated)
    laptop.clock.sleep(3700)
    assert laptop.outcomes(dated) == {"unit": RAN}


# -- what is refused -----------------------------------------------------------------------


def refusal(run: RunResult) -> str:
    (problem,) = run.cache
    return problem.removeprefix("unit: an outcome in the shared cache is refused: ")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("lies", "it is no signed outcome"),
        ("shortened", "it is no signed outcome, or only the beginning of one"),
        ("oversized", "it is larger than 8 MB"),
    ],
)
def test_an_entry_that_was_tampered_with_is_refused_and_named(
    machines: tuple[Machine, Machine], server: OutcomeServer, fault: Fault, words: str
) -> None:
    ci, laptop = machines
    ci.run(UNIT)
    entry = server.entries()[0]
    # Without the field that the server adds at the end, where a changed byte changes nothing.
    server.files[entry] = server.files[entry][: -len(b"\x4a\x06worker")]
    server.fault = fault
    run = laptop.run(UNIT)
    assert run.steps[0].outcome is RAN
    assert refusal(run).startswith(words)


@pytest.mark.parametrize("content", [b"the log of unix\n", b"the log of unit", b"", b"x" * 9999])
def test_a_log_that_is_not_what_was_signed_is_refused_and_named(
    machines: tuple[Machine, Machine], server: OutcomeServer, content: bytes
) -> None:
    ci, laptop = machines
    ci.run(UNIT)
    (log,) = [path for path in server.files if path.startswith("/cas/")]
    server.files[log] = content
    run = laptop.run(UNIT)
    assert run.steps[0].outcome is RAN
    assert refusal(run) == "a log or a report is not what was signed"


def test_an_entry_of_somebody_else_is_refused_and_named(
    machines: tuple[Machine, Machine],
) -> None:
    ci, laptop = machines
    ci.signer = FOREIGN
    ci.run(UNIT)
    run = laptop.run(UNIT)
    assert run.steps[0].outcome is RAN
    assert refusal(run) == "it is signed by a key that [cache] trust does not have"


def test_an_entry_that_was_moved_to_another_key_is_refused_and_named(
    machines: tuple[Machine, Machine], server: OutcomeServer
) -> None:
    """Yesterday's passed outcome does not pass today's files."""
    ci, laptop = machines
    ci.run(UNIT)
    (yesterday,) = server.entries()
    for machine in machines:
        (machine.root / "in.txt").write_text("2")
    ci.run(UNIT)
    (today,) = set(server.entries()) - {yesterday}
    server.files[today] = server.files[yesterday]
    run = laptop.run(UNIT)
    assert run.steps[0].outcome is RAN
    assert refusal(run) == "it was signed for another key"


def test_a_refused_entry_is_replaced_by_the_next_writer(
    machines: tuple[Machine, Machine], server: OutcomeServer, tmp_path: Path
) -> None:
    ci, laptop = machines
    ci.run(UNIT)
    server.files[server.entries()[0]] = b"rubbish"
    other = Machine(tmp_path / "ci2", HttpOutcomeStore(server.url), CI)
    assert refusal(other.run(UNIT)).startswith("it is no signed outcome")
    assert laptop.outcomes(UNIT) == {"unit": TAKEN}


def test_a_store_that_has_let_go_of_a_log_has_no_outcome(
    machines: tuple[Machine, Machine], server: OutcomeServer
) -> None:
    ci, laptop = machines
    ci.run(UNIT)
    for path in [path for path in server.files if path.startswith("/cas/")]:
        del server.files[path]
    run = laptop.run(UNIT)
    assert (run.steps[0].outcome, run.cache) == (RAN, ())


# -- a store that is of no use -------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("hangs", "it did not answer within 0.3 s in all"),
        ("status", "it refuses these credentials (403)"),
        ("redirect", "it answers with a redirect (302), which is not followed"),
        ("cut", "it does not answer"),
    ],
)
def test_a_store_that_fails_is_told_once_and_costs_no_outcome(
    machines: tuple[Machine, Machine], server: OutcomeServer, fault: Fault, words: str
) -> None:
    ci, laptop = machines
    others = [command(f"step-{number}", "true") for number in range(20)]
    ci.run(UNIT, COVERAGE, *others)
    server.fault, laptop.signer, laptop.patience = fault, CI, 0.3
    before = len(server.asked)
    run = laptop.run(UNIT, COVERAGE, *others)
    assert {step.outcome for step in run.steps} == {RAN}
    (problem,) = run.cache
    assert problem.startswith(f"the shared cache {server.url} is not used: {words}")
    # Those that were under way at the first failure, and none afterwards.
    assert len(server.asked) - before <= 16


def test_a_store_that_is_away_costs_no_outcome(tmp_path: Path) -> None:
    laptop = Machine(tmp_path / "laptop", HttpOutcomeStore("http://127.0.0.1:1"), CI)
    run = laptop.run(UNIT)
    assert run.steps[0].outcome is RAN
    assert len(run.cache) == 1 and "is not used: it does not answer" in run.cache[0]


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        ("status", 403, "it refuses these credentials (403)"),
        ("status", 507, "it answers with 507"),
        ("redirect", 0, "it answers with a redirect (302), which is not followed"),
    ],
)
def test_an_upload_that_fails_is_named_and_fails_no_run(
    machines: tuple[Machine, Machine],
    server: OutcomeServer,
    fault: Fault,
    status: int,
    words: str,
) -> None:
    ci, _ = machines
    server.fault, server.status, server.methods = fault, status, ("PUT",)
    run = ci.run(UNIT, COVERAGE)
    assert {step.outcome for step in run.steps} == {RAN}
    assert run.cache == (f"outcomes are not put into the shared cache {server.url}: {words}",)


def test_an_upload_that_hangs_is_named_and_not_waited_for(
    machines: tuple[Machine, Machine], server: OutcomeServer
) -> None:
    ci, _ = machines
    server.fault, server.methods, ci.patience = "hangs", ("PUT",), 0.3
    run = ci.run(UNIT, COVERAGE)
    assert {step.outcome for step in run.steps} == {RAN}
    (problem,) = run.cache
    assert problem.startswith(f"outcomes are not put into the shared cache {server.url}: it ")
    assert problem.endswith(("takes longer than 0.3 s in all", "did not answer within 0.3 s"))


def test_what_is_too_large_for_a_store_is_named_and_the_rest_is_given(
    machines: tuple[Machine, Machine], server: OutcomeServer
) -> None:
    ci, _ = machines
    server.fault, server.status, server.methods = "status", 413, ("PUT",)
    run = ci.run(UNIT)
    assert run.cache == ("unit: its outcome is not shared: it takes no 0.0 MB (413)",)


def test_a_clone_that_trusts_nobody_asks_nobody(
    machines: tuple[Machine, Machine], server: OutcomeServer
) -> None:
    ci, laptop = machines
    ci.run(UNIT)
    laptop.trusted = {}
    before = len(server.asked)
    assert laptop.outcomes(UNIT) == {"unit": RAN}
    assert len(server.asked) == before


def test_a_state_folder_that_is_gone_is_filled_again(machines: tuple[Machine, Machine]) -> None:
    ci, laptop = machines
    ci.run(UNIT)
    laptop.run(UNIT)
    shutil.rmtree(laptop.root / ".shipway" / "blobs")
    assert laptop.outcomes(UNIT) == {"unit": TAKEN}
