"""The application served for a load test: real gunicorn, real failures."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest
from tests.fakes.clock import VirtualClock
from tests.fakes.http import ScriptedHttp
from tests.patience import PATIENCE
from tests.pipeline.contexts import workshop

from shipway.config.schema import Application, Config, Performance
from shipway.errors import ApplicationFault, CannotRun, Unreachable
from shipway.pipeline.application_server import START_LIMIT, serve_application
from shipway.pipeline.step_context import StepContext
from shipway.ports import Clock, Http, Response
from shipway.system.clock import SystemClock
from shipway.system.http import RealHttp
from shipway.system.network import free_port

APP = """
import json, os
open("pid", "w").write(str(os.getppid()))
def app(environ, start):
    start("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(dict(os.environ)).encode()]
"""
GUNICORN = "gunicorn --bind {bind} tiny:app"


def serve(context: StepContext, http: Http | None = None, clock: Clock | None = None) -> list[str]:
    """Serve, ask once, end it; what the migrations and the seed said, and what was answered."""
    said: list[str] = []
    with serve_application(
        context, said.append, http or RealHttp(), clock or SystemClock(), free_port
    ) as url:
        said.append(RealHttp().get(url).body.decode())
    return said


def shop_for(root: Path, serve: str, **settings: object) -> StepContext:
    (root / "tiny.py").write_text(APP)
    application = Application(name="tiny", serve=serve, health="/", **settings)  # type: ignore[arg-type]
    return workshop(
        root, config=Config(application=application, performance=Performance(workers=1))
    )


def alive(pid: str) -> bool:
    """Whether it runs: what is dead and not reaped has no command line any more."""
    path = Path(f"/proc/{pid}/cmdline")
    return path.exists() and bool(path.read_bytes())


def test_the_application_comes_up_is_asked_and_is_ended_afterwards(tmp_path: Path) -> None:
    context = shop_for(tmp_path, GUNICORN, env={"DATABASE": "{data}/db", "BIND": "ignored"})
    environment = json.loads(serve(context)[-1])
    assert environment["APP_ENV"] == "test"
    assert environment["RELEASE"] == "load-test"
    assert environment["WEB_CONCURRENCY"] == "1"
    assert environment["BIND"].startswith("127.0.0.1:")
    assert environment["DATABASE"] == os.path.join(context.out, "served", "data", "db")
    assert not alive((tmp_path / "pid").read_text())
    assert not os.path.exists(os.path.join(context.out, "served", "data"))


def test_it_sees_of_the_callers_environment_only_what_every_program_does(tmp_path: Path) -> None:
    context = shop_for(tmp_path, GUNICORN)
    assert isinstance(context.environment, dict)
    context.environment["PASSWORD"] = "hush"
    assert "PASSWORD" not in json.loads(serve(context)[-1])


def test_data_are_migrated_and_seeded_before_and_fresh_each_time(tmp_path: Path) -> None:
    context = shop_for(
        tmp_path,
        GUNICORN,
        migrate="""sh -c 'echo migrate $BIND; echo schema >> "$DB"'""",
        seed="""sh -c 'echo seed; echo rows >> "$DB"; cat "$DB"'""",
        env={"DB": "{data}/db"},
    )
    for _ in range(2):
        said = serve(context)
        assert said[0].startswith("migrate 127.0.0.1:")
        assert said[1:4] == ["seed", "schema", "rows"]


def test_a_migration_that_fails_says_why_and_nothing_is_served(tmp_path: Path) -> None:
    script = "sh -c 'echo one; echo two; echo three; echo no such table >&2; exit 3'"
    context = shop_for(tmp_path, GUNICORN, migrate=script)
    with pytest.raises(ApplicationFault, match="sh ended with 3: two / three / no such table"):
        serve(context)
    assert not (tmp_path / "pid").exists()


def test_an_application_that_crashes_shows_the_end_of_its_log(tmp_path: Path) -> None:
    crash = "sh -c 'for n in 1 2 3 4 5 6 7; do echo line $n; done; echo no module >&2; exit 1'"
    with pytest.raises(ApplicationFault, match="did not come up") as caught:
        serve(shop_for(tmp_path, crash))
    assert caught.value.message.endswith("line 4 / line 5 / line 6 / line 7 / no module")
    assert "line 3" not in caught.value.message


def test_a_program_that_is_not_there_cannot_run(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="no-such-server is not here"):
        serve(shop_for(tmp_path, "no-such-server {bind}"))


@pytest.mark.parametrize("status", [None, 503])
def test_an_application_that_stays_silent_or_sick_is_given_up_and_ended(
    tmp_path: Path, status: int | None
) -> None:
    def answer(url: str) -> Response:
        if status is None:
            raise Unreachable("nobody")
        return Response(status, {}, b"")

    clock = VirtualClock()
    began, http = clock.now(), ScriptedHttp(answer)
    context = shop_for(tmp_path, "sh -c 'echo $$ > pid; exec sleep 600'")
    with pytest.raises(ApplicationFault, match="did not come up"):
        serve(context, http, _Waiting(clock, tmp_path / "pid"))
    assert START_LIMIT <= clock.now() - began < START_LIMIT + 1
    assert len(http.asked) > 100
    assert not alive((tmp_path / "pid").read_text().strip())


class _Waiting(VirtualClock):
    """Takes no time, but for a program's first moments."""

    def __init__(self, clock: VirtualClock, mark: Path) -> None:
        super().__init__(clock.now())
        self._clock = clock
        self._mark = mark

    def sleep(self, seconds: float) -> None:
        end = time.monotonic() + PATIENCE
        while not self._mark.exists() and time.monotonic() < end:
            time.sleep(0.01)
        super().sleep(seconds)
        self._clock.sleep(seconds)


def test_it_is_ended_when_what_uses_it_fails(tmp_path: Path) -> None:
    context = shop_for(tmp_path, GUNICORN)
    with (
        pytest.raises(ZeroDivisionError),
        serve_application(context, print, RealHttp(), SystemClock(), free_port) as url,
    ):
        assert RealHttp().get(url).status == 200
        raise ZeroDivisionError
    assert not alive((tmp_path / "pid").read_text())


def test_one_that_died_meanwhile_is_no_error_at_the_end(tmp_path: Path) -> None:
    context = shop_for(tmp_path, GUNICORN)
    with serve_application(context, print, RealHttp(), SystemClock(), free_port):
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)


def test_a_run_that_is_stopped_waits_no_longer(tmp_path: Path) -> None:
    context = shop_for(tmp_path, "sleep 600")
    stopped = ScriptedHttp(lambda url: pytest.fail("it is not asked any more"))
    with pytest.raises(ApplicationFault, match="did not come up"):
        serve(workshop(tmp_path, config=context.config, stopping=lambda: True), stopped)
