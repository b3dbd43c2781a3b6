"""How files differ from what they are to be: line by line, for people."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher, unified_diff
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shipway.aws.names import Account, AwsResourceNames, partition_of
from shipway.config.schema import Config
from shipway.config.tables import Cache, GitHub, Scanners
from shipway.errors import ConfigError
from shipway.pipeline.step import STAGES

if TYPE_CHECKING:
    from jinja2 import Environment


@dataclass(frozen=True)
class FileDrift:
    """A file that differs. wanted, there: its text; None where there is to be, or is, no file."""

    name: str
    wanted: str | None
    there: str | None

    @property
    def places(self) -> list[tuple[int, str]]:
        """Where it differs and how: the line where a difference begins, from 1; 0 for the file."""
        if self.there is None:
            return [(0, "is missing")]
        if self.wanted is None:
            return [(0, "is not wanted any more")]
        before, after = self.there.splitlines(), self.wanted.splitlines()
        codes = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
        differences = [
            (start + 1, f"found {_shown(before[start:end])}, wanted {_shown(after[first:last])}")
            for kind, start, end, first, last in codes
            if kind != "equal"
        ]
        return differences or [(0, "ends otherwise")]

    @property
    def lines(self) -> list[str]:
        """`ci-cd.yml:12: found …, wanted …`, each difference."""
        return [
            f"{self.name}:{line}: {text}" if line else f"{self.name}: {text}"
            for line, text in self.places
        ]

    @property
    def unified(self) -> Iterator[str]:
        """The change that makes it as wanted, as `diff -u` writes it."""
        before = (self.there or "").splitlines(keepends=True)
        after = (self.wanted or "").splitlines(keepends=True)
        source = "/dev/null" if self.there is None else f"a/{self.name}"
        goal = "/dev/null" if self.wanted is None else f"b/{self.name}"
        return unified_diff(before, after, source, goal)


def file_drifts(expected: Mapping[str, str], actual: Mapping[str, str]) -> Iterator[FileDrift]:
    """The files that differ, by name. Line ends are git's (core.autocrlf), and no difference."""
    for name in sorted({*expected, *actual}):
        there = actual[name].replace("\r\n", "\n") if name in actual else None
        if expected.get(name) != there:
            yield FileDrift(name, expected.get(name), there)


def _shown(lines: list[str]) -> str:
    if not lines:
        return "nothing"
    more = f" and {len(lines) - 1} more" if lines[1:] else ""
    return repr(lines[0].strip()) + more


# Every action that the workflows use, pinned. One table: to update one is to change one line.

# action → the commit, and the tag that it had.
PINS = {
    "actions/attest-build-provenance": ("0f67c3f4856b2e3261c31976d6725780e5e4c373", "v4.1.1"),
    "actions/cache": ("55cc8345863c7cc4c66a329aec7e433d2d1c52a9", "v6.1.0"),
    "actions/checkout": ("3d3c42e5aac5ba805825da76410c181273ba90b1", "v7.0.1"),
    "actions/dependency-review-action": ("2031cfc080254a8a887f58cffee85186f0e49e48", "v4.9.0"),
    "actions/download-artifact": ("3e5f45b2cfb9172054b4087a40e8e0b5a5461e7c", "v8.0.1"),
    "actions/setup-python": ("5fda3b95a4ea91299a34e894583c3862153e4b97", "v7.0.0"),
    "actions/upload-artifact": ("043fb46d1a93c77aae656e7c1c64a875d1fc6a0a", "v7.0.1"),
    "aws-actions/configure-aws-credentials": ("e6de054238d6b7531b4efff3b6587d9aade6a06c", "v6.2.3"),
    "codecov/codecov-action": ("fb8b3582c8e4def4969c97caa2f19720cb33a72f", "v7.0.0"),
    "github/codeql-action": ("99df26d4f13ea111d4ec1a7dddef6063f76b97e9", "v4.37.0"),
}


def pinned_action(action: str) -> str:
    """`actions/cache/save@<commit> # v6.1.0`. Raises KeyError for one that is not in the table."""
    commit, tag = PINS["/".join(action.split("/")[:2])]
    return f"{action}@{commit} # {tag}"


# Scanners that run in GitHub beside Shipway's own: `[github.scanners]`.

_VERSION = re.compile(r"\d+\.\d+\.\d+")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class WorkflowScanner:
    """One job. file: what it leaves, to be imported. code: whether it needs the repository."""

    job: str
    title: str
    file: str
    code: bool = True


def workflow_scanners(settings: Scanners) -> Iterator[WorkflowScanner]:
    """The ones that are switched on. Raises ConfigError for one that is not pinned."""
    if settings.snyk:
        _pinned("snyk", settings.snyk, _VERSION, "the version of its npm package: 1.1301.0")
        yield WorkflowScanner("snyk", "Snyk", "snyk.json")
    if settings.dependency_check:
        _pinned("dependency_check", settings.dependency_check, _DIGEST, "an image's digest")
        yield WorkflowScanner(
            "dependency-check", "OWASP Dependency-Check", "dependency-check-report.json"
        )
    if settings.clair:
        _pinned("clair", settings.clair, _DIGEST, "an image's digest")
        yield WorkflowScanner("clair", "Clair", "clair.json")
    if settings.ecr:
        yield WorkflowScanner("ecr", "ECR", "ecr.json", code=False)
    if settings.secret_scanning:
        yield WorkflowScanner(
            "secret-scanning", "GitHub secret scanning", "secret-scanning.json", code=False
        )


def _pinned(name: str, value: str, form: re.Pattern[str], expected: str) -> None:
    if not form.fullmatch(value):
        raise ConfigError(
            f"github.scanners.{name}: {value!r} pins nothing",
            f"It takes {expected}.",
            code="invalid-setting",
        )


# What GitHub itself has for a repository: by its visibility, and by what is configured.


@dataclass(frozen=True)
class GitHubFeatures:
    """attest: attestations. codeql, dependency_review: these scanners. code_scanning: whether
    findings can be shown under Security."""

    attest: bool
    codeql: bool
    dependency_review: bool
    code_scanning: bool


def github_features(github: GitHub) -> GitHubFeatures:
    """What is not configured is on where it costs nothing: in a public repository. A scanner that
    is asked for in a private one says that it has GitHub Code Security."""
    public = github.visibility != "private"
    bought = bool(github.codeql or github.dependency_review)
    return GitHubFeatures(
        attest=public if github.attest is None else github.attest,
        codeql=public if github.codeql is None else github.codeql,
        dependency_review=public if github.dependency_review is None else github.dependency_review,
        code_scanning=public or bought,
    )


def _private_repository(github: GitHub) -> Iterator[str]:
    """What a private repository goes without."""
    features = github_features(github)
    if github.visibility != "private":
        return
    if github.attest is None:
        yield "attest: a private repository needs Enterprise Cloud; with it: [github] attest = true"
    if not features.code_scanning:
        yield (
            "CodeQL, dependency review and findings under Security: a private repository needs "
            "GitHub Code Security; with it: [github] codeql = true, dependency_review = true"
        )


def _visibility_notes(github: GitHub) -> Iterator[str]:
    if github.visibility == "private":
        yield (
            "a private repository has environments with reviewers, secrets and variables on "
            "GitHub Team and Enterprise only"
        )
    if github.visibility == "" and None in (github.attest, github.codeql, github.dependency_review):
        yield (
            "written for a public repository: in a private one signing, CodeQL, dependency review "
            "and findings under Security need a plan that has them, and fail without; "
            '[github] visibility = "public" or "private" says which it is'
        )


# Which environments are deployed by GitHub: from which branch, as whom, by which file.

RELEASED = "production"
DEFAULT_SESSION = 3600  # seconds: what every role allows (IAM, MaxSessionDuration)
STACK_SESSION = 14400  # MaxSessionDuration of DeployRole in templates/environment.yml
_FILES = {"development": "deploy-dev"}


@dataclass(frozen=True)
class DeployTarget:
    """An environment that a branch's pushes are deployed to.

    role, region, look, monitor: empty where the environment's variables in GitHub say them; look is
    the role that only reads, monitor the one that applies the monitoring stack. session: seconds
    that credentials of the role last. file: the workflow that starts it, without its suffix.
    """

    name: str
    branch: str
    role: str
    region: str
    look: str = ""
    monitor: str = ""
    session: int = DEFAULT_SESSION

    @property
    def file(self) -> str:
        """`deploy-dev`, `deploy-staging`."""
        return _FILES.get(self.name, f"deploy-{self.name}")


def deploy_targets(config: Config) -> Iterator[DeployTarget]:
    """Those on ECS that have a branch, in the order of the configuration."""
    usual = {RELEASED: config.github.main, "development": "develop", "staging": "staging"}
    for name in remote_environments(config):
        branch = config.github.branches.get(name, usual.get(name, ""))
        if branch:
            names = AwsResourceNames(config.application.name, name)
            yield DeployTarget(
                name,
                branch,
                _role(config, name),
                config.aws.region,
                _arn(config, names.look_role),
                _arn(config, names.monitor_role),
                _session(config, name),
            )


def remote_environments(config: Config) -> list[str]:
    """The environments that a runner can reach: `local` is the runner itself."""
    return [
        name for name, environment in config.environments.items() if environment.platform == "ecs"
    ]


def _role(config: Config, name: str) -> str:
    role = config.github.roles.get(name, "")
    return role or _arn(config, AwsResourceNames(config.application.name, name).deploy_role)


def _session(config: Config, name: str) -> int:
    """Seconds: as long as the rollout may take, as far as the role allows it.

    The stack's own role allows four hours. Of another one only AWS's default is known, unless it
    is configured; `deploy` renews what ends before the rollout does (aws/web_identity.py).
    """
    ours = bool(config.aws.account) and not config.github.roles.get(name)
    usual = STACK_SESSION if ours else DEFAULT_SESSION
    allowed = config.github.role_sessions.get(name, usual)
    needed = int(config.environments[name].ecs.timeout) + 60 * _SPARE
    return min(allowed, max(DEFAULT_SESSION, needed))


def _arn(config: Config, role: str) -> str:
    """The role's ARN; "" where the account is not configured."""
    aws = config.aws
    return (
        Account(aws.account, aws.region, partition_of(aws.region)).role(role) if aws.account else ""
    )


def released_branch_notes(github: GitHub, default: str, names: Collection[str]) -> tuple[str, ...]:
    """What is said of the branch that is released, a sentence each.

    default: the repository's default branch, "" where nobody knows; names: the branches that
    there are. Raises ConfigError for a branch that there is not: its workflows would never run.
    """
    if not default or default == github.main:
        return ()
    if default in names and github.main not in names:
        raise ConfigError(
            f"github.main: there is no branch {github.main} here, so no workflow would ever run; "
            f"the default branch is {default}",
            f"Write in shipway.toml: [github] main = {json.dumps(default, ensure_ascii=False)}.",
            code="invalid-setting",
        )
    return (
        f"{github.main} is released, and the default branch is {default}: GitHub starts what is "
        f"scheduled by the workflows of {default}",
    )


_IDS = re.compile(r"(?<=[^:])@\d+")


def subject_mismatch(claimed: str, expected: str, environment: str) -> str:
    """Why a job is not the one that the role trusts, and what to do. claimed: the subject of its
    token; expected: the one of the configuration, "" where the repository is not configured."""
    write = "then `shipway infra apply` (or change the role's trust policy)"
    if not expected:
        return f"Let the role trust exactly {claimed}."
    if not claimed.endswith(f":environment:{environment}"):
        return (
            f"The job does not run in the environment {environment}: its `environment:` is what "
            "the subject ends with."
        )
    if _IDS.sub("", claimed) == _IDS.sub("", expected):
        if not _IDS.search(claimed):
            return (
                "The repository is older than 15 July 2026 and has not opted in to immutable "
                f'subjects: write [github] oidc_subject = "name", {write}; or opt in.'
            )
        if not _IDS.search(expected):
            return (
                "The repository has immutable subjects: write [github] oidc_subject = "
                f'"immutable", with owner_id and repository_id, {write}.'
            )
        return f"The numbers differ: correct [github] owner_id and repository_id, {write}."
    return f"It is another repository: correct [github] repository, {write}."


# The files of .github/workflows, as the configuration wants them.

FOLDER = ".github/workflows"
REQUIREMENTS = ".github/shipway.txt"
_TEMPLATES = Path(__file__).parent / "templates"
_PROVED = ("quality", "security", "test", "build")  # stages before anything leaves the runner
_SPARE = 30  # minutes of a deploying job beyond the longest rollout
_LONGEST_JOB = 360  # minutes (GitHub, "Actions limits")
_FOLDER_NAME = re.compile(r"[\w./ +@-]+")
_AUTHOR = re.compile(r"# Written by `shipway(?: -C (.+?))? workflows write`")
# GitHub, "Secrets reference": naming your secrets.
_SECRET_NAME = re.compile(r"(?!GITHUB_)[A-Z_][A-Z0-9_]*", re.IGNORECASE)
_LINE_END = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


@dataclass(frozen=True)
class GeneratedWorkflows:
    """files: name → text. left_out: what there is no workflow for, each a sentence. notes: what a
    person should know of them."""

    files: dict[str, str]
    left_out: tuple[str, ...]
    notes: tuple[str, ...] = ()


def generate_workflows(
    config: Config, folder: str, commands: Collection[str], stages: Collection[str] = STAGES
) -> GeneratedWorkflows:
    """The workflows of a project.

    folder: the project's, as seen from the repository's top; "." for the top itself. commands:
    those that this Shipway has. stages: those of the project that have steps; with its workflows
    quality has one. Raises ConfigError for a value that has no place in a workflow.
    """
    destinations = tuple(deploy_targets(config))
    released = next(
        (target for target in destinations if target.branch == config.github.main), None
    )
    others = [target for target in destinations if target is not released]
    monitored = released is not None and "monitor" in commands
    _harmless(config, destinations)
    if not _FOLDER_NAME.fullmatch(folder):
        raise ConfigError(
            f"{folder!r} cannot stand in a workflow",
            "Give the folder a plain name.",
            code="invalid-setting",
        )
    proved = [stage for stage in _PROVED if stage in stages or stage == "quality"]
    features = github_features(config.github)
    secured = "security" in proved or features.codeql or features.dependency_review
    values = _values(config, folder, commands) | {
        "proved": proved,
        "apart": [stage for stage in proved if stage != "security"],
        "secured": secured,
        "published": "publish" in stages,
        "released": released,
        "monitored": monitored,
        "notified": config.notify.variables if config.notify.runs else (),
        "branches": list(
            dict.fromkeys((config.github.main, *(target.branch for target in others)))
        ),
    }
    selection = {
        "ci-cd.yml": True,
        "security.yml": secured,
        "deploy.yml": bool(destinations),
        "monitoring.yml": monitored,
    }
    files = {name: values for name, enabled in selection.items() if enabled}
    environment = _environment()
    prefix = str(values["prefix"])
    texts = {
        prefix + name: _render(environment, name.removesuffix(".yml"), variables)
        for name, variables in files.items()
    }
    for target in others:
        texts[f"{prefix}{target.file}.yml"] = _render(
            environment, "deploy-to", {**values, "target": target}
        )
    left_out = (
        *_left_out(config, destinations, released, commands),
        *_private_repository(config.github),
    )
    notes = (*_visibility_notes(config.github), *_duration_notes(destinations, config))
    return GeneratedWorkflows(texts, left_out, notes)


def _duration_notes(destinations: Iterable[DeployTarget], config: Config) -> Iterator[str]:
    for target in destinations:
        minutes = config.environments[target.name].ecs.timeout / 60 + _SPARE
        if minutes > _LONGEST_JOB:
            yield (
                f"{target.name}: a rollout may take {minutes / 60:.1f} hours, and a job on "
                "GitHub's machines ends after 6: ECS goes on, and `shipway resume` follows it"
            )


def header_line(folder: str) -> str:
    """The first line of every file: who wrote it."""
    command = "shipway" if folder == "." else f"shipway -C {shlex.quote(folder)}"
    return f"# Written by `{command} workflows write`: change shipway.toml, and write it again."


def author_folder(text: str) -> str:
    """The folder of the application whose workflow this is; "" where Shipway did not write it."""
    match = _AUTHOR.match(text)
    return (match[1] or ".").strip("'") if match else ""


def _shared_cache(cache: Cache) -> dict[str, Any]:
    """What jobs need of the cache that is shared: its secrets; a folder is saved and restored."""
    folder = cache.remote.removeprefix("file://") if cache.remote.startswith("file:") else ""
    return {
        "cache_folder": folder,
        "cache_credentials": cache.credentials if cache.remote else "",
        "cache_key": cache.key if cache.remote else "",
        "cache_secrets": cache.variables,
    }


def _values(config: Config, folder: str, commands: Collection[str]) -> dict[str, Any]:
    longest = max(
        (config.environments[name].ecs.timeout for name in remote_environments(config)), default=0
    )
    name = config.github.name
    return {
        "header": header_line(folder),
        "github": config.github,
        "features": github_features(config.github),
        "pythons": _pythons(config),
        "prefix": f"{name}-" if name else "",
        "suffix": f" ({name})" if name else "",
        "changed": [
            f"{folder}/**".removeprefix("./"),
            f"{FOLDER}/{name}-*.yml",
            REQUIREMENTS,
        ],
        "folder": folder,
        "state": f"{folder}/.shipway".removeprefix("./"),
        "slug": re.sub(r"[^a-z0-9]+", "-", folder.lower()).strip("-") or "top",
        "shipway": _call(config, folder),
        "install_lines": _install(config),
        "uses": pinned_action,
        "commands": commands,
        "scanners": tuple(workflow_scanners(config.github.scanners)),
        "deploy_timeout": int(longest / 60) + _SPARE,
        "region": config.aws.region,
        "repository": config.application.name,
        **_shared_cache(config.cache),
        "deploy_permissions": _permissions(attest=github_features(config.github).attest),
    }


def _pythons(config: Config) -> tuple[str, ...]:
    """The application's, then Shipway's: the last is the one that `python` means."""
    return tuple(dict.fromkeys(filter(None, (config.application.python, config.github.python))))


def _install(config: Config) -> tuple[str, ...]:
    """By hash, into a folder of its own: the application's environment is not Shipway's."""
    return config.github.install or (
        'python -m venv "$RUNNER_TEMP/shipway"',
        '"$RUNNER_TEMP/shipway/bin/python" -m pip install --quiet --require-hashes '
        f"--requirement {REQUIREMENTS}",
    )


def _call(config: Config, folder: str) -> str:
    command = config.github.command or '"$RUNNER_TEMP/shipway/bin/shipway"'
    return command if folder == "." else f"{command} -C {shlex.quote(folder)}"


def _permissions(*, attest: bool) -> str:
    lines = [
        "contents: read # the code",
        "id-token: write # to take on the environment's role",
        "deployments: write # to say how it went, and where it answers",
        *(("attestations: write # to sign where it came from",) if attest else ()),
    ]
    return "\n".join(f"      {line}" for line in lines)


def _left_out(
    config: Config,
    destinations: Collection[DeployTarget],
    released: DeployTarget | None,
    commands: Collection[str],
) -> Iterator[str]:
    for name in remote_environments(config):
        if name not in {target.name for target in destinations}:
            yield f'{name}: no branch is deployed there; [github.branches] {name} = "BRANCH" does'
    if not destinations:
        yield "deploy.yml: no environment is on ecs"
    elif released is None:
        yield f"ci-cd.yml deploys nothing: no environment on ecs has {config.github.main}"
    if "monitor" not in commands:
        yield "monitoring.yml: this Shipway has no command `monitor` yet"
    elif released is None:
        yield f"monitoring.yml: there is no {RELEASED} to be watched"


def _harmless(config: Config, destinations: Iterable[DeployTarget]) -> None:
    """What would be understood by GitHub as an expression, or end a line, is refused."""
    github = config.github
    values = {
        "github.name": github.name,
        "github.main": github.main,
        "github.runner": github.runner,
        "github.python": github.python,
        "github.command": github.command,
        **{f"github.install.{index}": line for index, line in enumerate(github.install)},
        "application.name": config.application.name,
        "application.python": config.application.python,
        "aws.region": config.aws.region,
        "cache.remote": config.cache.remote,
    }
    for target in destinations:
        values[f"environments.{target.name}"] = target.name
        values[f"github.branches.{target.name}"] = target.branch
        values[f"github.roles.{target.name}"] = target.role
    for key, value in values.items():
        if "${{" in value or _LINE_END.search(value):
            raise ConfigError(
                f"{key}: {value!r} cannot stand in a workflow",
                "Leave out ${{ and whatever ends a line.",
                code="invalid-setting",
            )
    if not re.fullmatch(r"[A-Za-z0-9_-]*", github.name):
        raise ConfigError(
            f"github.name: {github.name!r} cannot begin the name of a file",
            "Name it by letters, digits, - and _.",
            code="invalid-setting",
        )
    for name in config.notify.variables:
        if not _SECRET_NAME.fullmatch(name):
            raise ConfigError(
                f"notify: {name!r} is no name of a secret in GitHub",
                "Name it by letters, digits and _; it begins with no digit, and not with GITHUB_.",
                code="invalid-setting",
            )
    names = [target.file for target in destinations]
    for name in names:
        if not re.fullmatch(r"deploy-[A-Za-z0-9_-]+", name) or names.count(name) > 1:
            raise ConfigError(
                f"environments: {name}.yml is no name for one workflow",
                "Name environments by letters, digits, - and _.",
                code="invalid-setting",
            )


def _render(environment: Environment, template: str, values: dict[str, Any]) -> str:
    """The text; blank lines part jobs, not steps."""
    lines = [
        line.rstrip()
        for line in environment.get_template(f"{template}.yml.j2").render(values).split("\n")
    ]
    filled = [line for line in lines if line]
    output = filled[:1]
    for before, line in pairwise(filled):
        top = not line.startswith(" ") and not before.startswith("#")
        job = re.fullmatch(r"  [\w-]+:", line) and before.startswith("   ") and "jobs:" in output
        output += ["", line] if top or job else [line]
    return "\n".join(output) + "\n"


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
        lstrip_blocks=True,
        block_start_string="[%",
        block_end_string="%]",
        variable_start_string="[[",
        variable_end_string="]]",
        comment_start_string="[#",
        comment_end_string="#]",
        autoescape=select_autoescape(),  # of HTML: in YAML, what is given is quoted as JSON
    )
    environment.filters.update(
        quoted=_quoted,
        plain=_plain,
        word=shlex.quote,
        inputs=_inputs,
        monitoring_inputs=_monitoring_inputs,
        expression=_expression,
    )
    return environment


def _quoted(value: Any) -> str:
    """A value as YAML: JSON is a part of it, but for how JSON escapes what is beyond 16 bits."""
    return json.dumps(value, ensure_ascii=False)


def _plain(names: list[str]) -> str:
    """A list of words that are ours."""
    return f"[{', '.join(names)}]"


def _expression(text: str) -> str:
    """A string within an expression of GitHub's."""
    return "'" + text.replace("'", "''") + "'"


def _inputs(target: DeployTarget) -> str:
    return f"{_given(target, target.role)}\n      session: {target.session}"


def _monitoring_inputs(target: DeployTarget) -> str:
    return _given(target, target.monitor)


def _given(target: DeployTarget, role: str) -> str:
    inputs = {"environment": target.name, "role": role, "region": target.region}
    return "\n".join(f"      {name}: {_quoted(value)}" for name, value in inputs.items() if value)
