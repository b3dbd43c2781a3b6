"""What `shipway init` proposes for an application: settings, files, and what it assumed."""

from __future__ import annotations

from dataclasses import dataclass, field

from shipway.core.adoption.needs import POSTGRES, REDIS
from shipway.core.adoption.survey import Survey
from shipway.core.secrets import names_a_secret

LOCK = "requirements-lock.txt"
TEST_LOCK = "requirements-test-lock.txt"
BASELINE = "shipway-baseline.sarif"
_STAND_IN = "for-tests-only"
_SERVERS = {"fastapi": ("uvicorn",), "flask": ("gunicorn",), "django": ("gunicorn",)}
_TESTERS = ("pytest", "coverage")
# FastAPI's TestClient needs it, and FastAPI does not bring it.
_CLIENT = "httpx"
_NEWEST = {POSTGRES: "17", REDIS: "7"}


@dataclass(frozen=True)
class Proposal:
    """settings: table → key → value of shipway.toml, in order. assumed: in words, for people.
    production, testing: requirements to resolve, None where the lock that is there has all.
    lock: the lock's name, "" where there is nothing to install from.
    """

    survey: Survey
    settings: dict[str, dict[str, object]]
    assumed: tuple[str, ...]
    lock: str
    production: tuple[str, ...] | None = None
    testing: tuple[str, ...] | None = None
    notes: dict[str, str] = field(default_factory=dict)


def propose(found: Survey) -> Proposal:
    """The proposal for what a survey found."""
    assumed: list[str] = []
    lock, production, testing = _locks(found, assumed)
    application = _application(found, lock, assumed)
    settings: dict[str, dict[str, object]] = {"application": application}
    env, notes = _variables(found, assumed)
    tests = {name: value for name, value in env.items() if not _served(name, found)}
    if tests:
        settings["application.env"] = dict(tests)
    settings["checks"] = dict.fromkeys(found.unconfigured, False)
    if found.unconfigured:
        assumed.append(
            f"{', '.join(found.unconfigured)}: off, because nothing here configures them"
        )
    for name in found.services:
        settings[f"services.{name}"] = _service(name, found)
        assumed.append(
            f"services for tests: {name} {_NEWEST[name]}, by the driver in the requirements"
        )
    if application.get("serve"):
        settings["environments.local"] = {"port": 8080, "instances": 1}
        if POSTGRES in found.services and not found.sql:
            settings["environments.local"]["secrets"] = ("DATABASE_URL",)
            assumed.append("environment local takes DATABASE_URL from you: only PostgreSQL will do")
        if env:
            settings["environments.local.env"] = dict(env)
    return Proposal(found, settings, tuple(assumed), lock, production, testing, notes)


def _application(found: Survey, lock: str, assumed: list[str]) -> dict[str, object]:
    given = found.application
    table: dict[str, object] = {"name": given.name}
    if given.packages:
        table["packages"] = given.packages
    if lock:
        table["lock"] = lock
    if lock == LOCK:
        table["test_lock"] = TEST_LOCK
    if found.entry:
        table["serve"] = found.entry.serve
        table["health"] = found.health
        assumed.append(f"health: {found.health}, because {found.health_reason}")
    else:
        assumed.append("no Flask, Django or FastAPI application was found: nothing is served")
    for key in ("migrate", "seed"):
        if words := getattr(found, key):
            table[key] = words
    return {**table, **_tests(found, assumed)}


def _tests(found: Survey, assumed: list[str]) -> dict[str, object]:
    """Where services are needed and all tests are in one folder, they are integration tests."""
    folders = dict(found.tests.folders)
    if not folders:
        assumed.append("there are no tests: the step unit says so until there are")
        return {"unit_tests": "tests"}
    if found.services and set(folders) == {"unit"}:
        assumed.append(f"tests in {folders['unit']} run with the services")
        folders = {"integration": folders["unit"]}
    table: dict[str, object] = {f"{kind}_tests": folder for kind, folder in folders.items()}
    if found.tests.runner == "django":
        table["test_runner"] = "django"
        assumed.append("tests run by manage.py test: nothing here configures pytest")
    return table


def _locks(
    found: Survey, assumed: list[str]
) -> tuple[str, tuple[str, ...] | None, tuple[str, ...] | None]:
    """The lock to use, and what has to be resolved for it."""
    wants = found.wanted
    if wants is None:
        assumed.append("no file says what the application needs: nothing can be installed")
        return "", None, None
    for note in wants.notes:
        assumed.append(f"left out of {wants.origin}: {note}")
    servers = _SERVERS[found.entry.framework] if found.entry else ()
    testers = ("coverage",) if found.tests.runner == "django" else _TESTERS
    if found.entry and found.entry.framework == "fastapi":
        testers = (*testers, _CLIENT)
    missing = [name for name in servers if name not in wants.names]
    brought = {"coverage"} if "pytest-cov" in wants.all_names else set[str]()
    untested = [name for name in testers if name not in wants.all_names | brought]
    if "uv.lock" in wants.sources and not missing and not untested:
        return "uv.lock", None, None
    if missing:
        assumed.append(f"{', '.join(missing)}: added to the lock, because nothing here serves")
    if "uv.lock" in wants.sources:
        more = " ".join((*missing, *untested))
        assumed.append(f"{LOCK} beside uv.lock, which lacks {more}; `uv add` them to do without")
    elif not wants.pinned:
        assumed.append(f"{wants.origin} pins not everything: {LOCK} has what was resolved today")
    return LOCK, (*wants.lines, *missing), (*wants.test_lines, *testers)


def _variables(found: Survey, assumed: list[str]) -> tuple[dict[str, str], dict[str, str]]:
    """A value for tests for each variable without which the application does not start."""
    env: dict[str, str] = {}
    notes: dict[str, str] = {}
    for one in found.variables:
        if one.name == "DATABASE_URL" and found.sql:
            env[one.name] = f"sqlite:///{{data}}/{found.application.name}.sqlite3"
        elif not one.required or _served(one.name, found):
            continue
        else:
            env[one.name] = _STAND_IN
        notes[one.name] = f"read at {one.place}"
        kind = "a secret" if names_a_secret(one.name) else "a variable"
        assumed.append(f"{one.name}: {kind} read at {one.place}; tests get {env[one.name]!r}")
    return env, notes


def _served(name: str, found: Survey) -> bool:
    """Whether a service hands this variable over."""
    return {"DATABASE_URL": POSTGRES, "REDIS_URL": REDIS}.get(name) in found.services


def _service(name: str, found: Survey) -> dict[str, object]:
    variable, template = (
        ("DATABASE_URL", found.database_url) if name == POSTGRES else ("REDIS_URL", "{url}")
    )
    return {"version": _NEWEST[name], "env": {variable: template}}
