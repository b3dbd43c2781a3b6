"""Serve commands, wrapped."""

from __future__ import annotations

import pytest

from shipway.config.schema import Environment
from shipway.errors import ConfigError
from shipway.rehearsal.environment import load_targets
from shipway.rehearsal.faults import (
    SLOW_PATH,
    STREAM_PATH,
    Fault,
    FaultKind,
    failing_migration,
    fault_order,
    mount_path,
    wrap_command,
)


@pytest.mark.parametrize(
    ("serve", "wrapped", "entry"),
    [
        (
            "gunicorn -c gunicorn.conf.py main.wsgi:app",
            "gunicorn -c gunicorn.conf.py shipway_fault:app",
            "main.wsgi:app",
        ),
        (
            "gunicorn --bind {bind} 'main:create_app()'",
            "gunicorn --bind {bind} shipway_fault:app",
            "main:create_app()",
        ),
        (
            "gunicorn -k uvicorn.workers.UvicornWorker -b localhost:8000 shop.asgi:application",
            "gunicorn -k uvicorn.workers.UvicornWorker -b localhost:8000 shipway_fault:app",
            "shop.asgi:application",
        ),
        (
            "uvicorn --factory main:make --port 80",
            "uvicorn --factory shipway_fault:make --port 80",
            "main:make()",
        ),
        (
            "uvicorn main:app --host=127.0.0.1",
            "uvicorn shipway_fault:app --host=127.0.0.1",
            "main:app",
        ),
    ],
)
def test_the_entry_is_replaced_and_named(serve: str, wrapped: str, entry: str) -> None:
    found = wrap_command(serve, "/health", "/inside", "")
    assert (found.serve, found.env["SHIPWAY_ENTRY"]) == (wrapped, entry)
    assert (found.env["PYTHONPATH"], found.env["SHIPWAY_HEALTH"]) == ("/inside", "/health")


def test_the_applications_own_path_is_kept() -> None:
    assert wrap_command("uvicorn a:b", "/", "/inside", "/own").env["PYTHONPATH"] == "/inside:/own"


def test_a_command_without_an_entry_is_refused() -> None:
    with pytest.raises(ConfigError, match="names no application to wrap") as raised:
        wrap_command("python serve.py --bind {bind} -b 127.0.0.1:80", "/", "/inside", "")
    assert "gunicorn main.wsgi:app" in raised.value.remedy


def test_only_a_crash_waits_for_a_file() -> None:
    crash = fault_order(Fault(FaultKind.CRASH_AT, 0.4), "two", "/trigger")
    assert (crash["SHIPWAY_FAULT_TRIGGER"], crash["SHIPWAY_FAULT_RELEASE"]) == ("/trigger", "two")
    slow = fault_order(Fault(FaultKind.SLOW, 2.0), "two", "/trigger")
    assert (slow["SHIPWAY_FAULT_TRIGGER"], slow["SHIPWAY_FAULT_AMOUNT"]) == ("", "2.0")


def test_a_failing_migration_is_a_command_of_python() -> None:
    assert failing_migration().startswith("python -c ")


@pytest.mark.parametrize(
    ("serve", "env", "mount"),
    [
        ("gunicorn --env SCRIPT_NAME=/shop a:b", {}, "/shop"),
        ("gunicorn -e SCRIPT_NAME=shop/ a:b", {}, "/shop"),
        ("gunicorn --env=SCRIPT_NAME=/shop a:b", {"SCRIPT_NAME": "/other"}, "/shop"),
        ("gunicorn a:b", {"SCRIPT_NAME": "/other"}, "/other"),
        ("gunicorn a:b", {}, ""),
        ("gunicorn -e SCRIPT_NAME=/ a:b", {}, ""),
    ],
)
def test_where_the_application_is_mounted(serve: str, env: dict[str, str], mount: str) -> None:
    assert mount_path(serve, env) == mount
    targets = load_targets((), Environment(), "/up", mount)
    assert [target.path for target in targets][1:] == [mount + SLOW_PATH, mount + STREAM_PATH]
