"""GitHub Actions as far as workflows can be played without it: which jobs an event starts, in
which groups, with which permissions, and what GitHub refuses; for tests.

Its rules, each with where it is written (DOC: docs.github.com/en/actions; LIVE: others report it):
- A run holds its workflow's group while its jobs run: a job, or a workflow that it calls, with the
  group of one that contains it is cancelled. LIVE github/vscode-github-actions#135,
  rhysd/actionlint#538. Groups are compared without regard to case. DOC "concurrency".
- In a called workflow, `github` is the caller's, and the jobs' permissions are the calling job's at
  most: a job that asks for more fails the whole run at its start. DOC "Reusing workflows".
- Of a fork's pull request, what may be written is read-only, there is no token for OIDC, and
  there are no secrets. DOC "Events that trigger workflows", pull_request.
- A schedule runs on the default branch, by the files that are there. DOC, the same page.
- success() is about all jobs before, not only those in `needs`: a skipped one is no success. LIVE
  actions/runner#2205, #491.
- In a private repository, attestations need Enterprise Cloud, and what goes to code scanning, and
  dependency review, need GitHub Code Security. LIVE Jebel-Quant/rhiza#428,
  github/codeql-action#943; DOC "Using artifact attestations", "About dependency review".
- Which contexts an expression may use where. DOC "Contexts", context availability.
- An artifact is what one job of the run has uploaded: a name that two upload is lost. DOC of
  actions/upload-artifact (`overwrite`).
- A role is only taken on with `id-token: write`, by the subject it trusts, and for as long as it
  allows. DOC "OpenID Connect reference"; IAM, AssumeRoleWithWebIdentity.
- A job on GitHub's machines ends after six hours. DOC "Actions limits".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Literal

import yaml
from tests.fakes.github_expression import (
    Scope,
    Status,
    Value,
    condition,
    interpolate,
    is_true,
    to_string,
)

Result = Literal["success", "failure", "skipped", "cancelled"]
_WORST_FIRST: tuple[Result, ...] = ("failure", "cancelled", "success", "skipped")
_HOURS_OF_A_JOB = 6
_LEVELS = {"none": 0, "read": 1, "write": 2}
_CODE_SCANNING = ("github/codeql-action/", "actions/dependency-review-action")
_PLACES = {
    "workflow": "github inputs vars",
    "job": "github needs strategy matrix inputs vars",
    "job if": "github needs inputs vars",
    "step": "github needs strategy matrix job runner env vars secrets steps inputs",
    "step if": "github needs strategy matrix job runner env vars steps inputs",
}


@dataclass(frozen=True)
class Role:
    """A role in AWS. trusts: the subject of the token. longest: seconds of a session."""

    trusts: str
    longest: int = 3600


@dataclass(frozen=True, kw_only=True)
class Repository:
    """variables, secrets: of each environment. roles: ARN → role. subject: the beginning of its
    tokens' subject."""

    name: str = "ann/town"
    visibility: Literal["public", "private"] = "public"
    default_branch: str = "main"
    enterprise: bool = False
    code_security: bool = False
    subject: str = "repo:ann@1/town@2"
    variables: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    roles: Mapping[str, Role] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=lambda: {"requirements.txt": "flask"})


@dataclass(frozen=True)
class Event:
    """branch: the one that is pushed to, or that a pull request or the merge queue leads to.
    head: the pull request's own. changed: paths."""

    name: Literal["push", "pull_request", "merge_group", "schedule", "workflow_dispatch"]
    branch: str = "main"
    head: str = "feature"
    fork: bool = False
    changed: tuple[str, ...] = ("app.py",)

    @property
    def ref(self) -> str:
        """What is checked out."""
        if self.name == "pull_request":
            return "refs/pull/7/merge"
        if self.name == "merge_group":
            return f"refs/heads/gh-readonly-queue/{self.branch}/pr-7-c0ffee"
        return f"refs/heads/{self.branch}"

    def payload(self, repository: Repository) -> dict[str, Value]:
        """`github.event`."""
        if self.name != "pull_request":
            return {}
        owner = "bob/town" if self.fork else repository.name
        return {
            "pull_request": {
                "number": 7.0,
                "head": {"ref": self.head, "repo": {"full_name": owner}},
                "base": {"ref": self.branch},
                "user": {"login": "bob"},
            }
        }


@dataclass(frozen=True)
class Job:
    """One job of a run. name: with the jobs that call it (`deploy / prove`). fault: what GitHub or
    AWS says, "" for nothing. steps: the names of those that ran."""

    name: str
    result: Result
    fault: str = ""
    group: str = ""
    queue: str = ""
    environment: str = ""
    permissions: Mapping[str, str] = field(default_factory=dict)
    role: str = ""
    steps: tuple[str, ...] = ()


@dataclass(frozen=True)
class Run:
    """What one workflow's file did. fault: why it did not start."""

    file: str
    group: str
    cancels_older: bool
    queue: str
    jobs: tuple[Job, ...]
    fault: str = ""

    def job(self, name: str) -> Job:
        """The job of that name."""
        return next(job for job in self.jobs if job.name == name)

    @property
    def faults(self) -> list[str]:
        """Everything that was refused."""
        faults = [f"{self.file}: {self.fault}"] if self.fault else []
        return faults + [f"{self.file}: {job.name}: {job.fault}" for job in self.jobs if job.fault]


class _StartupFailure(Exception):
    """The run ends before its first job."""


class FakeGitHub:
    """files: name → text of .github/workflows."""

    def __init__(self, files: Mapping[str, str], repository: Repository) -> None:
        self._workflows = {name: _loaded(text) for name, text in files.items()}
        self.repository = repository

    def runs(self, event: Event, *, failing: Iterable[str] = ()) -> list[Run]:
        """What an event starts. failing: names of steps whose command fails."""
        return [
            _Play(self.repository, self._workflows, event, frozenset(failing)).run(name)
            for name, workflow in sorted(self._workflows.items())
            if self._starts(workflow, event)
        ]

    def _starts(self, workflow: Mapping[str, Any], event: Event) -> bool:
        if event.name not in workflow["on"]:
            return False
        if event.name == "schedule" and event.branch != self.repository.default_branch:
            return False
        filters = workflow["on"][event.name] or {}
        if not isinstance(filters, dict):
            return True
        branches, paths = filters.get("branches"), filters.get("paths")
        return (branches is None or _matches(branches, [event.branch])) and (
            paths is None or event.name == "merge_group" or _matches(paths, event.changed)
        )


@dataclass
class _Called:
    """A workflow as it is played: by its file, or called by a job."""

    file: str
    inputs: dict[str, Value]
    prefix: str = ""
    groups: tuple[str, ...] = ()  # of what contains it
    permissions: Mapping[str, str] | None = None  # the calling job's; None: nobody calls


class _Play:
    def __init__(
        self,
        repository: Repository,
        workflows: Mapping[str, Mapping[str, Any]],
        event: Event,
        failing: frozenset[str],
    ) -> None:
        self._repository, self._workflows = repository, workflows
        self._event, self._failing = event, failing
        self._jobs: list[Job] = []
        self._uploads: dict[str, str] = {}  # artifact → the job that uploaded it
        self._name = ""

    def run(self, file: str) -> Run:
        workflow = self._workflows[file]
        self._name = str(workflow["name"])
        called = _Called(file, _no_inputs(workflow, self._event))
        concurrency = self._concurrency(workflow, self._scope("workflow", called))
        try:
            for job in workflow["jobs"].values():
                self._permitted(file, job, None)
            called.groups = tuple(filter(None, (concurrency["group"],)))
            self._play(called)
        except _StartupFailure as failure:
            return Run(file, concurrency["group"], False, "", (), str(failure))
        cancels = is_true(concurrency["cancels"])
        jobs = tuple(self._jobs)
        return Run(file, concurrency["group"], cancels, to_string(concurrency["queue"]), jobs)

    def _play(self, called: _Called) -> Result:
        """Every job in the order of its needs; the result of all."""
        jobs: dict[str, dict[str, Any]] = self._workflows[called.file]["jobs"]
        results: dict[str, Result] = {}
        while len(results) < len(jobs):
            ready = [
                key
                for key, job in jobs.items()
                if key not in results and all(need in results for need in _needs(job))
            ]
            if not ready:
                raise _StartupFailure("a job needs one that is not there, or that needs it")
            for key in ready:
                results[key] = self._job(called, key, jobs[key], results, jobs)
        outcomes = set(results.values())
        return next(result for result in _WORST_FIRST if result in outcomes or result == "skipped")

    def _job(
        self,
        called: _Called,
        key: str,
        job: Mapping[str, Any],
        results: Mapping[str, Result],
        jobs: Mapping[str, Mapping[str, Any]],
    ) -> Result:
        needs: dict[str, Value] = {
            need: {"result": results[need], "outputs": {}} for need in _needs(job)
        }
        status = _status(results[name] for name in _ancestors(key, jobs))
        scope = self._scope("job if", called, {"needs": needs}, status)
        shown = f"{called.prefix}{_text(job.get('name', key))}"
        if not condition(_text(job.get("if", "success()")), scope):
            self._jobs.append(Job(shown, "skipped"))
            return "skipped"
        worst: Result = "success"
        for matrix in _combinations(job):
            more: dict[str, Value] = {"needs": needs, "matrix": matrix, "strategy": {}}
            result = self._started(called, job, more, status)
            worst = result if result != "success" else worst
        return worst

    def _started(
        self, called: _Called, job: Mapping[str, Any], more: dict[str, Value], status: Status
    ) -> Result:
        scope = self._scope("job", called, more, status)
        shown = called.prefix + to_string(interpolate(_text(job.get("name", "job")), scope))
        concurrency = self._concurrency(job, scope)
        group = concurrency["group"]
        if group and group.lower() in map(str.lower, called.groups):
            fault = (
                f"Canceling since a deadlock for concurrency group '{group}' was detected "
                f"between 'top level workflow' and '{shown}'"
            )
            self._jobs.append(Job(shown, "cancelled", fault, group))
            return "cancelled"
        permissions = self._granted(job)
        if "uses" in job:
            return self._call(called, job, scope, shown, permissions)
        ended = self._steps(called, job, more, shown, permissions)
        self._jobs.append(
            Job(
                shown,
                ended.result,
                ended.fault,
                group,
                to_string(concurrency["queue"]),
                ended.environment,
                permissions,
                ended.role,
                ended.steps,
            )
        )
        return ended.result

    def _call(
        self,
        called: _Called,
        job: Mapping[str, Any],
        scope: Scope,
        shown: str,
        permissions: Mapping[str, str],
    ) -> Result:
        file = _text(job["uses"]).rpartition("/")[2]
        workflow = self._workflows[file]
        declared: dict[str, Any] = (workflow["on"]["workflow_call"] or {}).get("inputs", {})
        given = {
            name: interpolate(_text(text), scope) for name, text in job.get("with", {}).items()
        }
        for name, declaration in declared.items():
            if declaration.get("required") and name not in given:
                raise _StartupFailure(f"{shown}: the input {name} is required")
        if unknown := sorted(given.keys() - declared.keys()):
            raise _StartupFailure(f"{shown}: {file} has no input {unknown[0]}")
        defaults = {name: declaration.get("default") for name, declaration in declared.items()}
        inner = _Called(file, {**defaults, **given}, f"{shown} / ", called.groups, permissions)
        concurrency = self._concurrency(workflow, self._scope("workflow", inner))
        group = concurrency["group"]
        if group and group.lower() in map(str.lower, called.groups):
            fault = (
                f"Canceling since a deadlock was detected for concurrency group: '{group}' "
                f"between a top level workflow and '{shown}'"
            )
            self._jobs.append(Job(shown, "cancelled", fault, group))
            return "cancelled"
        inner.groups = (*called.groups, *filter(None, (group,)))
        return self._play(inner)

    def _permitted(
        self, file: str, job: Mapping[str, Any], callers: Mapping[str, str] | None
    ) -> None:
        """Raises _StartupFailure where a called job asks for more than who calls it has."""
        asked = _permissions(job, self._workflows[file])
        for name, level in asked.items() if callers is not None else ():
            allowed = (callers or {}).get(name, "none")
            if _LEVELS[level] > _LEVELS[allowed]:
                raise _StartupFailure(
                    f"the nested job {job.get('name')!r} of {file} is requesting "
                    f"'{name}: {level}', but is only allowed '{name}: {allowed}'"
                )
        if "uses" in job:
            inner = _text(job["uses"]).rpartition("/")[2]
            if inner not in self._workflows:
                raise _StartupFailure(f"there is no workflow {inner}")
            for nested in self._workflows[inner]["jobs"].values():
                self._permitted(inner, nested, asked)

    def _granted(self, job: Mapping[str, Any]) -> dict[str, str]:
        asked = {name: str(level) for name, level in (job.get("permissions") or {}).items()}
        if not self._event.fork:
            return asked
        read = {name: "read" for name, level in asked.items() if level != "none"}
        return {name: level for name, level in read.items() if name != "id-token"}

    def _steps(
        self,
        called: _Called,
        job: Mapping[str, Any],
        more: dict[str, Value],
        shown: str,
        permissions: Mapping[str, str],
    ) -> _Ended:
        environment = self._environment(called, job, more)
        ended = _Ended(environment=environment)
        if (job.get("timeout-minutes") or 0) > 60 * _HOURS_OF_A_JOB:
            ended.fault = f"its {job['timeout-minutes']} minutes end after {_HOURS_OF_A_JOB} hours"
        secrets = {} if self._event.fork else dict(self._repository.secrets.get(environment, {}))
        steps: dict[str, Value] = {}
        known = {
            **more,
            "job": {},
            "runner": {"os": "Linux", "temp": "/tmp/runner"},
            "env": {},
            "vars": dict(self._repository.variables.get(environment, {})),
            "secrets": {"GITHUB_TOKEN": "token", **secrets},
            "steps": steps,
        }
        for step in job["steps"]:
            status: Status = "success" if ended.result == "success" else "failure"
            scope = self._scope("step if", called, known, status)
            if not condition(_text(step.get("if", "success()")), scope):
                continue
            scope = self._scope("step", called, known, status)
            name = to_string(interpolate(_text(step["name"]), scope))
            ended.steps = (*ended.steps, name)
            for text in (step.get("env") or {}).values():
                interpolate(_text(text), scope)
            fault = self._action(step, scope, shown, permissions, ended)
            failed = bool(fault) or name in self._failing
            if fault and not ended.fault:
                ended.fault = f"{name}: {fault}"
            if failed:
                ended.result = "failure"
            if "id" in step:
                outputs: dict[str, Value] = {"image": "r/x", "image_digest": "sha256:1"}
                outcome: Value = "failure" if failed else "success"
                steps[step["id"]] = {"outcome": outcome, "outputs": {} if failed else outputs}
        return ended

    def _environment(self, called: _Called, job: Mapping[str, Any], more: dict[str, Value]) -> str:
        named = job.get("environment") or ""
        text = named.get("name", "") if isinstance(named, dict) else named
        return to_string(interpolate(_text(text), self._scope("job", called, more)))

    def _action(
        self,
        step: Mapping[str, Any],
        scope: Scope,
        shown: str,
        permissions: Mapping[str, str],
        ended: _Ended,
    ) -> str:
        """What an action says where it fails; "" where it does its work."""
        action = _text(step.get("uses", "")).partition("@")[0]
        inputs = {
            name: to_string(interpolate(_text(text), scope))
            for name, text in (step.get("with") or {}).items()
        }
        if action.startswith("actions/") and "artifact" in action:
            return self._artifact(action, inputs, shown)
        if missing := self._lacking(action, permissions):
            return missing
        if action == "aws-actions/configure-aws-credentials":
            return self._assume(inputs, permissions, ended)
        return ""

    def _artifact(self, action: str, inputs: Mapping[str, str], shown: str) -> str:
        name = inputs.get("name", "")
        if action == "actions/upload-artifact":
            if self._uploads.setdefault(name, shown) != shown:
                return f"{self._uploads[name]} has uploaded {name} already"
        elif name and name not in self._uploads:
            return f"Artifact not found for name: {name}"
        return ""

    def _lacking(self, action: str, permissions: Mapping[str, str]) -> str:
        """What the plan or the job's token lacks."""
        repository = self._repository
        private = repository.visibility == "private"
        if action == "actions/attest-build-provenance" and private and not repository.enterprise:
            return "Feature not available for private repositories"
        if action.startswith(_CODE_SCANNING) and private and not repository.code_security:
            return "Code Security must be enabled for this repository"
        needed = {
            "actions/attest-build-provenance": "attestations",
            "github/codeql-action/upload-sarif": "security-events",
            "github/codeql-action/analyze": "security-events",
        }.get(action, "")
        # What a fork's pull request may only read, CodeQL takes as it is. DOC of codeql-action
        if needed and permissions.get(needed) != "write" and not action.endswith("/analyze"):
            return "Resource not accessible by integration"
        return ""

    def _assume(
        self, inputs: Mapping[str, str], permissions: Mapping[str, str], ended: _Ended
    ) -> str:
        role = ended.role = inputs["role-to-assume"]
        if permissions.get("id-token") != "write":
            return "Could not load credentials: it looks like id-token: write is missing"
        if not role or not inputs["aws-region"]:
            return "Input required and not supplied: aws-region, or no role"
        known = self._repository.roles.get(role)
        subject = f"{self._repository.subject}:environment:{ended.environment}"
        if known is None or known.trusts != subject:
            return f"Not authorized to perform sts:AssumeRoleWithWebIdentity as {subject}"
        if int(inputs.get("role-duration-seconds") or 3600) > known.longest:
            return "The requested DurationSeconds exceeds the MaxSessionDuration set for this role"
        return ""

    def _concurrency(self, holder: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
        settings = holder.get("concurrency") or {}
        if isinstance(settings, str):
            settings = {"group": settings}
        return {
            "group": to_string(interpolate(_text(settings.get("group", "")), scope)),
            "cancels": interpolate(_text(settings.get("cancel-in-progress", "${{ false }}")), scope)
            not in (False, "false", None, ""),
            "queue": settings.get("queue", ""),
        }

    def _scope(
        self,
        place: str,
        called: _Called,
        more: Mapping[str, Value] | None = None,
        status: Status = "success",
    ) -> Scope:
        event, repository = self._event, self._repository
        known: dict[str, Value] = {
            "github": {
                "event_name": event.name,
                "ref": event.ref,
                "repository": repository.name,
                "ref_name": event.ref.removeprefix("refs/heads/"),
                "run_id": "42",
                "run_attempt": "1",
                "sha": "c0ffee",
                "token": "token",
                "workflow": self._name,
                "head_ref": event.head if event.name == "pull_request" else "",
                "event": event.payload(repository),
            },
            "inputs": called.inputs,
            "vars": {},
            "needs": {},
            "strategy": {},
            "matrix": {},
            **(more or {}),
        }
        allowed = {name: known[name] for name in _PLACES[place].split() if name in known}
        return Scope(allowed, status, repository.files)


@dataclass
class _Ended:
    result: Result = "success"
    fault: str = ""
    environment: str = ""
    role: str = ""
    steps: tuple[str, ...] = ()


def _loaded(text: str) -> dict[str, Any]:
    workflow: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)
    events = workflow.pop(True)  # YAML 1.1 takes the word `on` for a truth value
    if isinstance(events, str | list):
        events = dict.fromkeys([events] if isinstance(events, str) else events)
    return {"name": "", **workflow, "on": events}


def _text(value: object) -> str:
    """A key's value as text: YAML has truth values and numbers of its own."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _needs(job: Mapping[str, Any]) -> Sequence[str]:
    needs = job.get("needs", [])
    return [needs] if isinstance(needs, str) else needs


def _ancestors(key: str, jobs: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """All jobs before one."""
    direct = set(_needs(jobs[key]))
    return direct.union(*(_ancestors(need, jobs) for need in direct))


def _status(results: Iterable[Result]) -> Status:
    seen = set(results)
    if "failure" in seen:
        return "failure"
    return "success" if seen <= {"success"} else "skipped"


def _permissions(job: Mapping[str, Any], workflow: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: str(level)
        for name, level in job.get("permissions", workflow.get("permissions", {})).items()
    }


def _combinations(job: Mapping[str, Any]) -> Iterator[dict[str, Value]]:
    axes = (job.get("strategy") or {}).get("matrix", {})
    for values in product(*axes.values()):
        yield dict(zip(axes, values, strict=True))


def _no_inputs(workflow: Mapping[str, Any], event: Event) -> dict[str, Value]:
    """Of a workflow that nobody calls: what a person leaves as it is, else nothing."""
    declared = (workflow["on"].get("workflow_dispatch") or {}).get("inputs", {})
    if event.name != "workflow_dispatch":
        return {}
    return {name: declaration.get("default", "") for name, declaration in declared.items()}


def _matches(patterns: Sequence[str], names: Iterable[str]) -> bool:
    """As filters of branches and paths match: `*` within a part, `**` across."""
    shapes = [
        re.escape(pattern).replace(r"\*\*", ".*").replace(r"\*", "[^/]*") for pattern in patterns
    ]
    return any(re.fullmatch(shape, name) for shape in shapes for name in names)
