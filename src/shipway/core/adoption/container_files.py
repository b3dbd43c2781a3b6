"""Dockerfile, .dockerignore and .gitignore for an application that has none."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable

from shipway.core.adoption.proposal import LOCK, Proposal
from shipway.core.serving import bound, source_folder

_PYTHON = "3.11"
_UV = "0.9.7"
_ASK = "import urllib.request as u; u.urlopen('http://127.0.0.1:8000{path}', timeout=2)"
IGNORED = (".shipway/", "__pycache__/")
_OUTSIDE = (
    ".git", ".github", ".shipway", ".venv", "venv", "node_modules", "**/__pycache__", "**/*.pyc",
    ".env*", "*.sqlite3", "*.db", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".coverage*",
    "htmlcov", "tests", "Dockerfile", ".dockerignore", "shipway.toml", "shipway-baseline.sarif",
)  # fmt: skip


def dockerfile(proposal: Proposal) -> str:
    """Two stages: what the lock says, by hash, then the application as a user without rights."""
    found = proposal.survey
    serve = str(proposal.settings["application"].get("serve", ""))
    source = source_folder(found.application.packages)
    path = f" PYTHONPATH=/app/{source}" if source else ""
    command = json.dumps(shlex.split(bound(serve, "0.0.0.0:8000")))
    return f"""\
# Written by `shipway init`; from now on it is yours.
ARG PYTHON_IMAGE=python:{found.python or _PYTHON}-slim-bookworm

FROM ${{PYTHON_IMAGE}} AS build
WORKDIR /build
{_install(proposal.lock)}

FROM ${{PYTHON_IMAGE}}
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 BIND=0.0.0.0:8000{path}
WORKDIR /app
COPY --from=build /venv /venv
COPY . ./
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \\
    CMD {json.dumps(["python3", "-c", _ASK.format(path=found.health)])}
CMD {command}
"""


def _install(lock: str) -> str:
    if lock == "uv.lock":
        return f"""\
ENV UV_PROJECT_ENVIRONMENT=/venv
COPY pyproject.toml uv.lock ./
RUN pip install --no-cache-dir uv=={_UV} \\
    && uv sync --locked --no-dev --no-install-project --no-cache"""
    hashes = " --require-hashes --no-deps" if lock == LOCK else ""
    return f"""\
COPY {lock} ./
RUN python3 -m venv /venv \\
    && /venv/bin/pip install --no-cache-dir{hashes} -r {lock}"""


def dockerignore() -> str:
    """What has no place in an image."""
    return "\n".join(_OUTSIDE) + "\n"


def gitignore(text: str, wanted: Iterable[str] = IGNORED) -> str:
    """A .gitignore with what is missing added at its end, and nothing else changed."""
    lines = {line.strip().rstrip("/") for line in text.splitlines()}
    missing = [line for line in wanted if line.rstrip("/") not in lines]
    if not missing:
        return text
    end = "" if not text or text.endswith("\n") else "\n"
    return text + end + "".join(f"{line}\n" for line in missing)
