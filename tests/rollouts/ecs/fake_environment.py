"""An environment on a made-up ECS, with a release that serves; everything in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.fakes.aws_account import FakeAccount
from tests.fakes.clock import VirtualClock
from tests.fakes.cloudwatch import Traffic

from shipway.aws.names import AwsResourceNames
from shipway.config.aws import Aws, Ecs
from shipway.config.schema import Application, Config, Environment
from shipway.errors import Unreachable
from shipway.pipeline.outcome import Verdict
from shipway.ports import Http, Response
from shipway.releases.release import Release
from shipway.rollouts.ecs.platform import EcsPlatform
from shipway.rollouts.ecs.ports import TaskDefinitionOps
from shipway.rollouts.events import LineListener
from shipway.rollouts.report import RolloutReport
from shipway.system.record import SqliteRecord

STRATEGIES = ("rolling", "blue-green", "linear", "canary")
SHIFTING = STRATEGIES[1:]


class Killed(BaseException):
    """The process ends here."""


class Dying(VirtualClock):
    """A clock at whose nth sleep the process is killed."""

    left = 1_000_000

    def sleep(self, seconds: float) -> None:
        """Move on; or end."""
        self.left -= 1
        if self.left < 0:
            raise Killed
        super().sleep(seconds)


@dataclass
class Ended:
    """How a one-off task ended."""

    code: int | None = 0
    reason: str = ""
    lines: tuple[str, ...] = ()
    remedy: str = ""


@dataclass
class Obstacle:
    """What the preflight found."""

    message: str
    remedy: str


@dataclass
class Web:
    """Answers everything alike; wrong: what people get instead of a page."""

    status: int = 200
    asked: list[str] = field(default_factory=list)
    silent: bool = False

    def get(
        self, url: str, *, timeout: float = 5.0, headers: Mapping[str, str] | None = None
    ) -> Response:
        """One answer."""
        self.asked.append(url)
        if self.silent:
            raise Unreachable(f"{url}: nobody answers")
        return Response(self.status, {}, b"hello")


def release(version: str, digest: str = "") -> Release:
    digest = digest or (version.replace(".", "") * 32)[:64]
    return Release(
        application="shop",
        version=version,
        commit="3f2a91c",
        digest=digest,
        lock="lock",
        migrations=(),
        path="/nowhere",
        python="python",
        image=f"registry.example/shop@sha256:{digest}",
    )


def render(
    settings: Environment, names: AwsResourceNames, new: Release, base: Mapping[str, Any] | None
) -> dict[str, Any]:
    """As small as a task definition can be."""
    return {
        "family": names.family,
        "containerDefinitions": [
            {
                "name": settings.ecs.container,
                "image": new.image,
                "environment": [{"name": "RELEASE", "value": new.name}],
                "logConfiguration": {
                    "logDriver": "awslogs",
                    "options": {"awslogs-group": names.log_group, "awslogs-stream-prefix": "web"},
                },
            }
        ],
    }


class Place:
    """An environment named production with a release 1.0 that serves and is on record."""

    def __init__(self, folder: Path, strategy: str = "canary", **settings: Any) -> None:
        self.folder = folder
        self.clock = Dying(1_700_000_000.0)
        self.account = FakeAccount(self.clock)
        self.ecs, self.cloudwatch = self.account.ecs, self.account.cloudwatch
        self.web = Web()
        self.http: Http = self.web
        self.said: list[str] = []
        self.obstacles: list[Obstacle] = []
        self.migration = Ended()
        self.migrated: list[Sequence[str]] = []
        self.record = self.open("here")
        environment = Environment(
            platform="ecs",
            strategy=strategy,  # type: ignore[arg-type]  # a parameter's text
            ecs=Ecs(alarms=("shop-errors",)),
            step_percent=40.0,
            bake=60.0,
            instances=4,
        )
        self.config = Config(
            application=Application(name="shop"),
            aws=Aws(region="af-south-1"),
            environments={"production": replace(environment, **settings)},
        )
        self.old, self.new = release("1.0"), release("2.0")
        base = render(self.config.environments["production"], self.names, self.old, None)
        self.first = self.ecs.serve(**base)
        self.remember(self.old, self.first)

    def open(self, name: str) -> SqliteRecord:
        """A machine's record."""
        return SqliteRecord(str(self.folder / name / "record.sqlite3"))

    def remember(self, good: Release, definition: str) -> None:
        """That it was rolled out well some time ago."""
        data = {**vars(good), "name": good.name, "migrations": list(good.migrations)}
        self.record.add_release(data)
        self.record.add_rollout(
            "production",
            {
                "release": good.name,
                "digest": good.digest,
                "verdict": str(Verdict.PASSED),
                "started": self.clock.now() - 86_400.0,
                "task_definition": definition,
                "release_data": data,
            },
        )

    @property
    def names(self) -> AwsResourceNames:
        return AwsResourceNames("shop", "production")

    def platform(self, record: SqliteRecord | None = None) -> EcsPlatform:
        """As a new command opens it."""
        return EcsPlatform(
            self.config,
            "production",
            self.account,
            self.clock,
            self.http,
            record or self.record,
            TaskDefinitionOps(render, self._preflight, self._run_task, lambda: 0.5, self.tag_image),
        )

    def tag_image(self, image: str) -> None:
        """Nothing: a test says more where it counts."""

    def deploy(
        self, stopping: Callable[[], bool] = lambda: False, new: Release | None = None
    ) -> RolloutReport:
        """The new release."""
        return self.platform().deploy(new or self.new, self.listener, stopping)

    @property
    def listener(self) -> LineListener:
        return LineListener(self.said.append)

    @property
    def text(self) -> str:
        """Everything that was said."""
        return "\n".join(self.said)

    @property
    def serving(self) -> str:
        """The release that has all production traffic now."""
        self.ecs.settle()
        weights = self.ecs.weights(self.clock.now())
        return next(self.ecs.release_of(one) for one, part in weights.items() if part == 100.0)

    def asked(self, operation: str) -> list[Mapping[str, Any]]:
        """What was given to an operation, each time."""
        return [given for _, name, given in self.account.asked if name == operation]

    def _preflight(self, *_: Any) -> Sequence[Obstacle]:
        return self.obstacles

    def _run_task(
        self,
        clients: Any,
        clock: Any,
        service: Any,
        task_definition_arn: str,
        container: str,
        command: Sequence[str],
        on_line: Callable[[str], None],
    ) -> Ended:
        self.migrated.append(command)
        for line in self.migration.lines or ("it runs",):
            on_line(line)
        return self.migration


def bad_errors(place: Place) -> None:
    place.cloudwatch.traffic = Traffic(errors={place.new.name: 0.2})
