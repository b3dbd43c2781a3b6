"""What git says of a working tree: its commit and branch, and what changed since another."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from shipway.errors import CannotRun, ConfigError, ErrorCode
from shipway.ports import Changes, Commit
from shipway.source_text import read_bytes

_LARGEST_INDEX = 1 << 30  # bytes
_COMMIT = re.compile(r"[0-9a-f]{7,64}")


def head_commit(root: str) -> tuple[str, str]:
    """The commit and the branch, read from .git without starting git; "" where there is none."""
    git = _folder(root)
    if not git:
        return "", ""
    now = _text(os.path.join(git, "HEAD"))
    if not now.startswith("ref: "):
        return now, ""
    name = now[5:]
    shared = _shared(git)
    commit = _text(os.path.join(shared, name)) or _packed(shared, name)
    return commit, name.removeprefix("refs/heads/")


def tracks(root: str, name: str) -> bool:
    """Whether git tracks a file or folder of this name in `root`, or anything below it.

    The index is searched for the name before git is asked, which takes longer than all else that
    an unchanged run does. Where git then refuses to answer, the name in the index is the answer.
    """
    git = _folder(root)
    if not git:
        return False
    try:
        index = read_bytes(os.path.join(git, "index"), _LARGEST_INDEX).lower()
    except FileNotFoundError:
        return False
    # Version 4 shortens names, a split index has them in another file (gitformat-index).
    # The size of that extension follows its name and is below 16 MB: its first byte is 0.
    whole = index[4:8] in (b"\0\0\0\2", b"\0\0\0\3") and b"link\0" not in index
    wanted = os.fsencode(name.lower())
    if whole and not any(wanted + end in index for end in (b"/", b"\0")):
        return False
    listed = _git(root, "ls-files", "--cached", "-z", "--", f":(icase){name}")
    return wanted in index if listed is None else bool(listed)


def repository_root(root: str) -> str:
    """The repository's top folder; "" outside of one."""
    folder = os.path.abspath(root)
    while not os.path.exists(os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return ""
        folder = above
    return folder


@dataclass(frozen=True)
class Branches:
    """names: the branches that are known here, the remote's too. default: the one that changes
    lead to, "" where git does not say; before its first commit it is not among the names."""

    default: str = ""
    names: frozenset[str] = frozenset()


def known_branches(root: str) -> Branches:
    """The repository's branches; none outside of a repository, or where git does not answer.

    The default branch is the one that the remote names (`refs/remotes/origin/HEAD`, which a clone
    has and a checkout of one commit has not). Without a remote it is the only one that is called as
    default branches are, else the branch that is checked out.
    """
    if not repository_root(root):
        return Branches()
    form = "--format=%(refname)%00%(symref)"
    names: set[str] = set()
    heads: dict[str, str] = {}
    remote = False
    for row in (_git(root, "for-each-ref", form, "refs/heads", "refs/remotes") or "").splitlines():
        ref, _, target = row.partition("\0")
        _, kind, name = ref.split("/", 2)
        if kind == "heads":
            names.add(name)
            continue
        remote = True
        origin, _, name = name.partition("/")
        if target:
            heads[origin] = target.removeprefix(f"refs/remotes/{origin}/")
        else:
            names.add(name)
    usual = [name for name in _DEFAULT_BRANCHES if name in names]
    default = heads.get("origin") or next(iter(heads.values()), "")
    if not default and not remote and len(usual) == 1:
        default = usual[0]
    if not default and not remote and len(names) < 2:
        default = (_git(root, "symbolic-ref", "--short", "--quiet", "HEAD") or "").strip()
    return Branches(default, frozenset(names))


_DEFAULT_BRANCHES = ("main", "master", "trunk")


def _folder(root: str) -> str:
    """Where git keeps what belongs to this working tree."""
    folder = repository_root(root)
    if not folder:
        return ""
    git = os.path.join(folder, ".git")
    if os.path.isfile(git):  # a linked working tree: "gitdir: PATH" (gitrepository-layout)
        return os.path.join(folder, _text(git).removeprefix("gitdir: "))
    return git


def _shared(git: str) -> str:
    """What all working trees of a repository share."""
    return os.path.join(git, _text(os.path.join(git, "commondir")))


def remote_address(root: str) -> str:
    """Where the remote `origin` is fetched from, as git has it; "" where there is none."""
    if not repository_root(root):
        return ""
    return (_git(root, "remote", "get-url", "origin") or "").strip()


def is_shallow(root: str) -> bool:
    """Whether the clone lacks the beginning of its history (gitrepository-layout: `shallow`)."""
    git = _folder(root)
    return bool(git) and os.path.exists(os.path.join(_shared(git), "shallow"))


def listed_files(root: str) -> list[str] | None:
    """Tracked files below a folder, and untracked ones that are not ignored, also in submodules.

    None outside of a repository. Raises GitRefuses where git does not answer: nobody knows then
    which files are ignored.
    """
    if not repository_root(root):
        return None
    output = _answer(root, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    names = []
    for name in filter(None, output.split("\0")):
        within = os.path.join(root, name)
        if not os.path.isdir(within) or os.path.islink(within):
            names.append(name)
        elif os.path.exists(os.path.join(within, ".git")):  # a submodule, or a repository within
            folder = name.rstrip("/")
            names += [f"{folder}/{below}" for below in listed_files(within) or ()]
    return names


def is_ignored(root: str) -> bool:
    """Whether the repository that a folder lies in ignores the folder as a whole."""
    return (
        repository_root(root) != os.path.abspath(root)
        and _git(root, "check-ignore", "--quiet", ".") is not None
    )


@dataclass(frozen=True)
class AbsentPart:
    """What git tracks and did not check out. command: has it checked out."""

    path: str
    why: str
    command: str


def absent_parts(root: str) -> list[AbsentPart]:
    """Submodules that are not checked out, and files that a sparse checkout leaves out.

    Raises GitRefuses.
    """
    if not repository_root(root):
        return []
    parts = []
    output = _answer(root, "ls-files", "--stage", "-t", "-z")
    for row in filter(None, output.split("\0")):
        head, _, path = row.partition("\t")
        tag, mode, *_ = head.split(" ")
        if mode == _GITLINK and not os.path.exists(os.path.join(root, path, ".git")):
            command = f"git submodule update --init {shlex.quote(path)}"
            parts.append(AbsentPart(path, "a submodule that is not checked out", command))
        elif tag == _SKIPPED and not os.path.lexists(os.path.join(root, path)):
            command = "git sparse-checkout disable"
            parts.append(AbsentPart(path, "left out by git's sparse checkout", command))
    return parts


_GITLINK = "160000"  # the mode of a submodule in the index
_SKIPPED = "S"  # the tag of what is not in the working tree on purpose


def changed_files(root: str, ref: str) -> frozenset[str]:
    """Paths that differ from `ref`, with those that git does not track yet.

    Raises ConfigError where git knows no such commit, branch or tag, or does not answer.
    """
    compare = ("diff", "--name-only", "--no-renames", "--relative", "-z", "--end-of-options")
    try:
        tracked = _answer(root, *compare, ref, "--")
        new = _answer(root, "ls-files", "--others", "--exclude-standard", "-z")
    except GitRefuses as problem:
        remedy = problem.remedy if problem.helps else "Name a commit, branch or tag."
        if not problem.helps and is_shallow(root):
            remedy = "The clone is shallow; fetch its history: git fetch --unshallow"
        raise ConfigError(
            f"git cannot compare with {ref!r}: {problem.words}", remedy, code="git-failed"
        ) from None
    return frozenset(path for path in (tracked + new).split("\0") if path)


def commit_time(root: str) -> int:
    """When the commit was made, in seconds since the epoch; 0 where there is none."""
    output = _git(root, "log", "-1", "--format=%ct")
    return int(output) if output and output.strip().isdigit() else 0


def commit_times(root: str, commits: Iterable[str]) -> dict[str, float]:
    """Commit → when it was made, in seconds since the epoch; without those that are not here."""
    known = [commit for commit in commits if _COMMIT.fullmatch(commit)]
    if not known:  # git would take HEAD
        return {}
    form = ("--no-walk=unsorted", "--ignore-missing", "--no-show-signature", "--format=%H %ct")
    rows = (_git(root, "log", *form, *known, "--") or "").splitlines()
    times = dict(row.split() for row in rows)
    return {
        commit: float(time)
        for commit in known
        for whole, time in times.items()
        if whole.startswith(commit)
    }


def last_change(root: str, paths: Sequence[str]) -> int:
    """When the newest commit that touched one of the files was made, in seconds since the epoch; 0
    where none did, where a file differs from its commit, or where git does not answer."""
    files = [f":(literal){path}" for path in paths]
    if not files or _git(root, "status", "--porcelain", "-z", "--", *files) != "":
        return 0
    output = (_git(root, "log", "-1", "--format=%ct", "--", *files) or "").strip()
    return int(output) if output.isdigit() else 0


def has_changes(root: str) -> bool:
    """Whether files below a folder differ from the commit, or are not in it and not ignored.

    False outside of a repository. Raises GitRefuses where git does not answer.
    """
    return bool(repository_root(root) and _answer(root, "status", "--porcelain", "-z", "--", "."))


def changes_between(root: str, old: str, new: str, most: int = 20) -> Changes:
    """The commits below `root` that `new` has and `old` has not, newest first, merges left out.

    Where there are none, those the other way round: going back takes them away. Empty where
    either commit is not known here, as in a shallow clone.
    """
    for since, until in ((old, new), (new, old)):
        commits, more = _between(root, since, until, most)
        if commits:
            return Changes(commits, more, undone=since == new)
    return Changes()


def _between(root: str, since: str, until: str, most: int) -> tuple[tuple[Commit, ...], int]:
    if not (_COMMIT.fullmatch(since) and _COMMIT.fullmatch(until)):
        return (), 0
    span = ("--no-merges", f"{since}..{until}", "--", ".")
    form = ("--format=%h%x1f%an%x1f%s", "--encoding=UTF-8", "--no-show-signature", "--no-color")
    text = _git(root, "log", "-z", f"--max-count={most}", *form, *span)
    count = _git(root, "rev-list", "--count", *span)
    rows = [row.split("\x1f", 2) for row in (text or "").split("\0") if row]
    commits = tuple(Commit(*row) for row in rows if len(row) == 3)
    return commits, max(0, int(count or 0) - len(commits))


def file_in_commit(root: str, commit: str, path: str) -> bytes:
    """The content of a file as a commit has it; nothing where it has none. path: from the top."""
    if not _COMMIT.fullmatch(commit):
        return b""
    return os.fsencode(_git(root, "cat-file", "blob", f"{commit}:{path}") or "")


# What git's hooks need: where they are, and the files of an index or a commit in a folder apart.


def hooks_folder(top: str) -> str:
    """Where git looks for hooks, as `core.hooksPath` says. Raises GitRefuses."""
    return os.path.normpath(
        os.path.join(top, _answer(top, "rev-parse", "--git-path", "hooks").rstrip("\n"))
    )


def is_own_folder(top: str, folder: str) -> bool:
    """Whether a folder is the repository's: in its working tree, or in what git keeps of it."""
    own = (top, _folder(top), _shared(_folder(top)))
    place = os.path.realpath(folder)
    return any(os.path.commonpath((place, path)) == path for path in map(os.path.realpath, own))


def checked_out(top: str) -> str:
    """What HEAD says: `ref: refs/heads/main`, or a commit."""
    return _text(os.path.join(_folder(top), "HEAD"))


def is_busy(root: str) -> bool:
    """Whether git is writing to the working tree or its index: a checkout, a merge, a commit."""
    git = _folder(root)
    return bool(git) and os.path.exists(os.path.join(git, "index.lock"))


def staged_tree(top: str, index: str = "") -> str:
    """The tree that a commit of the index would have. index: another one than the repository's.

    Raises GitRefuses, also where the index has conflicts.
    """
    return _answer(top, "write-tree", index=index).strip()


def unstaged_files(top: str, index: str = "") -> list[str]:
    """Files that differ from the index, and those that git neither knows nor ignores."""
    changed = _answer(top, "diff", "--name-only", "--no-ext-diff", "-z", index=index)
    new = _answer(top, "ls-files", "--others", "--exclude-standard", "-z", index=index)
    return sorted({path for path in (changed + new).split("\0") if path})


def committed_tree(top: str, name: str) -> tuple[str, str]:
    """The commit that an object's name stands for (a tag's is the one that it names), and its tree;
    "" where it is no commit."""
    verify = ("rev-parse", "--verify", "--quiet", "--end-of-options")
    commit = (_git(top, *verify, f"{name}^{{commit}}") or "").strip()
    tree = (_git(top, *verify, f"{commit}^{{tree}}") or "").strip() if commit else ""
    return (commit, tree) if tree else ("", "")


def check_out_tree(top: str, tree: str, head: str, folder: str) -> str:
    """Have the files of a tree in a folder apart; returns the folder of the files.

    head: what HEAD says there. Only what differs from the last time is written. It is a working
    tree of the repository for whoever looks from within, and the repository does not list it.
    """
    git, files = os.path.join(folder, "git"), os.path.join(folder, "tree")
    for path in (git, files):
        os.makedirs(path, mode=0o700, exist_ok=True)
    shared = os.path.realpath(_shared(_folder(top)))
    pointers = (("git/commondir", shared), ("git/HEAD", head), ("tree/.git", f"gitdir: {git}"))
    for name, text in pointers:
        with open(os.path.join(folder, name), "w", encoding="utf-8", errors="surrogateescape") as f:
            f.write(f"{text}\n")
    _answer(files, "-c", "core.fsmonitor=false", "read-tree", "--reset", "-u", tree)
    return files


class GitRefuses(CannotRun):
    """Git does not answer. words: why, in its own; helps: whether the remedy is for just that."""

    default_code: ClassVar[ErrorCode] = "git-failed"

    def __init__(self, verb: str, words: str, remedy: str = "") -> None:
        by_hand = f"See what git says: git {verb}"
        super().__init__(f"git {verb}: {words}", remedy or by_hand)
        self.words = words
        self.helps = bool(remedy)


def _answer(root: str, *arguments: str, index: str = "") -> str:
    """index: the file to use for the repository's own index; "" for that."""
    import logging
    import subprocess

    logging.getLogger(__name__).info("start git %s in %s", " ".join(arguments), root)
    # Its words are looked at: they must not be translated.
    env = {**os.environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
    if index:
        env["GIT_INDEX_FILE"] = index
    try:
        answer = subprocess.run(
            ["git", *arguments], cwd=root, capture_output=True, check=False, env=env
        )
    except OSError as problem:
        reason = f"git cannot be started: {problem.strerror}"
        raise GitRefuses(
            arguments[0], reason, "Install git; its files tell what belongs to the application."
        ) from None
    if answer.returncode:
        raise _refusal(arguments[0], os.fsdecode(answer.stderr).strip())
    return os.fsdecode(answer.stdout)


def _refusal(verb: str, text: str) -> GitRefuses:
    """What git says, with the command that helps: often git prints it below."""
    lines = text.splitlines()
    fatal = next((line for line in lines if line.startswith("fatal: ")), "".join(lines[:1]))
    command = next((line.strip() for line in lines if line.startswith("\tgit ")), "")
    remedy = f"If you trust the folder: {command}" if "dubious ownership" in text else ""
    if "/worktrees/" in fatal:
        remedy = "In the main working tree, give this one's new path: git worktree repair PATH"
    elif "not a git repository" in fatal:
        remedy = "Mend or remove what is in .git; a new repository is made by: git init"
    return GitRefuses(verb, fatal.removeprefix("fatal: ") or "it does not say why", remedy)


def _git(root: str, *arguments: str) -> str | None:
    """The answer; None where there is none, for what may be left unsaid."""
    try:
        return _answer(root, *arguments)
    except GitRefuses:
        return None


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""


def _packed(git: str, name: str) -> str:
    for line in _text(os.path.join(git, "packed-refs")).splitlines():
        commit, _, ref = line.partition(" ")
        if ref == name:
            return commit
    return ""
