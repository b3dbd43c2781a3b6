"""Requirements of Poetry and Pipfile as PEP 508 has them.

https://python-poetry.org/docs/dependency-specification/: caret, tilde and wildcard are Poetry's
own; Pipfile's tables have the same keys.
"""

from __future__ import annotations

import re
from typing import Any

_NUMBER = re.compile(r"^[\^~]?\s*v?(\d+(?:\.\d+)*)(.*)$")


def poetry_line(name: str, value: Any) -> str:
    """One requirement; "" for what is optional, a list of alternatives, or only a path here."""
    if isinstance(value, list):  # one for each Python or platform: each with its own marker
        lines = [line for one in value if (line := poetry_line(name, one))]
        return lines[0] if len(lines) == 1 else name if lines else ""
    if not isinstance(value, dict):
        return name + constraint(str(value))
    if value.get("optional") or "path" in value or "file" in value:
        return ""
    extras = f"[{','.join(value['extras'])}]" if value.get("extras") else ""
    marker = f" ; {value['markers']}" if value.get("markers") else ""
    if address := value.get("git"):
        revision = next((value[key] for key in ("rev", "ref", "tag", "branch") if key in value), "")
        return f"{name}{extras} @ git+{address}{'@' if revision else ''}{revision}{marker}"
    return f"{name}{extras}{constraint(str(value.get('version', '*')))}{marker}"


def constraint(text: str) -> str:
    """`^1.2` → `>=1.2,<2`; alternatives (`||`) are left open, because PEP 440 has none."""
    if "|" in text:
        return ""
    parts = [_one(part.strip()) for part in text.split(",")]
    return ",".join(part for part in parts if part)


def _one(part: str) -> str:
    if part in ("", "*", "latest"):
        return ""
    if part[0] in "<>=!" or part.startswith("~="):
        return part.replace(" ", "")
    if part.endswith(".*"):
        return f"=={part}"
    match = _NUMBER.match(part)
    if match is None:
        return ""
    figures = [int(one) for one in match[1].split(".")]
    if part[0] == "^":
        place = next((i for i, one in enumerate(figures) if one), len(figures) - 1)
        return f">={match[1]}{match[2]},<{_above(figures, place)}"
    if part[0] == "~":
        return f">={match[1]}{match[2]},<{_above(figures, min(1, len(figures) - 1))}"
    return f"=={match[1]}{match[2]}"


def _above(figures: list[int], place: int) -> str:
    return ".".join(str(one) for one in (*figures[:place], figures[place] + 1))
