"""The files that `shipway init` writes where they are missing: settings, Dockerfile, ignores."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff

from shipway.config.bind_address import source_folder, with_address
from shipway.scaffold.proposal import BASELINE, KNOWN_FAILURES, LOCK, Proposal
from shipway.scaffold.requirement_files import DIRECT

# One file that `shipway init` writes, or leaves as it is.


@dataclass(frozen=True)
class FileChange:
    """before: the text that is there, None where no file is. kept: it stays as it is, although
    other text was proposed, because nobody said that it may be replaced."""

    path: str
    before: str | None
    after: str
    kept: bool = False

    @property
    def needed(self) -> bool:
        """Whether something has to be written."""
        return not self.kept and self.before != self.after

    @property
    def word(self) -> str:
        """What becomes of the file."""
        if self.before == self.after:
            return "same"
        if self.kept:
            return "kept"
        return "new" if self.before is None else "changed"

    def diff(self) -> Iterator[str]:
        """The difference, as `diff -u` writes it."""
        before = (self.before or "").splitlines()
        head = f"a/{self.path}" if self.before is not None else "/dev/null"
        yield from unified_diff(
            before, self.after.splitlines(), head, f"b/{self.path}", lineterm=""
        )


_UV = "0.9.7"
_ASK = "import urllib.request as u; u.urlopen('http://127.0.0.1:8000{path}', timeout=2)"
IGNORED = (".shipway/", "__pycache__/")
_OUTSIDE = (
    ".git",
    ".github",
    ".shipway",
    ".venv",
    "venv",
    "node_modules",
    "**/__pycache__",
    "**/*.pyc",
    ".env*",
    "*.sqlite3",
    "*.db",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    ".coverage*",
    "htmlcov",
    "tests",
    "Dockerfile",
    ".dockerignore",
    "shipway.toml",
    BASELINE,
    KNOWN_FAILURES,
)


def dockerfile(proposal: Proposal) -> str:
    """Two stages: what the lock says, by hash, then the application as a user without rights."""
    survey = proposal.survey
    serve = str(proposal.settings["application"].get("serve", ""))
    source = source_folder(survey.application.packages)
    path = f" PYTHONPATH=/app/{source}" if source else ""
    command = json.dumps(shlex.split(with_address(serve, "0.0.0.0:8000")))
    return f"""\
# Written by `shipway init`; from now on it is yours.
ARG PYTHON_IMAGE=python:{proposal.settings["application"]["python"]}-slim-bookworm

FROM ${{PYTHON_IMAGE}} AS build
WORKDIR /build
{_install(proposal)}

FROM ${{PYTHON_IMAGE}}
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 BIND=0.0.0.0:8000{path}
WORKDIR /app
COPY --from=build /venv /venv
COPY . ./
{_build(proposal)}USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \\
    CMD {json.dumps(["python3", "-c", _ASK.format(path=survey.health)])}
CMD {command}
"""


def _build(proposal: Proposal) -> str:
    """The line that makes what a release needs; it sees what stands in for variables in tests."""
    command = proposal.settings["application"].get("build", "")
    stand_ins = proposal.settings.get("application.env", {})
    values = {name: str(value).replace("{data}", "/tmp") for name, value in stand_ins.items()}
    set_ = "".join(f"{name}={shlex.quote(value)} " for name, value in values.items())
    return f"RUN {set_}{command}\n" if command else ""


def _install(proposal: Proposal) -> str:
    lock, wants = proposal.lock, proposal.survey.wanted
    folders = [path for path in wants.folders if not path.startswith("..")] if wants else []
    copies = "".join(f"COPY {json.dumps([path, path])}\n" for path in folders)
    if lock == "uv.lock":
        return f"""\
ENV UV_PROJECT_ENVIRONMENT=/venv
COPY pyproject.toml uv.lock ./
{copies}RUN pip install --no-cache-dir uv=={_UV} \\
    && uv sync --locked --no-dev --no-editable --no-install-project --no-cache"""
    if lock == LOCK and wants and (folders or DIRECT in wants.places.values()):  # pip has no hash
        return f"""\
COPY {lock} ./
{copies}RUN python3 -m venv /venv \\
    && pip install --no-cache-dir uv=={_UV} \\
    && uv pip install --no-cache --python /venv/bin/python --no-deps --no-sources \\
    --index-strategy unsafe-best-match -r {lock}"""
    hashes = " --require-hashes --no-deps" if lock == LOCK else ""
    return f"""\
COPY {lock} ./
RUN python3 -m venv /venv \\
    && /venv/bin/pip install --no-cache-dir{hashes} -r {lock}"""


def dockerignore() -> str:
    """What has no place in an image."""
    return "\n".join(_OUTSIDE) + "\n"


def gitignore(text: str, patterns: Iterable[str] = IGNORED) -> str:
    """A .gitignore with what is missing added at its end, and nothing else changed."""
    lines = {line.strip().rstrip("/") for line in text.splitlines()}
    missing = [line for line in patterns if line.rstrip("/") not in lines]
    if not missing:
        return text
    end = "" if not text or text.endswith("\n") else "\n"
    return text + end + "".join(f"{line}\n" for line in missing)


def gitattributes(text: str, paths: Iterable[str]) -> str:
    """A .gitattributes by which files that Shipway writes keep their line ends in every clone.

    What is missing is added at its end; nothing where all text has that already.
    """
    rows = [line.split() for line in text.splitlines()]
    if any(row[:1] == ["*"] and "eol=lf" in row for row in rows):
        return text
    named = {row[0] for row in rows if row}
    missing = [path for path in paths if path not in named]
    end = "" if not text or text.endswith("\n") or not missing else "\n"
    return text + end + "".join(f"{path} text eol=lf\n" for path in missing)


# The text of shipway.toml for a proposal.

_BARE = re.compile(r"^[A-Za-z0-9_-]+$")
_HEAD = """\
# How {name} is shipped. Written by `shipway init`; from now on it is yours.
# What is not here is worked out from the files, or the default.
"""


def settings_text(proposal: Proposal) -> str:
    """TOML 1.0, a table after the other; behind a value that stands in, where it is read."""
    head = _HEAD.format(name=proposal.survey.application.name)
    return f"{head}\n{tables_text(proposal.settings, proposal.notes)}"


def tables_text(
    tables: Mapping[str, Mapping[str, object]], notes: Mapping[str, str] | None = None
) -> str:
    """Tables as TOML. Their names are keys, dotted. notes: variable → a comment behind it."""
    parts: list[str] = []
    for table, values in tables.items():
        if not values:
            continue
        parts.append(f"[{table}]")
        for key, value in values.items():
            note = (notes or {}).get(key, "") if table.endswith(".env") else ""
            parts.append(f"{_key(key)} = {toml_value(value)}{f'  # {note}' if note else ''}")
        parts.append("")
    return "\n".join(parts)


def toml_value(value: object) -> str:
    """A value as TOML; its basic strings escape as JSON's do (TOML 1.0, String)."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(str(key))} = {toml_value(item)}" for key, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value)


def _key(text: str) -> str:
    return text if _BARE.match(text) else toml_value(text)
