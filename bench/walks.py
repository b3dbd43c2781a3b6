"""Which files three everyday things pass, in order: a measure of how far a reader has to go.

    python bench/walks.py [finding] [deploy] [window]

- finding: what bandit printed, through the gate, to the page. Counted from the moment in which
  the tool's output is there until the page is.
- deploy: `shipway deploy production` to Amazon ECS by canary, which goes well, of a release that
  has passed the pipeline: from the words of the command line to the exit code. How many of these
  files are passed within EcsPlatform.deploy is counted apart.
- window: one window of a canary on this machine, from one sample of its traffic to the next: what
  the thread that counts does in it, and what the rollout that waits meanwhile looks at.

A module counts when one of its functions is called in a walk, in whichever thread; methods,
properties and generators are functions. What runs while a module is imported does not count, nor
does what a dataclass generates, a module of which only constants or types are used, or a template.
AWS, Envoy, the clock and bandit itself are the tests' stand-ins and recorded output, and what these
call does not count; what asks them is the code that users run. Ends with 1 where a walk is longer
than its goal.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, dataclass, field, replace
from inspect import CO_OPTIMIZED
from pathlib import Path
from types import CodeType, FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shipway.cli.project import Project
    from shipway.releases.release import Release

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))
SOURCE = str(ROOT / "src" / "shipway") + "/"
GOALS = {"finding": 18, "deploy": 40, "window": 16}


@dataclass
class Walk:
    """files: in the order in which they were passed first. within: those of them that a function
    of its own called, however far down. entries: how often a file was entered from another."""

    inner: CodeType | None = None
    files: list[str] = field(default_factory=list)
    within: set[str] = field(default_factory=set)
    entries: dict[str, int] = field(default_factory=dict)
    recording: bool = False

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Every call meanwhile, in this thread and in those that it starts."""
        with self.watched():
            self.recording = True
            yield
            self.recording = False

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Calls are looked at, and recorded as long as `recording` is set."""
        threading.setprofile(self._on_event)
        sys.setprofile(self._on_event)
        try:
            yield
        finally:
            sys.setprofile(None)
            threading.setprofile(None)

    def _on_event(self, frame: FrameType, event: str, _: object) -> None:
        if not self.recording or event != "call":
            return
        path = frame.f_code.co_filename
        if not _is_ours(frame.f_code) or not frame.f_code.co_flags & CO_OPTIMIZED:
            return
        file = path.removeprefix(SOURCE)
        with self._lock:
            known, caller = file in self.entries, frame.f_back
            if known and caller is not None and caller.f_code.co_filename == path:
                return
            if not known or (self.inner and file not in self.within):
                callers = list(_callers(frame))
                if any(map(_does_not_count, callers)):
                    return
                if self.inner in callers:
                    self.within.add(file)
            if not known:
                self.files.append(file)
            self.entries[file] = self.entries.get(file, 0) + 1


def _is_ours(code: CodeType) -> bool:
    return code.co_filename.startswith(SOURCE) and code.co_filename.endswith(".py")


def _does_not_count(caller: CodeType) -> bool:
    """Whether it is an import, or a stand-in of the tests: what these call, users do not."""
    imports = caller.co_name == "<module>" and _is_ours(caller)
    return imports or caller.co_filename.startswith(str(ROOT / "tests") + "/")


def _callers(frame: FrameType | None) -> Iterator[CodeType]:
    """Up to the function that takes the walk: whoever called that does not matter."""
    beginnings = {walk.__code__ for walk in (finding_walk, deploy_walk, window_walk)}
    while frame is not None and frame.f_code not in beginnings:
        yield frame.f_code
        frame = frame.f_back


def finding_walk(folder: Path) -> Walk:
    """bandit's recorded output to the report's page."""
    from tests.pipeline.contexts import workshop

    from shipway.checks.bandit import BANDIT
    from shipway.config.schema import Application
    from shipway.pipeline.execution import execute_step
    from shipway.pipeline.findings_step import findings_step
    from shipway.pipeline.outcome import Verdict
    from shipway.pipeline.result import RunResult
    from shipway.pipeline.step import Step, StepKind
    from shipway.ports import Command, Completed
    from shipway.reports.html import html_report

    walk = Walk()
    recorded = json.loads((ROOT / "tests" / "recorded" / "bandit" / "bad-1.9.4.json").read_text())

    class Recorded:
        """Processes of which each says what bandit said; the walk begins then."""

        def run(self, command: Command, on_output: object = None) -> Completed:
            walk.recording = True
            return Completed(recorded["code"], recorded["stdout"], recorded["stderr"], 1.0)

    shop = workshop(
        folder,
        Application(name="tiny", packages=("app",)),
        processes=Recorded(),
        checks=lambda name: BANDIT,
        upstream={},
    )
    work = {"check": "bandit", "gates": []}
    scan = Step(name="bandit", stage="security", kind=StepKind.CHECK, work=work)
    judge = Step(
        name="findings",
        stage="security",
        kind=StepKind.ACTION,
        work={"action": "findings"},
        needs=("bandit",),
    )
    with walk.watched():
        scanned = execute_step(scan, shop, lambda line: None)
        assert scanned.findings, scanned
        judging = replace(shop, upstream={"bandit": scanned}, actions=lambda name: findings_step)
        judged = execute_step(judge, judging, lambda line: None)
        page = html_report(
            RunResult(
                run="1",
                application="tiny",
                verdict=Verdict.FAILED,
                started=0.0,
                seconds=1.0,
                steps=(scanned, judged),
            ),
            lambda digest: shop.blobs.get(digest) or b"",
            lambda path: None,
        )
        walk.recording = False
    assert judged.findings[0].rule in page
    return walk


PROJECT = """
[application]
name = "shop"
serve = "gunicorn app:app"
lock = "requirements.txt"
migrate = "flask db upgrade"

[aws]
region = "af-south-1"

[environments.production]
platform = "ecs"
strategy = "canary"
"""


def deploy_walk(folder: Path) -> Walk:
    """A canary on ECS that goes well, as `shipway deploy production` carries it out."""
    from moto import mock_aws
    from tests.fakes.clock import VirtualClock
    from tests.rollouts.ecs.environment import Standing
    from tests.rollouts.ecs.fake_environment import Place
    from tests.rollouts.ecs.fake_tasks import DEFINITION, SERVICE, OneTask

    from shipway.aws.clients import AwsClients
    from shipway.cli.app import parse
    from shipway.cli.attestation import require_passing_run
    from shipway.cli.deploy import packaged_release, roll_out
    from shipway.cli.ecs_dependencies import task_definition_ops
    from shipway.cli.hold import raise_if_frozen
    from shipway.cli.platforms import open_platform
    from shipway.cli.project import open_project
    from shipway.rollouts.ecs.one_off_task import run_task
    from shipway.rollouts.ecs.platform import EcsPlatform
    from shipway.rollouts.ecs.preflight.checklist import run_preflight

    walk = Walk(inner=EcsPlatform.deploy.__code__)
    (folder / "shipway.toml").write_text(PROJECT)
    (folder / "requirements.txt").write_text("")
    account = folder / ".account"  # what the stand-ins write is no part of the project
    account.mkdir()
    place = Place(account)
    opened = open_project(str(folder))
    _pass_pipeline(opened, place.new)
    place.record = opened.record
    place.remember(place.old, place.first)
    words = ["-C", str(folder), "deploy", "production"]

    def one_off(clients: object, clock: object, *rest: Any) -> Any:
        task = OneTask(VirtualClock())
        return run_task(task, task.clock, SERVICE, DEFINITION, *rest[2:])

    with mock_aws(), redirect_stdout(io.StringIO()) as text:
        standing = Standing(account)
        with walk.recorded():
            _, options = parse(words)
            project = open_project(options["directory"])
            name = options["environment"]
            raise_if_frozen(project, name)
            release = packaged_release(project)
            remarks = require_passing_run(project, name, release, options["without_verdict"])
            open_platform(project, name)
            ops = task_definition_ops(project, AwsClients(project.config.aws))
            ops = replace(
                ops,
                preflight=lambda *_: run_preflight(standing.subject()),
                run_task=one_off,
                random=lambda: 0.5,
            )
            platform = EcsPlatform(
                project.config, name, place.account, place.clock, place.web, project.record, ops
            )
            code = roll_out(project, platform, release, remarks, json=False)
    assert code == 0, text.getvalue()
    return walk


def _pass_pipeline(project: Project, release: Release) -> None:
    """A run on record in which every step of a project passed, and which packaged a release."""
    from shipway.pipeline.codec import run_to_json, step_to_json
    from shipway.pipeline.outcome import Outcome, Verdict
    from shipway.pipeline.result import RunResult, StepResult
    from shipway.ports import PACKAGE, EndedStep

    run, record = "1", project.record
    results = [
        StepResult(
            step=step.name,
            stage=step.stage,
            outcome=Outcome.PASSED,
            facts={"release": asdict(release)} if step.name == PACKAGE else {},
        )
        for step in project.steps
    ]
    record.start_run(run, 1.0)
    record.finish_steps(run, [EndedStep(result.step, step_to_json(result)) for result in results])
    passed = RunResult(
        run=run, application="shop", verdict=Verdict.PASSED, started=1.0, seconds=1.0, steps=()
    )
    record.finish_run(run, run_to_json(passed))
    record.put_memo(f"image {release.digest}", release.image)


STATISTICS = """\
envoy_cluster_upstream_rq_completed{{envoy_cluster_name="{0}"}} {1}
envoy_cluster_upstream_rq_time_bucket{{envoy_cluster_name="{0}",le="10"}} {1}
envoy_cluster_upstream_rq_time_bucket{{envoy_cluster_name="{0}",le="+Inf"}} {1}
"""


def window_walk(folder: Path) -> Walk:
    """A canary on this machine, from one sample of its traffic to the next."""
    from tests.fakes.clock import VirtualClock
    from tests.rollouts.local.fake_machine import Machine
    from tests.rollouts.local.killed_rollout import Place

    from shipway.rollouts.events import NullListener
    from shipway.rollouts.local.rollout import LOOK

    walk = Walk()

    class Busy(Machine):
        """Both releases answer a hundred requests a second, all of them well."""

        counted = 0

        def _admin(self, path: str) -> str:
            if path != "/stats/prometheus":
                return super()._admin(path)
            self.counted += 100
            names = sorted({cluster for cluster, _ in self.known()})
            return "".join(STATISTICS.format(name, self.counted) for name in names)

    class Looking(VirtualClock):
        """The rollout's looks take real time, because a thread counts meanwhile."""

        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if seconds == LOOK:
                time.sleep(LOOK / 5)

    class Window(NullListener):
        """Records from the first sample in which the candidate has a share to the next."""

        shared = 0

        def on_sample(self, sample: Mapping[str, Any]) -> None:
            self.shared += bool(sample["weight"])
            walk.recording = self.shared == 1

    place = Place(folder, strategy="canary", judged=True, step_bake=60.0, bake=0.0)
    place.machine, place.clock = Busy(str(folder)), Looking()
    window = Window()
    # The machine is another one now: the stable release is started there anew.
    place.platform().deploy(place.old, NullListener())
    with walk.watched():
        place.platform().deploy(place.new, window, lambda: window.shared > 1)
    assert window.shared > 1
    return walk


WALKS: dict[str, Callable[[Path], Walk]] = {
    "finding": finding_walk,
    "deploy": deploy_walk,
    "window": window_walk,
}


def main() -> int:
    """Print each walk's files; 1 where one is longer than its goal."""
    parser = argparse.ArgumentParser(description="How many files three everyday things pass.")
    parser.add_argument("walks", nargs="*", metavar="WALK", help=", ".join(WALKS))
    names = parser.parse_args().walks or list(WALKS)
    long = False
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            walk = WALKS[name](Path(folder))
        goal = GOALS[name]
        long = long or len(walk.files) > goal
        inner = f", {len(walk.within)} of them in EcsPlatform.deploy (*)" if walk.within else ""
        print(f"\n{name}: {len(walk.files)} files{inner}; the goal is {goal}")
        rooms = Counter(str(Path(file).parent) for file in walk.files)
        print("by room: " + ", ".join(f"{room} {count}" for room, count in rooms.most_common()))
        for number, file in enumerate(walk.files, 1):
            mark = "*" if file in walk.within else " "
            print(f"{number:4} {mark} {file}, entered {walk.entries[file]} times")
    return int(long)


if __name__ == "__main__":
    sys.exit(main())
