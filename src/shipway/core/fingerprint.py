"""The cache key of a step: a digest over named parts, so that a miss can be explained.

The parts are the eight rules' (docs/architecture.md): the step's definition, its inputs by
content, the tool's version, the allowed environment, what it needs, Python and the platform.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from shipway.core.step import Step

_WORDS = {
    "definition": "its own definition or configuration changed",
    "tool": "its tool's version changed",
    "machine": "Python or the platform changed",
    "upstream": "a step that it needs ended with something else",
}


def digest(text: str) -> str:
    """A short content digest (SHA-256, 128 bits of it)."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def key_parts(
    step: Step,
    files: Mapping[str, str],
    environment: Mapping[str, str],
    upstream: Mapping[str, str],
    machine: str,
) -> dict[str, str]:
    """The parts of a step's key.

    files: path → content digest with mode. environment: every variable there is; only what
    the step declares is looked at, and unset, empty and a value are three things. upstream:
    needed step → key of its outcome. machine: Python's version and the platform.
    """
    parts = {"definition": step.identity, "tool": step.tool, "machine": machine}
    for name in step.env:
        value = environment.get(name)
        parts[f"env {name}"] = "unset" if value is None else "=" + digest(value)
    for path, content in files.items():
        parts[f"file {path}"] = content
    if upstream:
        parts["upstream"] = "\n".join(f"{name} {key}" for name, key in sorted(upstream.items()))
    return parts


def key_of(parts: Mapping[str, str]) -> str:
    """One digest over all parts. NUL and newline separate what may itself hold spaces."""
    return digest("\n".join(f"{name}\0{value}" for name, value in parts.items()))


def explain(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Why the key is another: one sentence that names what changed."""
    if not before:
        return "it has not passed yet"
    files = [name for name in _changed(before, now) if name.startswith("file ")]
    others = [name for name in _changed(before, now) if not name.startswith("file ")]
    reasons = [_WORDS.get(name) or f"the variable {name[4:]} changed" for name in others]
    if files:
        names = [_file_change(name, before, now) for name in files[:3]]
        more = f" and {len(files) - 3} more" if len(files) > 3 else ""
        reasons.append(", ".join(names) + more)
    return "; ".join(reasons) or "nothing changed"


def _changed(before: Mapping[str, str], now: Mapping[str, str]) -> Iterable[str]:
    return [name for name in dict.fromkeys([*now, *before]) if before.get(name) != now.get(name)]


def _file_change(name: str, before: Mapping[str, str], now: Mapping[str, str]) -> str:
    path = name[5:]
    if name not in before:
        return f"{path} is new"
    return f"{path} is gone" if name not in now else f"{path} changed"
