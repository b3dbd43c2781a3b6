"""What a Dockerfile says of its base. Format: docs.docker.com/reference/dockerfile."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))")
_FROM = re.compile(r"FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?\s*$", re.IGNORECASE)
_ARG = re.compile(r"ARG\s+(\w+)(?:=(.*))?$", re.IGNORECASE)


def base_of(text: str, args: Mapping[str, str]) -> str:
    """The image that the last stage is from; "" when it is from nothing (`scratch`).

    args: build arguments that are given; those that FROM uses are declared before the first one.
    """
    known: dict[str, str] = {}
    stages: dict[str, str] = {}
    last = ""
    for line in _lines(text):
        if (arg := _ARG.match(line)) and not last:
            default = (arg[2] or "").strip().strip("\"'")
            known[arg[1]] = args.get(arg[1], _filled(default, known))
        elif found := _FROM.match(line):
            last = _filled(found[1], known)
            last = stages.get(last.lower(), last)
            if found[2]:
                stages[found[2].lower()] = last
    return "" if last == "scratch" else last


def _lines(text: str) -> Iterator[str]:
    """Instructions, without comments; what goes on in the next line is one."""
    whole = ""
    for line in text.splitlines():
        bare = line.strip()
        if bare.startswith("#"):
            continue
        whole += bare.removesuffix("\\")
        if not bare.endswith("\\"):
            yield whole
            whole = ""
    yield whole


def _filled(text: str, known: Mapping[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        return known.get(found[1] or found[3]) or found[2] or ""

    return _VARIABLE.sub(value, text)
