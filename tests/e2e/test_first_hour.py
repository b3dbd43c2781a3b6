"""The first hour of a new account, from nothing to a second release, back, and again from nothing.

Everything is a stand-in in memory (docs/assumptions.md); the commands' own code asks them. What
people read is held against tests/recorded/first-hour.txt; where that is to change, the failure
names the new text's file. Resources of stacks that fail one by one are in
tests/infrastructure/test_creation_repeated.py and test_change_that_fails.py.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.cli.in_process import git, project, shipway
from tests.fakes.cloudwatch import Traffic
from tests.fakes.ecr_registry import HOST
from tests.fakes.new_account import NewAccount
from tests.images.handmade_images import Hour, layer, layout
from tests.infrastructure.levers import GITHUB, HERE, config
from tests.rollouts.ecs.fake_environment import Ended

from shipway.cli.infra import StackContext, apply_stack, destroy_stack
from shipway.cli.terminal import Prompt
from shipway.config.schema import Config, Smoke
from shipway.errors import ShipwayError
from shipway.images import oci
from shipway.images.layout import OciLayout
from shipway.images.publish import ImagePublisher, promote_image
from shipway.images.reference import ImageOrigin
from shipway.images.registry import RegistryClient
from shipway.images.registry_auth import RegistryCredentials
from shipway.infrastructure.template import load_template
from shipway.pipeline.outcome import Verdict
from shipway.releases.release import Release
from shipway.rollouts.ecs.platform import EcsPlatform
from shipway.rollouts.ecs.ports import TaskDefinitionOps
from shipway.rollouts.ecs.task_definition import render_task_definition
from shipway.rollouts.events import LineListener
from shipway.rollouts.report import RolloutReport
from shipway.system.http import HttpRegistryTransport
from shipway.system.record import SqliteRecord

pytestmark = pytest.mark.e2e
RECORDED = Path(__file__).parents[1] / "recorded" / "first-hour.txt"
TOML = (
    '[application]\nname = "web"\nserve = "gunicorn app:x"\nlock = "requirements.txt"\n'
    '[aws]\nregion = "eu-west-1"\naccount = "123456789012"\n'
    '[github]\nrepository = "acme/web"\nowner_id = "42"\nrepository_id = "4242"\n'
    '[environments.staging]\nplatform = "ecs"\n'
)


class StepFailed(Exception):
    """A command ended otherwise than well."""


def configured() -> Config:
    base = config(github=GITHUB)
    staging = replace(
        base.environments["staging"],
        strategy="canary",
        canary_percent=20.0,
        bake=60.0,
        smoke=(Smoke("/"),),
    )
    aws = replace(base.aws, alerts="ops@example.org", budget=50.0)
    return replace(base, aws=aws, environments={"staging": staging})


def stack(account: NewAccount, where: str) -> StackContext:
    kind = where if where in ("bootstrap", "account") else "environment"
    return StackContext(
        config=configured(),
        where=where,
        clients=account,
        account=HERE,
        template=load_template(kind),
        clock=account.clock,
        person=Prompt(io.StringIO(f"{where}\n")),
    )


def applied(where: str) -> Callable[[NewAccount], None]:
    def apply(account: NewAccount) -> None:
        apply_stack(stack(account, where), yes=True, allow_destroy=False, json=False)

    return apply


def destroyed(account: NewAccount) -> None:
    destroy_stack(stack(account, "staging"), allow_destroy=True, json=False)


def workflows_written(account: NewAccount) -> None:
    folder = account.folder / "project"
    if not folder.exists():
        project(folder, TOML, {"requirements.txt": "", "app.py": "x = 1\n"})
        git(folder, "init", "--quiet", "--initial-branch", "main")
    done = shipway(folder, "workflows", "write")
    if done.returncode:
        raise StepFailed(done.stderr)
    print("\n".join(sorted(path.name for path in (folder / ".github/workflows").iterdir())))


# -- images and rollouts ----------------------------------------------------------------------


def registry(account: NewAccount) -> RegistryClient:
    transport = HttpRegistryTransport(account.clock, httpx.MockTransport(account.push), lambda: 0.5)
    return RegistryClient(
        account.registry.reference,
        transport,
        RegistryCredentials("AWS", "first"),
        plain=False,
        renew=account.registry.credentials,
    )


def image(account: NewAccount, version: str) -> OciLayout:
    folder = account.folder / f"image-{version}"
    if not folder.exists():
        made = layout(folder, [layer({"app.py": version.encode()}, Hour())], Hour())
        index = made / "index.json"
        (described,) = json.loads(index.read_text())["manifests"]
        index.write_text(json.dumps({"manifests": [{**described, "mediaType": oci.MANIFEST}]}))
    return OciLayout(str(folder))


def published(version: str) -> Callable[[NewAccount], None]:
    def publish(account: NewAccount) -> None:
        publisher = ImagePublisher(registry(account), image(account, version), account.clock, print)
        publisher.push()
        origin = ImageOrigin("web", version, "3f2a91c0" * 5, changed=False, moment=1_700_000_000)
        print("tags:", ", ".join(publisher.tag(origin)))

    return publish


def release(account: NewAccount, version: str) -> Release:
    digest = image(account, version).descriptor()["digest"]
    return Release(
        application="web",
        version=version,
        commit="3f2a91c",
        digest=(version.replace(".", "") * 32)[:64],
        lock="lock",
        migrations=(),
        path="/nowhere",
        python="python",
        image=f"{HOST}/web@{digest}",
    )


def run_nothing(*_: Any) -> Ended:
    return Ended()


def platform(account: NewAccount) -> EcsPlatform:
    def render(*parts: Any) -> Any:
        return render_task_definition(*parts, account=HERE)

    def tag(name: str) -> None:
        promote_image(registry(account), name.rpartition("@")[2], "staging")

    return EcsPlatform(
        configured(),
        "staging",
        account,
        account.clock,
        account.live.balancer,
        SqliteRecord(str(account.folder / "record.sqlite3")),
        TaskDefinitionOps(render, lambda *_: (), run_nothing, lambda: 0.5, tag),
    )


def ended_well(account: NewAccount, rollout: Callable[[EcsPlatform], RolloutReport]) -> None:
    """Do it; and where it is not known how it ended, what the command says is next."""
    receipt = rollout(platform(account))
    if receipt.verdict is Verdict.UNKNOWN:
        receipt = platform(account).resume(LineListener(print))
    print(f"{receipt.verdict}: {receipt.cause or 'all is well'}")
    if receipt.verdict is not Verdict.PASSED:
        raise StepFailed(receipt.cause)


def deployed(version: str, traffic: Traffic) -> Callable[[NewAccount], None]:
    def deploy(account: NewAccount) -> None:
        account.live.cloudwatch.traffic = traffic
        new = release(account, version)
        ended_well(account, lambda here: here.deploy(new, LineListener(print)))

    return deploy


def rolled_back(account: NewAccount) -> None:
    ended_well(account, lambda here: here.rollback("", LineListener(print)))


# -- the hour ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    command: str
    act: Callable[[NewAccount], None]


STEPS: Sequence[Step] = (
    Step("shipway infra apply bootstrap", applied("bootstrap")),
    Step("shipway infra apply account", applied("account")),
    Step("shipway infra apply staging", applied("staging")),
    Step("shipway workflows write", workflows_written),
    Step("shipway run publish", published("1.0")),
    Step("shipway deploy staging", deployed("1.0", Traffic(rate=0.0))),
    Step("shipway run publish (2.0)", published("2.0")),
    Step("shipway deploy staging (2.0)", deployed("2.0", Traffic())),
    Step("shipway rollback staging", rolled_back),
    Step("shipway infra apply staging (again)", applied("staging")),
    Step("shipway infra destroy staging --allow-destroy", destroyed),
    Step("shipway infra apply staging (anew)", applied("staging")),
)


@dataclass(frozen=True)
class Standing:
    """What an account has after a step: what a repetition has to come to as well."""

    stacks: tuple[tuple[str, str], ...]
    existing: frozenset[tuple[str, str]]
    tag: str
    serving: str
    tasks: int
    knows: str


def standing(account: NewAccount) -> Standing:
    ecs = account.live.ecs
    there = ("AWS::ECS::Cluster", "web-staging") in account.existing
    own = account.stacks.get("web-staging")
    return Standing(
        tuple(sorted((name, one.status[:6]) for name, one in account.stacks.items())),
        frozenset(account.existing),
        account.registry.tags.get("staging", ""),
        ecs.release_of(ecs.current) if there else "",
        ecs.running() if there else 0,
        "a release" if own and own.parameters["LiveTaskDefinition"] else "none",
    )


def test_the_first_hour_and_again_from_every_call_that_is_refused_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "0").mkdir()
    account, lines, points = NewAccount(tmp_path / "0"), list[str](), 0
    for number, step in enumerate(STEPS):
        before = account.copied(tmp_path / f"before-{number}")
        deployments, weights = len(account.live.ecs.deployments), served(account)
        account.calls.clear()
        capsys.readouterr()
        step.act(account)
        lines += [f"$ {step.command}", *capsys.readouterr().out.splitlines(), ""]
        if step.command.endswith("(again)"):  # moves no traffic, keeps the image
            assert len(account.live.ecs.deployments) == deployments
            assert served(account) == weights == [0, 100]
        after = standing(account)
        for at, call in enumerate(dict.fromkeys(account.calls)):
            points += 1
            repeated = before.copied(tmp_path / f"{number}-{at}")
            repeated.refused = call
            repeat(step, repeated)
            assert standing(repeated) == after, (step.command, call)
    assert points > 60
    text, shown = "\n".join(lines), tmp_path / RECORDED.name
    shown.write_text(text, encoding="utf-8")
    assert text == RECORDED.read_text(encoding="utf-8"), f"compare {RECORDED} with {shown}"


def repeat(step: Step, account: NewAccount) -> None:
    """The command, and where it failed the same command again."""
    try:
        step.act(account)
    except (ShipwayError, StepFailed):
        assert account.refused is None
        step.act(account)


def served(account: NewAccount) -> list[int]:
    """The weights of blue and green; none where there is no service."""
    there = ("AWS::ECS::Cluster", "web-staging") in account.existing
    return [row["Weight"] for row in account.weights_of_groups()] if there else []
