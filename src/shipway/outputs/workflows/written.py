"""The files of .github/workflows, as the configuration wants them."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shipway.core.config import Config
from shipway.core.errors import ConfigError
from shipway.core.step import STAGES
from shipway.outputs.workflows.actions import uses
from shipway.outputs.workflows.scanners import scanners
from shipway.outputs.workflows.targets import RELEASED, Target, remote, targets

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = ".github/workflows"
REQUIREMENTS = ".github/shipway.txt"
_TEMPLATES = Path(__file__).parent / "templates"
_PROVED = ("quality", "security", "test", "build")  # stages before anything leaves the runner
_SPARE = 30  # minutes of a deploying job beyond the longest rollout
_FOLDER_NAME = re.compile(r"[\w./ +@-]+")
_LINE_END = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


@dataclass(frozen=True)
class Written:
    """files: name → text. left_out: what there is no workflow for, each a sentence."""

    files: dict[str, str]
    left_out: tuple[str, ...]


def write(
    config: Config, folder: str, commands: Collection[str], stages: Collection[str] = STAGES
) -> Written:
    """The workflows of a project.

    folder: the project's, as seen from the repository's top; "." for the top itself. commands:
    those that this Shipway has. stages: those of the project that have steps; with its workflows
    quality has one. Raises ConfigError for a value that has no place in a workflow.
    """
    found = tuple(targets(config))
    released = next((one for one in found if one.branch == config.github.main), None)
    others = [one for one in found if one is not released]
    monitored = released is not None and "monitor" in commands
    _harmless(config, found)
    if not _FOLDER_NAME.fullmatch(folder):
        raise ConfigError(f"{folder!r} cannot stand in a workflow", "Give the folder a plain name.")
    proved = [one for one in _PROVED if one in stages or one == "quality"]
    secured = "security" in proved or config.github.codeql or config.github.dependency_review
    values = _values(config, folder, commands) | {
        "proved": proved, "apart": [one for one in proved if one != "security"],
        "secured": secured, "published": "publish" in stages,
        "released": released, "monitored": monitored,
        "branches": list(dict.fromkeys((config.github.main, *(one.branch for one in others)))),
    }  # fmt: skip
    wanted = {"ci-cd.yml": True, "security.yml": secured, "deploy.yml": bool(found),
              "monitoring.yml": monitored}  # fmt: skip
    files = {name: values for name, there in wanted.items() if there}
    environment = _environment()
    texts = {
        name: _render(environment, name.removesuffix(".yml"), given)
        for name, given in files.items()
    }
    for one in others:
        texts[f"{one.file}.yml"] = _render(environment, "deploy-to", {**values, "target": one})
    return Written(texts, tuple(_left_out(config, found, released, commands)))


def mark(folder: str) -> str:
    """The first line of every file: who wrote it."""
    words = "shipway" if folder == "." else f"shipway -C {shlex.quote(folder)}"
    return f"# Written by `{words} workflows write`: change shipway.toml, and write it again."


def _values(config: Config, folder: str, commands: Collection[str]) -> dict[str, Any]:
    longest = max((config.environments[name].ecs.timeout for name in remote(config)), default=0)
    return {
        "header": mark(folder), "github": config.github, "folder": folder,
        "state": f"{folder}/.shipway".removeprefix("./"),
        "slug": re.sub(r"[^a-z0-9]+", "-", folder.lower()).strip("-") or "top",
        "shipway": _call(config, folder), "install_lines": _install(config), "uses": uses,
        "commands": commands, "scanners": tuple(scanners(config.github.scanners)),
        "deploy_timeout": int(longest / 60) + _SPARE, "region": config.aws.region,
        "repository": config.application.name,
        "deploy_permissions": _permissions(attest=config.github.attest),
    }  # fmt: skip


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
        "id-token: write # to take on the environment's role, for an hour",
        "deployments: write # to say how it went, and where it answers",
        *(("attestations: write # to sign where it came from",) if attest else ()),
    ]
    return "\n".join(f"      {line}" for line in lines)


def _left_out(
    config: Config, found: Collection[Target], released: Target | None, commands: Collection[str]
) -> Iterator[str]:
    for name in remote(config):
        if name not in {one.name for one in found}:
            yield f'{name}: no branch is deployed there; [github.branches] {name} = "BRANCH" does'
    if not found:
        yield "deploy.yml: no environment is on ecs"
    elif released is None:
        yield f"ci-cd.yml deploys nothing: no environment on ecs has {config.github.main}"
    if "monitor" not in commands:
        yield "monitoring.yml: this Shipway has no command `monitor` yet"
    elif released is None:
        yield f"monitoring.yml: there is no {RELEASED} to be watched"


def _harmless(config: Config, found: Iterable[Target]) -> None:
    """What would be understood by GitHub as an expression, or end a line, is refused."""
    github = config.github
    given = {
        "github.main": github.main, "github.runner": github.runner,
        "github.python": github.python, "github.command": github.command,
        **{f"github.install.{place}": line for place, line in enumerate(github.install)},
        "application.name": config.application.name, "aws.region": config.aws.region,
    }  # fmt: skip
    for one in found:
        given[f"environments.{one.name}"] = one.name
        given[f"github.branches.{one.name}"] = one.branch
        given[f"github.roles.{one.name}"] = one.role
    for key, value in given.items():
        if "${{" in value or _LINE_END.search(value):
            raise ConfigError(
                f"{key}: {value!r} cannot stand in a workflow",
                "Leave out ${{ and whatever ends a line.",
            )
    names = [one.file for one in found]
    for name in names:
        if not re.fullmatch(r"deploy-[A-Za-z0-9_-]+", name) or names.count(name) > 1:
            raise ConfigError(
                f"environments: {name}.yml is no name for one workflow",
                "Name environments by letters, digits, - and _.",
            )


def _render(environment: Environment, template: str, values: dict[str, Any]) -> str:
    """The text; blank lines part jobs, not steps."""
    lines = [
        line.rstrip()
        for line in environment.get_template(f"{template}.yml.j2").render(values).split("\n")
    ]
    filled = [line for line in lines if line]
    kept = filled[:1]
    for before, line in pairwise(filled):
        top = not line.startswith(" ") and not before.startswith("#")
        job = re.fullmatch(r"  [\w-]+:", line) and before.startswith("   ") and "jobs:" in kept
        kept += ["", line] if top or job else [line]
    return "\n".join(kept) + "\n"


def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), undefined=StrictUndefined, trim_blocks=True,
        keep_trailing_newline=True,
        lstrip_blocks=True, block_start_string="[%", block_end_string="%]",
        variable_start_string="[[", variable_end_string="]]", comment_start_string="[#",
        comment_end_string="#]",
        autoescape=select_autoescape(),  # of HTML: in YAML, what is given is quoted as JSON
    )  # fmt: skip
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


def _inputs(target: Target) -> str:
    return _given(target, target.role)


def _monitoring_inputs(target: Target) -> str:
    return _given(target, target.monitor)


def _given(target: Target, role: str) -> str:
    given = {"environment": target.name, "role": role, "region": target.region}
    return "\n".join(f"      {name}: {_quoted(value)}" for name, value in given.items() if value)
