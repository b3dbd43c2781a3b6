"""Lines as instances write them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fakes.clock import VirtualClock

from shipway.config.schema import Application, Config, Environment
from shipway.rollouts.local.instances import Instance, InstanceLogTail, Instances
from shipway.rollouts.local.runtime import ProcessRuntime
from shipway.rollouts.local.services import EnvironmentServices
from shipway.system.http import RealHttp
from shipway.system.process import SystemProcesses
from shipway.system.redaction import BLOT


class Writing(VirtualClock):
    """A clock that writes to logs as time goes by."""

    def __init__(self, writes: list[tuple[Path, bytes]]) -> None:
        super().__init__()
        self.writes = writes

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.writes:
            path, data = self.writes.pop(0)
            with path.open("ab") as file:
                file.write(data)


@pytest.fixture
def instances(tmp_path: Path) -> Instances:
    return Instances(
        application=Application(),
        environment=Environment(),
        folder=str(tmp_path),
        processes=SystemProcesses(),
        http=RealHttp(),
        clock=VirtualClock(),
        hosting=ProcessRuntime(Application()),
        services=EnvironmentServices(Config(), Environment(), str(tmp_path), SystemProcesses()),
        hidden=("hunter22",),
    )


def one(path: Path, name: str = "1.0") -> Instance:
    return Instance("d" * 64, name, "127.0.0.1:1", str(path))


def followed(
    instances: Instances, running: list[Instance], writes: list[tuple[Path, bytes]]
) -> list[str]:
    clock = Writing(list(writes))
    seen: list[str] = []
    following = InstanceLogTail(instances)
    following.skip(running[:1])
    over = clock.now() + len(writes)
    following.follow(
        clock, lambda: running, lambda title, line: seen.append(line), lambda: clock.now() > over
    )
    return seen


def test_only_what_is_new_is_shown_and_whole_lines_only(
    instances: Instances, tmp_path: Path
) -> None:
    log = tmp_path / "a.log"
    log.write_text("old\n")
    writes = [(log, b"ne"), (log, b"w\nnext\nbeg"), (log, "un: é".encode()[:-1])]
    writes += [(log, "é".encode()[1:] + b"\n")]
    assert followed(instances, [one(log)], writes) == ["new", "next", "begun: é"]


def test_an_instance_that_is_started_meanwhile_is_shown_from_its_beginning(
    instances: Instances, tmp_path: Path
) -> None:
    first, second = tmp_path / "a.log", tmp_path / "b.log"
    seen = followed(instances, [one(first), one(second, "1.1")], [(second, b"hello\n")])
    assert seen == ["hello"]


def test_secrets_are_blotted_out(instances: Instances, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    assert followed(instances, [one(log)], [(log, b"it is hunter22\n")]) == [f"it is {BLOT}"]


def test_a_log_that_was_emptied_is_read_from_its_beginning(
    instances: Instances, tmp_path: Path
) -> None:
    log = tmp_path / "a.log"
    log.write_text("a long line that was there\n")
    following = InstanceLogTail(instances)
    following.skip([one(log)])
    log.write_text("new\n")
    seen: list[str] = []
    following.follow(
        VirtualClock(),
        lambda: [one(log)],
        lambda title, line: seen.append(f"{title}: {line}"),
        lambda: True,
    )
    assert seen == ["1.0 at 127.0.0.1:1: new"]
