"""What `shipway init` proposes for an application: settings, files, and what it assumed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from shipway.config.secret_values import names_a_secret
from shipway.scaffold.entry_point import EntryPoint
from shipway.scaffold.requirements import Requirements
from shipway.scaffold.survey import Survey, plain_name

LOCK = "requirements-lock.txt"
TEST_LOCK = "requirements-test-lock.txt"
BASELINE = "shipway-baseline.sarif"
KNOWN_FAILURES = "shipway-known-failures.toml"
_RELEASED = "main"  # what `[github] main` is where nothing else is configured
_PYTHON = "3.11"  # where nothing says which
_MISSED = re.compile(r"No module named '([\w.]+)'")
_BRINGS = dict.fromkeys(("pkg_resources", "setuptools", "distutils"), "setuptools<81")
# Instances get it from Shipway, as `local`, which the application may not know.
_OF_SHIPWAY = "APP_ENV"
_STAND_IN = "for-tests-only"
# By which health checks ask, and what many call themselves; only the first without a separator.
_HOSTS = ("127.0.0.1", "localhost")
_TESTERS = ("pytest", "coverage")
# The TestClient of Starlette and FastAPI needs it, and neither brings it.
_CLIENT = "httpx"


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """settings: table → key → value of shipway.toml, in order. assumed: in words, for people.
    production, testing: what is added to the application's requirements in each lock, None where
    the lock that is there has all.
    lock: the lock's name, "" where there is nothing to install from. untested: packages that
    only tests want, and that are left out of their lock, because they cannot be built here.
    as_of: the time (RFC 3339) after which nothing is taken that the requirements do not name
    themselves, "" for today.
    """

    survey: Survey
    settings: dict[str, dict[str, object]]
    assumed: tuple[str, ...]
    lock: str
    production: tuple[str, ...] | None = None
    testing: tuple[str, ...] | None = None
    notes: dict[str, str] = field(default_factory=dict)
    untested: tuple[str, ...] = ()
    as_of: str = ""


def make_proposal(
    survey: Survey,
    python: str = "",
    python_reason: str = "",
    folder: str = "",
    default_branch: str = "",
) -> Proposal:
    """The proposal for what a survey found. python: the version that is used; "" for the one that
    the application asks for. python_reason: why it is another one. folder: the
    application's within its repository, "" for the top. default_branch: the repository's, "" where
    it is not known."""
    assumed: list[str] = [python_reason] if python_reason else []
    python = python or survey.python.version or _PYTHON
    if not python_reason and survey.python.version == python:
        assumed.append(f"python: {python}, because {survey.python.place} says so")
    if survey.unread:
        more = f" and {len(survey.unread) - 1} more" if survey.unread[1:] else ""
        assumed.append(
            f"{survey.unread[0]}{more}: not Python as Shipway's own reads it; routes and variables "
            "in there are not known"
        )
    lock, production, testing = _locks(survey, assumed)
    application = _application(survey, lock, python, assumed)
    settings: dict[str, dict[str, object]] = {"application": application}
    env, notes = _variables(survey, assumed)
    if env:
        settings["application.env"] = dict(env)
    settings["checks"] = dict.fromkeys(survey.unconfigured, False)
    if survey.unconfigured:
        assumed.append(
            f"{', '.join(survey.unconfigured)}: off, because nothing here configures them"
        )
    assumed += survey.services.notes
    for service in survey.services.needed:
        settings[f"services.{service.kind}"] = service.table
        assumed.append(
            f"services: {service.kind} {service.version}, because {service.reason}; tests and "
            "environment local each get their own"
        )
    if application.get("serve"):
        settings["environments.local"] = {"port": 8080, "instances": 1}
        if env:
            settings["environments.local.env"] = dict(env)
    if github := _github(folder, default_branch, assumed):
        settings["github"] = github
    return Proposal(
        survey=survey,
        settings=settings,
        assumed=tuple(assumed),
        lock=lock,
        production=production,
        testing=testing,
        notes=notes,
    )


def _github(folder: str, default_branch: str, assumed: list[str]) -> dict[str, object]:
    """What is different about the repository's workflows."""
    github: dict[str, object] = {}
    if default_branch not in ("", _RELEASED):
        github["main"] = default_branch
        assumed.append(f"workflows: {default_branch} is released, because it is the default branch")
    if folder:
        github["name"] = plain_name(folder)
        assumed.append(
            f"workflows: {plain_name(folder)}-*.yml, which run where {folder} changed, because the "
            "repository may have other applications"
        )
    return github


_SETTLED = 365 * 86400.0  # seconds


def settled_since(wants: Requirements | None, changed: float, now: float) -> float:
    """Since when requirements are as they are, where they pin every version and that was more than
    a year ago; 0 for any other. changed, now: seconds since the epoch; changed is 0 where nobody
    knows it."""
    if wants is None or not wants.pinned or wants.lock or wants.constraints:
        return 0
    return changed if changed and now - changed >= _SETTLED else 0


def resolved_as_of(proposal: Proposal, settled: float) -> Proposal:
    """The same proposal for a lock of the day since when its requirements are settled.

    What such a list was tried with is what the packages in it required then, which nothing pins:
    of today it often does not fit. settled: seconds since the epoch, 0 for a lock of today.
    """
    wants = proposal.survey.wanted
    if wants is None or not settled or proposal.production is None:
        return proposal
    time = datetime.fromtimestamp(settled, UTC)
    reason = (
        f"{LOCK}: of {time:%Y-%m-%d}, when {wants.origin} was last changed: it pins what it names, "
        "and what that requires as it was then; --relock takes today's"
    )
    return replace(
        proposal, as_of=f"{time:%Y-%m-%dT%H:%M:%SZ}", assumed=(*proposal.assumed, reason)
    )


def proposal_for(proposal: Proposal, entry: EntryPoint, health: str) -> Proposal:
    """The same proposal with the entry and the health check that answered."""
    survey = proposal.survey
    application = {**proposal.settings["application"], "serve": entry.serve, "health": health}
    assumed = list(proposal.assumed)
    if entry != survey.entry:
        assumed.append(f"serve: {entry.target} instead, because it starts")
    if health != survey.health:
        assumed.append(f"health: {health} instead, because it answers 2xx")
    for key in ("migrate", "seed"):
        if survey.entry and isinstance(command := application.get(key), str):
            application[key] = command.replace(survey.entry.app, entry.app)
    return replace(
        proposal,
        survey=replace(survey, entry=entry, health=health),
        settings={**proposal.settings, "application": application},
        assumed=tuple(assumed),
    )


def with_missing(proposal: Proposal, errors: Sequence[str]) -> Proposal | None:
    """The same proposal with what brings a module that is missed; None where nothing does.

    Before Python 3.12 every environment had setuptools, and much relies on it without a word.
    """
    if proposal.production is None:
        return None
    for error in errors:
        match = _MISSED.search(error)
        line = _BRINGS.get(match[1].split(".")[0], "") if match else ""
        if match and line and line not in proposal.production:
            reason = f"{line}: added to the lock, because it brings {match[1]}, which is missed"
            return replace(
                proposal,
                production=(*proposal.production, line),
                assumed=(*proposal.assumed, reason),
            )
    return None


def with_examples(proposal: Proposal) -> Proposal | None:
    """The same proposal with the values that the repository's own examples give to variables which
    may be left out, for an application that does not start so; None where there are none."""
    survey = proposal.survey
    env = dict(proposal.settings.get("application.env", {}))
    more = [
        variable
        for variable in survey.variables
        if variable.exemplified and variable.name not in {*env, *survey.services.provided}
    ]
    if not more:
        return None
    env.update((variable.name, variable.example) for variable in more)
    names = ", ".join(variable.name for variable in more)
    tables: dict[str, dict[str, object]] = {"application.env": env}
    if "environments.local" in proposal.settings:
        tables["environments.local.env"] = dict(env)
    return replace(
        proposal,
        settings={**proposal.settings, **tables},
        assumed=(*proposal.assumed, f"{names}: as the repository's own example has it"),
        notes={**proposal.notes, **{item.name: f"read at {item.place}" for item in more}},
    )


def without_package(proposal: Proposal, package: str, complaint: str) -> Proposal:
    """The same proposal with a package left out of what tests get."""
    reason = f"{package}: left out of {TEST_LOCK}, because it cannot be built here: {complaint}"
    return replace(
        proposal,
        untested=(*proposal.untested, package),
        assumed=(*proposal.assumed, reason),
    )


def without_build(proposal: Proposal, complaint: str) -> Proposal:
    """The same proposal without the command that makes files of a release, which fails."""
    application = {**proposal.settings["application"]}
    command = application.pop("build")
    reason = f"build: {command} left out, because it fails here: {complaint}"
    return replace(
        proposal,
        settings={**proposal.settings, "application": application},
        assumed=(*proposal.assumed, reason),
    )


def _application(survey: Survey, lock: str, python: str, assumed: list[str]) -> dict[str, object]:
    application = survey.application
    table: dict[str, object] = {"name": application.name}
    if application.packages:
        table["packages"] = application.packages
    table["python"] = python
    if lock:
        table["lock"] = lock
    if lock == LOCK:
        table["test_lock"] = TEST_LOCK
    if survey.entry:
        table["serve"] = survey.entry.serve
        table["health"] = survey.health
        assumed.append(f"serve: {survey.entry.target}, because {survey.entry.evidence}")
        assumed.append(f"health: {survey.health}, because {survey.health_reason}")
    elif survey.below:
        commands = " and ".join(f"shipway -C {folder} init" for folder in survey.below)
        assumed.append(
            f"nothing is served from this folder; below it there are applications: {commands}"
        )
    else:
        assumed.append(
            "no Flask, Django, FastAPI, Starlette, Litestar or Quart application was found: "
            "nothing is served"
        )
    for key in ("migrate", "seed"):
        if value := getattr(survey, key):
            table[key] = value
    if survey.build_command:
        table["build"] = survey.build_command
        assumed.append(f"build: {survey.build_command}, because its pages need what that collects")
    return {**table, **_tests(survey, assumed)}


def _tests(survey: Survey, assumed: list[str]) -> dict[str, object]:
    """Where services are needed and all tests are in one folder, they are integration tests."""
    folders = dict(survey.tests.folders)
    if not folders:
        assumed.append("there are no tests: the step unit says so until there are")
        return {"unit_tests": "tests"}
    if survey.services.needed and set(folders) == {"unit"}:
        assumed.append(f"tests in {folders['unit']} run with the services")
        folders = {"integration": folders["unit"]}
    table: dict[str, object] = {f"{kind}_tests": folder for kind, folder in folders.items()}
    if survey.tests.runner == "django":
        table["test_runner"] = "django"
        assumed.append("tests run by manage.py test: nothing here configures pytest")
    return table


def _locks(
    survey: Survey, assumed: list[str]
) -> tuple[str, tuple[str, ...] | None, tuple[str, ...] | None]:
    """The lock to use, and what has to be resolved for it."""
    wants = survey.wanted
    if wants is None:
        assumed.append("no file says what the application needs: nothing can be installed")
        return "", None, None
    for note in wants.notes:
        assumed.append(f"left out: {note}")
    for folder in wants.folders:
        if folder.startswith(".."):
            assumed.append(f"{folder}: outside of the application's folder; no image can have it")
    servers = (survey.entry.server,) if survey.entry else ()
    testers = ("coverage",) if survey.tests.runner == "django" else _TESTERS
    if survey.entry and survey.entry.framework in ("fastapi", "starlette"):
        testers = (*testers, _CLIENT)
    missing = [name for name in servers if name not in wants.names]
    brought = {"coverage"} if "pytest-cov" in wants.all_names else set[str]()
    unsynced = [name for name in testers if name not in wants.synced | brought]
    optional = [*wants.production.extras, *wants.production.groups]
    if wants.lock and not missing and not unsynced and not optional:
        return wants.lock, None, None
    if optional:
        assumed.append(f"{', '.join(optional)}: in the lock, because a deployment installs it")
    if missing:
        assumed.append(f"{', '.join(missing)}: added to the lock, because nothing here serves")
    assumed += _reason_for_lock(wants, [*missing, *unsynced])
    return LOCK, tuple(missing), tuple(testers)


def _reason_for_lock(wants: Requirements, lacking: Sequence[str]) -> Iterator[str]:
    """Why there is a lock beside what is there. lacking: what uv.lock does not install."""
    if wants.lock and lacking:
        more = " ".join(lacking)
        yield f"{LOCK} beside uv.lock, which lacks {more}; `uv add` them to do without"
    elif wants.lock:
        yield f"{LOCK} beside uv.lock, of which `uv sync` installs no extras and groups by itself"
    elif not wants.pinned:
        yield f"{wants.origin} pins not everything: {LOCK} has what was resolved today"


def _variables(survey: Survey, assumed: list[str]) -> tuple[dict[str, str], dict[str, str]]:
    """A value for tests for each variable without which the application does not start."""
    env: dict[str, str] = {}
    notes: dict[str, str] = {}
    files = dict(survey.services.sqlite)
    for variable in survey.variables:
        if variable.name in files:
            env[variable.name] = files[variable.name]
        elif variable.name.endswith("ALLOWED_HOSTS") and _serves_django(survey):
            hosts = variable.separator.join(_HOSTS) if variable.separator else _HOSTS[0]
            env[variable.name] = hosts
            notes[variable.name] = f"read at {variable.place}"
            assumed.append(f"{variable.name}: {hosts!r}, because health checks ask by address")
            continue
        elif variable.name == _OF_SHIPWAY and (value := variable.default or variable.example):
            env[variable.name] = value
        elif not variable.required or variable.name in survey.services.provided:
            continue
        else:
            env[variable.name] = variable.example or _STAND_IN
        notes[variable.name] = f"read at {variable.place}"
        kind = "a secret" if names_a_secret(variable.name) else "a variable"
        assumed.append(
            f"{variable.name}: {kind} read at {variable.place}; tests get {env[variable.name]!r}"
        )
    return env, notes


def _serves_django(survey: Survey) -> bool:
    return survey.entry is not None and survey.entry.framework == "django"
