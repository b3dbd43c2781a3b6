"""Resolves what an application wants to exact versions with hashes, by uv."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from shipway.errors import CannotRun
from shipway.ports import Command, OnOutput, Processes
from shipway.releases.index_access import (
    index_environment,
    index_reference,
    index_secrets,
    index_variables,
)
from shipway.releases.lock_header import input_digest, lock_header, lock_inputs
from shipway.scaffold.lock_text import (
    PYPI,
    LockText,
    moved_packages,
    plain_index,
    read_lock,
    same_index,
    shareable_lock,
)
from shipway.scaffold.proposal import LOCK, TEST_LOCK, Proposal
from shipway.scaffold.requirement_files import requirement_name, without_itself
from shipway.scaffold.requirements import ROOT, Index, Part, Requirements
from shipway.source_text import read_bytes
from shipway.system.files import write_atomic

_LIMIT = 600.0  # seconds; a package that has to be built to know what it needs takes long
_NAME = "shipway-requirements"
_NO_LIMIT = "9999-01-01T00:00:00Z"


@dataclass(frozen=True)
class LockResolver:
    """root: the application's. state: where the files for uv are written. env: all that uv sees,
    but for the access to indexes. environment: the caller's variables. python: the interpreter,
    or the version, that the locks are for."""

    root: str
    state: str
    uv: str
    processes: Processes
    env: Mapping[str, str]
    say: OnOutput
    python: str = ""
    environment: Mapping[str, str] | None = None

    def locks(self, proposal: Proposal) -> dict[str, str]:
        """path → text of both locks; empty where the lock that is there has everything.

        Raises CannotRun with uv's own explanation where there is no such set of versions, and
        where a package would come from another place than the files and the last lock have it.
        """
        wants = proposal.survey.wanted
        if proposal.production is None or proposal.testing is None or wants is None:
            return {}
        os.makedirs(self._folder, exist_ok=True)
        texts = self._texts(wants)
        try:
            production = self._production(wants, proposal, texts)
        except CannotRun as problem:
            bare = {path: without_itself(text) for path, text in wants.texts.items()}
            if bare == wants.texts:
                raise
            self.say(f"left out: what only the application itself requires: {problem.message}")
            texts = self._write_texts(bare)
            production = self._production(wants, proposal, texts)
        testing = self._testing(wants, proposal, texts, production)
        expected = {**self._last_places(), **wants.places}
        for lock in (production, testing):
            self._refuse_moved(lock, expected)
        head = lock_header({path: self._digest(path) for path in wants.sources})
        return {LOCK: head + production.text(), TEST_LOCK: head + testing.text()}

    @property
    def _folder(self) -> str:
        return os.path.join(self.state, "lock")

    def _texts(self, wants: Requirements) -> Mapping[str, str]:
        """The requirements files that uv gets in place of the repository's: all or none."""
        if not wants.rewritten and all(
            self._bytes(path) == text.encode("utf-8", "surrogateescape")
            or _is_utf8(self._bytes(path))
            for path, text in wants.texts.items()
        ):
            return {}
        return self._write_texts(wants.texts)

    def _write_texts(self, texts: Mapping[str, str]) -> Mapping[str, str]:
        for path, text in texts.items():
            target = os.path.join(self._folder, "files", path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            write_atomic(target, text.encode("utf-8", "surrogateescape"))
        return texts

    def _production(
        self, wants: Requirements, proposal: Proposal, texts: Mapping[str, str]
    ) -> LockText:
        """What is shipped: by the other lock's pins, as of the proposal's day, else today's."""
        added = proposal.production or ()
        sources = [
            *self._inputs(wants, texts, testing=False),
            self._write("production.in", added),
        ]
        try:
            return self._compile(
                "production", wants, sources, wants.constraints, options=_of_its_day(proposal)
            )
        except CannotRun as problem:
            if not wants.constraints and not proposal.as_of:
                raise
            other = "was there that day" if proposal.as_of else "the other lock pins"
            self.say(f"what {other} does not fit together here: {problem.message}")
            return self._compile("production", wants, sources, ())

    def _testing(
        self,
        wants: Requirements,
        proposal: Proposal,
        texts: Mapping[str, str],
        production: LockText,
    ) -> LockText:
        """The same versions as in production, and what tests want besides, as their lock has it."""
        added = (*(proposal.production or ()), *(proposal.testing or ()))
        sources = [
            *self._inputs(wants, texts, testing=True),
            self._write("testing.in", added),
        ]
        names = production.places
        others = [pin for pin in wants.constraints if pin.partition("==")[0] not in names]
        problem: CannotRun | None = None
        for limits in ((*production.pins, *others), tuple(production.pins)):
            try:
                return self._compile("testing", wants, sources, limits, proposal.untested)
            except CannotRun as failure:
                problem = problem or failure
                if not others:
                    break
        least = [line for line in added if line in ("pytest", "coverage", "httpx")]
        self.say(f"what tests want does not fit what is shipped: {problem and problem.message}")
        shipped = self._inputs(wants, texts, testing=False)
        added = (*(proposal.production or ()), *least)
        return self._compile(
            "testing",
            wants,
            [*shipped, self._write("testing.in", added)],
            production.pins,
            proposal.untested,
        )

    def _inputs(self, wants: Requirements, texts: Mapping[str, str], *, testing: bool) -> list[str]:
        """What uv reads, as words for its command line."""
        parts = (wants.production, wants.testing) if testing else (wants.production,)
        words: list[str] = []
        for part in parts:
            if wants.lock and part is wants.production:
                words.append(self._export(wants, testing=testing))
            else:
                words += [self._readable(path, texts) for path in part.files]
            if not wants.lock:
                words += _groups(part)
        if lines := [line for part in parts for line in part.lines]:
            words.append(self._project(wants, lines))
        return words

    def _readable(self, path: str, texts: Mapping[str, str]) -> str:
        return os.path.join(self._folder, "files", path) if path in texts else path

    def _export(self, wants: Requirements, *, testing: bool) -> str:
        """uv.lock as requirements. Raises CannotRun where it lacks what pyproject.toml wants.

        One that uv would only write in other words is no fault of the application.
        """
        out = os.path.join(self._folder, "uv-lock.txt")
        complaint = self._exported(wants, out, "--locked", testing=testing)
        if "needs to be updated" in complaint and not self._exported(
            wants, out, "--frozen", testing=testing
        ):
            with open(out, encoding="utf-8") as file:
                locked = read_lock(file.read()).places
            missing = sorted(wants.names - locked.keys())
            if not missing:
                self.say(f"{wants.lock} is older than its project or its index: its versions stay")
                return out
            complaint = f"{complaint} It lacks {', '.join(missing)}."
        if complaint:
            raise CannotRun(
                f"{wants.lock} cannot be read: {complaint}",
                "Bring it up to date with `uv lock`, then run `shipway init --relock`.",
            )
        return out

    def _exported(self, wants: Requirements, out: str, mode: str, *, testing: bool) -> str:
        """Have uv export its lock; what it complains of, "" where it did."""
        argv = (
            self.uv,
            "export",
            "--quiet",
            mode,
            "--no-default-groups",
            "--no-emit-project",
            "--no-editable",
            "--no-annotate",
            "--no-header",
            "--emit-index-url",
            "--output-file",
            out,
            *_groups(wants.production),
            *(_groups(wants.testing) if testing else ()),
            *self._python_option,
        )
        done = self.processes.run(
            Command(argv, self.root, self._env(wants), _LIMIT, self._secrets(wants))
        )
        return _words(done.stderr or done.stdout) if done.code else ""

    def _project(self, wants: Requirements, lines: Sequence[str]) -> str:
        """A pyproject.toml for uv with what it cannot read by itself: translated requirements."""
        here = f"file://{quote(self.root)}"
        requirements = [line.replace(ROOT, here) for line in lines]
        folder = os.path.join(self._folder, "translated")
        os.makedirs(folder, exist_ok=True)
        text = [
            "[project]",
            f'name = "{_NAME}"',
            'version = "0"',
            f"dependencies = {json.dumps(requirements)}",
            "[tool.uv.sources]",
            *(
                f"{json.dumps(name)} = {{ index = {json.dumps(index)} }}"
                for name, index in wants.by_index.items()
                if any(index == known.name for known in wants.indexes)
            ),
        ]
        for index in wants.indexes:
            if index.name:
                text += [
                    "[[tool.uv.index]]",
                    f"name = {json.dumps(index.name)}",
                    f"url = {json.dumps(_without_user(index.url))}",
                    "explicit = true",
                ]
        path = os.path.join(folder, "pyproject.toml")
        write_atomic(path, ("\n".join(text) + "\n").encode("utf-8"))
        return path

    def _index_options(self, wants: Requirements) -> Iterable[str]:
        """The indexes of Poetry and Pipfile; the last one is asked when no other has a package."""
        if wants.production.files:
            return ()
        asked = [index for index in wants.indexes if not index.explicit]
        options: list[str] = []
        for number, index in enumerate(asked):
            url = self._default if same_index(index.url, (PYPI,)) else _without_user(index.url)
            named = f"{index.name.lower()}={url}" if index.name else url
            options += ("--default-index" if number == len(asked) - 1 else "--index", named)
        return options

    def _compile(
        self,
        name: str,
        wants: Requirements,
        sources: Sequence[str],
        constraints: Sequence[str],
        excluded: Sequence[str] = (),
        options: Sequence[str] = (),
    ) -> LockText:
        limits = self._write(f"{name}.constraints", constraints)
        # uv's own way to leave a package out, whoever wants it: an override that never applies.
        overrides = self._write(
            f"{name}.overrides", [f"{package}; sys_platform == 'none'" for package in excluded]
        )
        out = os.path.join(self._folder, f"{name}.txt")
        if os.path.exists(out):
            os.unlink(out)  # uv would prefer the versions that are in it
        argv = (
            self.uv,
            "pip",
            "compile",
            "--quiet",
            "--generate-hashes",
            "--no-annotate",
            "--no-header",
            "--emit-index-url",
            "--emit-find-links",
            "--emit-build-options",
            "--emit-index-annotation",
            "--constraint",
            limits,
            *(("--override", overrides) if excluded else ()),
            "--output-file",
            out,
            *self._python_option,
            *self._index_options(wants),
            *options,
            *sources,
        )
        before = self._metadata(wants)
        done = self.processes.run(
            Command(argv, self.root, self._env(wants), _LIMIT, self._secrets(wants))
        )
        for folder in self._metadata(wants) - before:  # uv builds a package where it is
            shutil.rmtree(folder, ignore_errors=True)
        if done.code:
            output = done.stderr or done.stdout
            kind = (
                "no versions satisfy the requirements"
                if "No solution found" in output
                else "the requirements cannot be resolved"
            )
            raise CannotRun(
                f"{kind}: {_words(output)}",
                "Correct the requirements; .python-version says which Python they are for. "
                "Then run `shipway init --relock`.",
            )
        with open(out, encoding="utf-8") as file:
            lock, notes = shareable_lock(
                file.read(), self.root, self._default, self._references(wants)
            )
        for note in notes:
            self.say(f"not in the lock: {note}")
        return lock

    def _metadata(self, wants: Requirements) -> set[str]:
        """The folders that setuptools left beside sources that it looked at."""
        folders = (".", "src", *wants.folders, *(f"{path}/src" for path in wants.folders))
        return {
            os.path.join(self.root, folder, name)
            for folder in folders
            if os.path.isdir(os.path.join(self.root, folder))
            for name in os.listdir(os.path.join(self.root, folder))
            if name.endswith(".egg-info")
        }

    # Indexes

    @property
    def _default(self) -> str:
        """The index that this machine asks where nothing names another."""
        caller = self.environment or self.env
        return next(
            (caller[name] for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL") if caller.get(name)),
            PYPI,
        )

    def _access(self, wants: Requirements) -> dict[str, str]:
        urls = [index.url for index in wants.indexes]
        access = index_environment(self.environment or self.env, (*wants.texts.values(), *urls))
        for index in wants.indexes:
            access.update(_user_of(index, access))
        return access

    def _env(self, wants: Requirements) -> dict[str, str]:
        return {**self.env, **self._access(wants)}

    def _secrets(self, wants: Requirements) -> tuple[str, ...]:
        return index_secrets(self._access(wants))

    def _references(self, wants: Requirements) -> dict[str, str]:
        """URL of an index → the URL that the lock has."""
        access = index_environment(self.environment or self.env, ())
        return {
            plain_index(index.url): index_reference(index.name, index.url, access)
            for index in wants.indexes
        }

    # Places

    def _last_places(self) -> dict[str, str]:
        """Where the packages of the lock that is there are from, if it says so."""
        text = self._bytes(LOCK).decode("utf-8", "replace")
        return read_lock(text).places if lock_inputs(text) else {}

    def _refuse_moved(self, lock: LockText, expected: Mapping[str, str]) -> None:
        moved = moved_packages(lock, expected, self._default)
        if moved:
            raise CannotRun(
                "a package of the same name from another place is another package: "
                + "; ".join(moved),
                f"Name its index or its folder in the requirements. If it did move: delete {LOCK} "
                "and run `shipway init --relock`.",
            )

    @property
    def _python_option(self) -> tuple[str, ...]:
        return ("--python", self.python) if self.python else ()

    def _write(self, name: str, lines: Sequence[str]) -> str:
        path = os.path.join(self._folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        return path

    def _bytes(self, path: str) -> bytes:
        try:
            return read_bytes(os.path.join(self.root, path))
        except FileNotFoundError:
            return b""

    def _digest(self, path: str) -> str:
        return input_digest(self._bytes(path))


def _of_its_day(proposal: Proposal) -> list[str]:
    """uv's options for a lock of another day; what is added to it is of today."""
    if not proposal.as_of:
        return []
    added = map(requirement_name, proposal.production or ())
    own = [f"--exclude-newer-package={name}={_NO_LIMIT}" for name in added]
    return ["--exclude-newer", proposal.as_of, *own]


def _groups(part: Part) -> list[str]:
    """uv's options for extras and groups of pyproject.toml."""
    return [
        *(word for extra in part.extras for word in ("--extra", extra)),
        *(word for group in part.groups for word in ("--group", group)),
    ]


def _words(output: str) -> str:
    return " ".join(line.strip() for line in output.strip().splitlines())


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in data


def _user_part(url: str) -> str:
    scheme, _, rest = url.partition("://")
    host = rest.partition("/")[0]
    return host.rpartition("@")[0] if scheme else ""


def _without_user(url: str) -> str:
    user = _user_part(url)
    return url.replace(f"{user}@", "", 1) if user else url


def _user_of(index: Index, access: Mapping[str, str]) -> dict[str, str]:
    """The credentials in an index's address, as the variables that uv reads for its name."""
    user, _, password = _user_part(index.url).partition(":")
    values = dict(zip(index_variables(index.name), (user, password), strict=True))
    return {
        variable: access.get(value.removeprefix("${").removesuffix("}"), "")
        if value.startswith("${")
        else value
        for variable, value in values.items()
        if value and index.name
    }
