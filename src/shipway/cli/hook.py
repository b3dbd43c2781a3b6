"""`shipway hook`: git's hooks, which check what is committed and what is pushed."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass
from hashlib import sha256

from shipway.cli.parser import Parser
from shipway.cli.project import find_root, open_project
from shipway.cli.run import RunRequest, run_as
from shipway.cli.run_name import run_name
from shipway.errors import ConfigError
from shipway.pipeline.command_line import PROGRAM, command_line
from shipway.pipeline.step import Step, StepKind
from shipway.source_text import read_bytes
from shipway.system.child_command import own_program
from shipway.system.clock import SystemClock
from shipway.system.files import file_lock, shortest_path, write_atomic
from shipway.system.git import (
    check_out_tree,
    checked_out,
    committed_tree,
    hooks_folder,
    is_own_folder,
    repository_root,
    staged_tree,
    unstaged_files,
)

PRE_COMMIT, PRE_PUSH = HOOKS = ("pre-commit", "pre-push")
# The checks that look at files one by one, and need no environment of the application.
_SECRETS = ("gitleaks", "trufflehog")
_JUDGE = "findings"  # the step that judges what they find
_STAGES = {PRE_COMMIT: ("quality", "security"), PRE_PUSH: ("quality", "security", "unit")}
_WITHOUT = {PRE_COMMIT: "git commit --no-verify", PRE_PUSH: "git push --no-verify"}

# The file that git starts.

_SIGN = "# Written by `shipway hook install`; `shipway hook uninstall` removes it."
_LARGEST = 1 << 20  # bytes of a hook
_LINE = re.compile(r'^(exec "\$shipway" hook run [a-z-]+ -- )(.*)\n\Z', re.MULTILINE | re.DOTALL)


def hook_script(hook: str, program: str, path: str, folders: Sequence[str]) -> str:
    """What git starts.

    program: Shipway's own, as it was when this was written. path: PATH at that time, which comes
    last: what starts git from a menu has a shorter one. folders: of the projects, from the
    repository's top.
    """
    arguments = shlex.join(folders)
    return f"""#!/bin/sh
{_SIGN}
PATH="$PATH:"{shlex.quote(path)}
export PATH
shipway={shlex.quote(program)}
[ -x "$shipway" ] || shipway=$(command -v shipway) || {{
    echo 'shipway: it is not installed here any more, so nothing was checked' >&2
    echo '  next: install it, and write this hook again: shipway hook install' >&2
    echo '  or this once without it: {_WITHOUT[hook]}' >&2
    exit 1
}}
exec "$shipway" hook run {hook} -- {arguments}
"""


def hook_folders(text: str) -> list[str] | None:
    """The projects that a hook's file checks; None where Shipway did not write it."""
    match = _LINE.search(text)
    if _SIGN not in text or match is None:
        return None
    try:
        return shlex.split(match[2])
    except ValueError:
        return None


@dataclass(frozen=True)
class HookFile:
    """One hook of a repository. folders: None where it is not Shipway's, or there is none."""

    path: str
    exists: bool
    folders: list[str] | None


def _hook_file(folder: str, hook: str) -> HookFile:
    path = os.path.join(folder, hook)
    if not os.path.lexists(path):
        return HookFile(path, False, None)
    foreign = os.path.islink(path) or not os.path.isfile(path)
    text = "" if foreign else read_bytes(path, _LARGEST).decode("utf-8", "surrogateescape")
    return HookFile(path, True, hook_folders(text))


def install_hooks(*, directory: str, hooks: list[str]) -> int:
    """Write the hooks that are asked for; all or none of them."""
    hooks = _asked_for(hooks)
    top, below = _place(directory)
    folder = hooks_folder(top)
    if not is_own_folder(top, folder):
        raise ConfigError(
            f"core.hooksPath is {folder}, outside of this repository: a hook there would run in "
            "other repositories, too",
            f"Put this line into its hook: {command_line('hook', 'run', PRE_COMMIT)}. "
            "Or give this repository hooks of its own: git config core.hooksPath .git/hooks",
            code="hook-not-installed",
        )
    files = {hook: _hook_file(folder, hook) for hook in hooks}
    for hook, file in files.items():
        if file.exists and file.folders is None:
            line = command_line("hook", "run", hook, *(() if below == "." else ("--", below)))
            raise ConfigError(
                f"{file.path} is there, and Shipway did not write it: it stays as it is",
                f"Put this line into it: {line}. Or move it away, and install again.",
                code="hook-not-installed",
            )
    for hook, file in files.items():
        _write(file.path, hook, sorted({*(file.folders or ()), below}))
        print(f"{hook:<10}  {shortest_path(file.path)}: {_CHECKED[hook]}")
    print(f"undone by   {command_line('hook', 'uninstall')}")
    return 0


_CHECKED = {
    PRE_COMMIT: "the quick checks of what is staged",
    PRE_PUSH: "quality, security and unit tests of what is pushed",
}


def uninstall_hooks(*, directory: str, hooks: list[str]) -> int:
    """Remove this project from the hooks; a hook that checks nothing more is removed itself."""
    hooks = _asked_for(hooks)
    top, below = _place(directory)
    folder = hooks_folder(top)
    for hook in hooks:
        file = _hook_file(folder, hook)
        if file.folders is None or below not in file.folders:
            why = (
                "not Shipway's, and stays" if file.exists and file.folders is None else "not there"
            )
            print(f"{hook:<10}  {shortest_path(file.path)}: {why}")
            continue
        rest = [name for name in file.folders if name != below]
        if rest:
            _write(file.path, hook, rest)
        else:
            os.unlink(file.path)
        print(f"{hook:<10}  {shortest_path(file.path)}: {'others stay' if rest else 'removed'}")
    return 0


def _asked_for(hooks: list[str]) -> list[str]:
    for hook in hooks:
        if hook not in HOOKS:
            raise ConfigError(
                f"there is no hook {hook!r} that Shipway writes",
                f"There are: {' and '.join(HOOKS)}.",
                code="unknown-name",
            )
    return hooks or list(HOOKS)


def _write(path: str, hook: str, folders: Sequence[str]) -> None:
    program, *more = own_program()
    search = os.environ.get("PATH", os.defpath)
    text = hook_script(hook, PROGRAM if more else program, search, folders)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    write_atomic(path, text.encode("utf-8", "surrogateescape"), 0o755)


def _place(directory: str) -> tuple[str, str]:
    """The repository's top folder, and the project's folder from there."""
    root = os.path.realpath(find_root(directory))
    top = repository_root(root)
    if not top:
        raise ConfigError(
            f"{root} is in no git repository", "Make it one: git init.", code="git-failed"
        )
    return top, os.path.relpath(root, top)


# What a hook does.


@dataclass(frozen=True)
class Revision:
    """What is to be checked. head: what HEAD says of it. index: the file that the work tree is
    compared with; "" for the repository's own. name: for people."""

    tree: str
    head: str
    name: str
    index: str = ""


def run_hook(*, directory: str, hook: str, folders: list[str]) -> int:
    """Check what is staged, or what is pushed; 0 where nothing failed."""
    index = _leave_hook_variables()
    top = os.path.realpath(repository_root(directory))
    if not folders:
        top, below = _place(directory)
        folders = [below]
    if hook == PRE_COMMIT:
        tree = staged_tree(top, index)
        revisions = [Revision(tree, checked_out(top), "what is staged", index)]
    else:
        revisions = list(_pushed(top, os.environ))
    codes = [_check(top, hook, revision, folders) for revision in revisions]
    worst = max(codes, default=0)
    if worst:
        sys.stdout.flush()
        print(
            f"shipway: {hook}: not everything passed. Correct it, or this once without "
            f"checking: {_WITHOUT[hook]}",
            file=sys.stderr,
        )
    return worst


# What git tells its hooks of the repository would hold for every git that a step starts, in
# whichever folder (githooks, "git rev-parse --local-env-vars").
_VARIABLES = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_PREFIX",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_SHALLOW_FILE",
    "GIT_GRAFT_FILE",
    "GIT_NAMESPACE",
)


def _leave_hook_variables() -> str:
    """Take git's variables away; returns the index that is committed, "" for the repository's own:
    `git commit -a` and `git commit FILE` commit another one."""
    index = os.environ.pop("GIT_INDEX_FILE", "")
    for name in _VARIABLES:
        os.environ.pop(name, None)
    return os.path.abspath(index) if index else ""


def _pushed(top: str, environment: Mapping[str, str]) -> Iterator[Revision]:
    """Each tree that is pushed, once: as git says it on standard input, or the framework pre-commit
    in PRE_COMMIT_TO_REF; what is checked out, where a person asks."""
    rows = []
    if framework := environment.get("PRE_COMMIT_TO_REF"):
        rows = [("", framework)]
    elif sys.stdin.isatty():
        rows = [("", "HEAD")]
    else:
        words = (line.split(" ") for line in sys.stdin.read(_LARGEST).splitlines())
        rows = [(row[0], row[1]) for row in words if len(row) == 4]
        if not rows:  # another hook has read it, or nobody wrote it
            print("git does not say what is pushed: what is checked out is checked")
            rows = [("", "HEAD")]
    known = set[str]()
    for ref, name in rows:
        if not name.strip("0"):  # a branch is deleted
            continue
        commit, tree = committed_tree(top, name)
        if not tree:
            print(f"{ref or name} is no commit: it is not checked")
        elif tree not in known:
            known.add(tree)
            branch = ref.startswith("refs/heads/")
            yield Revision(tree, f"ref: {ref}" if branch else commit, f"commit {commit[:7]}")


def _check(top: str, hook: str, revision: Revision, folders: Sequence[str]) -> int:
    """In the work tree where it is what has to be checked; else in a folder apart."""
    others = unstaged_files(top, revision.index)
    if not others and staged_tree(top, revision.index) == revision.tree:
        return _check_in(top, hook, folders, apart=False)
    note = "the work tree is at another commit"
    if others:
        more = f" and {len(others) - 1} more" if others[1:] else ""
        note = f"{others[0]!r}{more} of the work tree differ{'' if more else 's'}"
    print(f"{hook}: {revision.name} is checked; {note}")
    sys.stdout.flush()
    folder = apart_folder(top, os.environ)
    with file_lock(os.path.join(folder, "lock"), lambda: False, "checked a commit"):
        files = check_out_tree(top, revision.tree, revision.head, folder)
        return _check_in(files, hook, folders, apart=True)


def apart_folder(top: str, environment: Mapping[str, str]) -> str:
    """Where the files are that are checked apart from the work tree: in the user's cache, so that
    no tool finds settings of the work tree in the folders above."""
    home = environment.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    name = sha256(os.fsencode(os.path.realpath(top))).hexdigest()[:16]
    return os.path.join(home, "shipway", "commits", name)


def _check_in(top: str, hook: str, folders: Sequence[str], *, apart: bool) -> int:
    worst = 0
    with chdir(top):  # commands are shown as they are typed at the top of the work tree
        for folder in folders:
            if not os.path.isdir(folder):
                print(f"{folder}: there is no such folder in it; nothing to check")
                continue
            steps = open_project(folder).steps
            skip = skipped_steps(steps, hook, apart=apart)
            if apart and (own := [name for name in skip if name in _own_steps(steps)]):
                print(f"{', '.join(own)}: checked by shipway run only, in the work tree")
            if not set(_asked(steps, hook)) - set(skip):
                print(f"{folder}: it has no step for {hook}; nothing was checked")
                continue
            name = run_name(SystemClock().now(), os.environ)
            request = RunRequest(
                directory=folder,
                stages=_stages(steps, hook),
                skip=skip,
                pages=False,
                inner=True,
            )
            worst = max(worst, run_as(name, request))
    return worst


def _stages(steps: Sequence[Step], hook: str) -> tuple[str, ...]:
    there = {word for step in steps for word in (step.stage, step.name)}
    return tuple(stage for stage in _STAGES[hook] if stage in there)


def _asked(steps: Sequence[Step], hook: str) -> list[str]:
    stages = _STAGES[hook]
    return [step.name for step in steps if step.stage in stages or step.name in stages]


def _own_steps(steps: Sequence[Step]) -> list[str]:
    return [step.name for step in steps if step.kind is StepKind.COMMAND]


def skipped_steps(steps: Sequence[Step], hook: str, *, apart: bool) -> list[str]:
    """What a hook leaves out.

    Before a commit, all but the quick part: checks of quality that need no environment, the
    scanners of secrets in files, and the step that judges what those find. Before a push, apart
    from the work tree, the team's own steps: they may need what git does not keep.
    """
    if hook == PRE_PUSH:
        return _own_steps(steps) if apart else []
    quick = {
        step.name
        for step in steps
        if step.kind is StepKind.CHECK
        and ((step.stage == "quality" and not step.needs) or step.work["check"] in _SECRETS)
    }
    if any(step.stage == "security" for step in steps if step.name in quick):
        quick.add(_JUDGE)
    return [step.name for step in steps if step.name not in quick]


# The words.


def add_to(commands: Parser) -> None:
    """Add the group."""
    commands.add_command("hook", _hook)


def _hook(parser: Parser) -> None:
    """Have git check what is committed and what is pushed.

    Before a commit the quick part runs, on what is staged: linters, formatters and the search for
    secrets, under two seconds where nothing changed. Before a push: quality, security and unit
    tests, on the commit that is pushed. What passed unchanged is not run again.

    Example: shipway hook install
    """
    parser.add_command("install", _install, install_hooks)
    parser.add_command("uninstall", _uninstall, uninstall_hooks)
    parser.add_command("run", _run, run_hook)


def _add_hooks(parser: Parser) -> None:
    parser.add(
        "hooks",
        nargs="*",
        default=[],
        metavar="HOOK",
        help="pre-commit or pre-push. Default: both.",
    )


def _install(parser: Parser) -> None:
    """Write git's hooks pre-commit and pre-push, where git looks for them (core.hooksPath).

    A hook that Shipway did not write is never replaced. Doing it twice changes nothing; in a
    repository with several projects the hooks check each that installed them. All work trees of
    a repository share them.

    With the framework pre-commit no hook is needed: name this repository in
    .pre-commit-config.yaml, with the hooks shipway and shipway-push.

    Once without checking: git commit --no-verify, git push --no-verify.

    Example: shipway hook install pre-commit
    """
    _add_hooks(parser)


def _uninstall(parser: Parser) -> None:
    """Remove what `hook install` wrote.

    Example: shipway hook uninstall
    """
    _add_hooks(parser)


def _run(parser: Parser) -> None:
    """Do what a hook does; this is what git starts.

    What is checked is what is staged, or pushed. Where the work tree differs from it, its files
    are checked in a folder apart, and the command says so.

    Exit code: 0 where nothing failed; what cannot run here is named, and holds nothing up.

    Example: shipway hook run pre-commit
    """
    parser.add("hook", default="", metavar="HOOK", choices=HOOKS, help="pre-commit or pre-push.")
    parser.add(
        "folders",
        nargs="*",
        default=[],
        metavar="DIR",
        help="Folders of projects, from the repository's top. Default: the project here.",
    )
