"""The application's files: listed, fingerprinted with a stat index, and written atomically."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from shipway.errors import CannotRun
from shipway.system.git import absent_parts, head_commit, is_ignored, listed_files

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

_NEVER = {
    ".git",
    ".shipway",
    ".venv",
    "__pycache__",
    "node_modules",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".hypothesis",
}
HISTORY = "git:history"  # as a pattern: all commits that HEAD reaches
_BLOB = re.compile(r"[0-9a-f]{64}")
_MAGIC = frozenset("*?[!")


class FileTree:
    """The files below an application's root.

    index: path → (stat, digest) as remembered by the record; a file whose size, times and
    inode are as remembered is not read again. `learned` holds what is new since then.
    """

    def __init__(self, root: str, index: Mapping[str, tuple[str, str]]) -> None:
        self.root = root
        self.learned: dict[str, tuple[str, str]] = {}
        self._index = index
        self._listing: list[str] | None = None
        self._matches: dict[tuple[str, ...], list[str]] = {}

    def fingerprints(self, patterns: tuple[str, ...]) -> dict[str, str]:
        """path → digest (with mode and kind) of every file that the patterns name."""
        fingerprints = {path: self.fingerprint(path) for path in self.match(patterns)}
        if HISTORY in patterns:
            fingerprints[HISTORY] = head_commit(self.root)[0]
        return fingerprints

    def match(self, patterns: tuple[str, ...]) -> list[str]:
        """The files that patterns name, sorted.

        A literal path is taken as it is, even if ignored by git: somebody named it.
        Patterns are those of .gitignore and see only files that git does not ignore.
        """
        if patterns not in self._matches:
            if any(_MAGIC.intersection(pattern) for pattern in patterns):
                self._matches[patterns] = self._search(patterns)
            else:
                self._matches[patterns] = sorted(_existing(self.root, patterns))
        return self._matches[patterns]

    def touched(self, patterns: tuple[str, ...], changed: Set[str]) -> bool:
        """Whether the patterns name one of the paths that changed, which may be gone by now."""
        folders = tuple(f"{pattern.rstrip('/')}/" for pattern in patterns)
        literally = any(f"{path}/".startswith(folders) for path in changed)
        return literally or bool(_matching(patterns, changed))

    def _search(self, patterns: tuple[str, ...]) -> list[str]:
        literal = [pattern for pattern in patterns if not _MAGIC.intersection(pattern)]
        matches = _matching(patterns, self.listing())
        return sorted(matches | set(_existing(self.root, literal)))

    def listing(self) -> list[str]:
        """Every file that git does not ignore, that no tool made.

        Outside of a repository, .gitignore files count all the same, and `.env` is left out.
        Raises CannotRun where there is a repository and git does not answer.
        """
        if self._listing is None:
            names = _versioned(self.root)
            self._listing = sorted(_unversioned(self.root) if names is None else names)
        return self._listing

    def require_whole(self, patterns: tuple[str, ...]) -> None:
        """Raises CannotRun where a file that patterns name is not here with its content.

        That is what a submodule, a sparse checkout and Git LFS leave out of a working tree.
        """
        for part in absent_parts(self.root):
            if self.touched(patterns, {part.path, f"{part.path}/content"}):
                raise CannotRun(
                    f"{part.path} is {part.why}", f"Get it: {part.command}", code="git-failed"
                )
        for path in self.match(patterns):
            if _is_lfs_pointer(os.path.join(self.root, path)):
                raise CannotRun(
                    f"{path} is a pointer of Git LFS, not the file",
                    "Get the files: git lfs pull",
                    code="git-failed",
                )

    def fingerprint(self, path: str) -> str:
        """The digest of one file's content with what it is; "missing" where there is none."""
        full = os.path.join(self.root, path)
        try:
            status = os.lstat(full)
        except OSError:
            return "missing"
        mark = f"{status.st_mtime_ns} {status.st_size} {status.st_ino} {status.st_mode:o}"
        entry = self.learned.get(path) or self._index.get(path)
        if entry is not None and entry[0] == mark:
            return entry[1]
        value = _content(full, status)
        self.learned[path] = (mark, value)
        return value

    def reread(self) -> FileTree:
        """The same tree looked at afresh, knowing what this one knows."""
        return FileTree(self.root, {**self._index, **self.learned})


_POINTER = b"version https://git-lfs.github.com/spec/"
_LONGEST_POINTER = 1024  # bytes, by its specification


def _is_lfs_pointer(full: str) -> bool:
    try:
        status = os.lstat(full)
        if not stat.S_ISREG(status.st_mode) or status.st_size >= _LONGEST_POINTER:
            return False
        with open(full, "rb") as file:
            return file.read(len(_POINTER)) == _POINTER
    except OSError:
        return False


def _content(full: str, status: os.stat_result) -> str:
    executable = "x" if status.st_mode & stat.S_IXUSR else "-"
    if stat.S_ISLNK(status.st_mode):
        return "link " + hashlib.sha256(os.fsencode(os.readlink(full))).hexdigest()[:32]
    if not stat.S_ISREG(status.st_mode):
        return "special"
    hasher = hashlib.sha256()
    try:
        with open(full, "rb") as file:
            while chunk := file.read(1 << 20):
                hasher.update(chunk)
    except OSError as error:
        return f"unreadable {error.errno}"
    return executable + hasher.hexdigest()[:32]


def _matching(patterns: tuple[str, ...], names: Iterable[str]) -> set[str]:
    import pathspec

    spec = pathspec.PathSpec.from_lines("gitignore", patterns)
    # A pattern's ** does not cross a line's end, and a name may hold one.
    lines = {name.replace("\n", "\0"): name for name in names}
    return {lines[line] for line in spec.match_files(lines)}


def _existing(root: str, paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        full = os.path.join(root, path)
        try:
            mode = os.lstat(full).st_mode
        except OSError:
            continue
        if stat.S_ISDIR(mode):
            for below in _walk(full):
                yield f"{path.rstrip('/')}/{below}"
        else:
            yield path


def _versioned(root: str) -> list[str] | None:
    """The files that git knows or would take; None where no repository has them."""
    names = listed_files(root)
    if names is None or (not names and is_ignored(root)):
        return None
    return list(
        _existing(root, [name for name in names if not _NEVER.intersection(name.split("/"))])
    )


# Outside of a repository nobody says of a file of variables that it is to be shipped.
_VARIABLES = re.compile(r"\.env(rc|\..*)?")
_EXAMPLES = (".example", ".sample", ".template", ".dist", ".defaults")


def _unversioned(root: str) -> Iterator[str]:
    """The files of a folder without a repository, but for those that a .gitignore names."""
    from pathspec import GitIgnoreSpec

    specs: dict[str, GitIgnoreSpec] = {}  # folder, "" or with a slash at its end → its .gitignore
    for path in sorted(_walk(root)):
        if path.rpartition("/")[2] == ".gitignore":
            with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
                specs[path.removesuffix(".gitignore")] = GitIgnoreSpec.from_lines(file)
    for path in _walk(root):
        name = path.rpartition("/")[2]
        secret = _VARIABLES.fullmatch(name) and not name.endswith(_EXAMPLES)
        if not (secret or _ignored(path, specs)):
            yield path


def _ignored(path: str, specs: Mapping[str, GitIgnoreSpec]) -> bool:
    """Whether the nearest .gitignore that has a word on a path or on a folder above ignores it."""
    parts = path.split("/")
    for length in range(1, len(parts) + 1):
        part = "/".join(parts[:length]) + ("/" if length < len(parts) else "")
        for depth in range(length - 1, -1, -1):
            folder = "".join(f"{name}/" for name in parts[:depth])
            spec = specs.get(folder)
            verdict = spec.check_file(part.removeprefix(folder)).include if spec else None
            if verdict:
                return True  # also below: what is in an ignored folder cannot be taken back
            if verdict is not None:
                break
    return False


def _walk(root: str, below: str = "") -> Iterator[str]:
    try:
        entries = list(os.scandir(os.path.join(root, below)))
    except OSError:
        return  # not ours to enter, or gone meanwhile: git passes it over, too
    for entry in entries:
        if entry.name in _NEVER:
            continue
        path = f"{below}/{entry.name}" if below else entry.name
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(root, path)
        elif entry.is_file(follow_symlinks=False) or entry.is_symlink():
            yield path  # no pipe or socket: to read one is to wait for ever


def read_texts(
    root: str, suffixes: tuple[str, ...], accepts: Callable[[str, str], bool]
) -> dict[str, str]:
    """path → text of files below a folder, in order; what is not UTF-8 is replaced.

    suffixes: of the names that are read at all. accepts: says of a path, relative and with
    slashes, and its text whether it is one of them. Links that lead nowhere are left out.
    """
    texts = {}
    for name in sorted(name for name in _walk(root) if name.endswith(suffixes)):
        path = os.path.join(root, name)
        if os.path.isfile(path):
            with open(path, encoding="utf-8", errors="replace") as file:
                text = file.read()
            if accepts(name, text):
                texts[name] = text
    return texts


def write_atomic(path: str, data: bytes, mode: int = 0o644) -> None:
    """Replace a file as a whole: a reader sees the old content or the new, never half.

    Raises OSError with the file's name, also for a write that finds no room.
    """
    import tempfile

    folder = os.path.dirname(path) or "."
    os.makedirs(folder, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, mode)
        os.replace(temporary, path)
    except BaseException as error:
        with suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, OSError):
            error.filename = path
        raise


def shortest_path(path: str) -> str:
    """A path for people: from where they stand, where that is shorter."""
    return min(path, os.path.relpath(path), key=len)


def is_blob(path: str) -> bool:
    """Whether this is where a content is kept: its digest, in a folder of the digest's start."""
    folder, name = os.path.split(path)
    return _BLOB.fullmatch(name) is not None and os.path.basename(folder) == name[:2]


class BlobFolder:
    """A folder of contents, each named by its SHA-256."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    @property
    def folder(self) -> str:
        """Where they are."""
        return self._folder

    def put(self, data: bytes) -> str:
        """Store; the digest to ask for it by."""
        name = hashlib.sha256(data).hexdigest()
        path = self._path(name)
        if self.get(name) is None:  # missing, or damaged: then it must not stay so
            os.makedirs(self._folder, mode=0o700, exist_ok=True)
            write_atomic(path, data, 0o600)
        return name

    def get(self, name: str) -> bytes | None:
        """The content; None when it is missing or is not what its name says."""
        try:
            with open(self._path(name), "rb") as file:
                data = file.read()
        except OSError:
            return None
        return data if hashlib.sha256(data).hexdigest() == name else None

    def size(self, name: str) -> int:
        """Bytes of a content; 0 when it is missing."""
        try:
            return os.stat(self._path(name)).st_size
        except OSError:
            return 0

    def _path(self, name: str) -> str:
        return os.path.join(self._folder, name[:2], name)


# Copies of a part of a folder, as a whole or not at all.


def copy_files(root: str, files: list[str], target: str) -> None:
    """Copy to the side and rename, so that a release is there as a whole or not at all."""
    beside = f"{target}.new"
    shutil.rmtree(beside, ignore_errors=True)
    try:
        for name in files:
            destination = os.path.join(beside, name)
            folder = os.path.dirname(destination)
            os.makedirs(folder, exist_ok=True)
            base = os.path.realpath(beside)
            inside = os.path.normpath(os.path.join(base, os.path.dirname(name)))
            below = f"{inside}/".startswith(f"{base}/")
            if not below or os.path.realpath(folder) != inside:
                raise CannotRun(
                    f"the release cannot be copied: {name} leads out of it",
                    "Look at [application] release, and at links among the folders of that path.",
                    code="no-release",
                )
            shutil.copy2(os.path.join(root, name), destination, follow_symlinks=False)
            if not os.path.islink(destination):
                os.chmod(destination, os.stat(destination).st_mode & 0o555)
        os.replace(beside, target)
    except OSError as error:
        raise CannotRun(
            f"the release cannot be copied: {error}",
            "Look at that file, and at the free space.",
            code="no-release",
        ) from error


# One process at a time: the others wait for it.

_LOOK = 0.1  # seconds between looks


@contextmanager
def file_lock(path: str, stopping: Callable[[], bool], what: str) -> Iterator[None]:
    """Hold the lock at a path meanwhile. Raises CannotRun when it is stopped while it waits.

    what: what the other one does ("installed").
    """
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "a", encoding="utf-8") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if stopping():
                    raise CannotRun(
                        f"it was stopped while another run {what}", code="interrupted"
                    ) from None
                time.sleep(_LOOK)
        yield
