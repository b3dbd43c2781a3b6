"""The text of shipway.toml for a proposal."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from shipway.core.adoption.proposal import Proposal

_BARE = re.compile(r"^[A-Za-z0-9_-]+$")
_HEAD = """\
# How {name} is shipped. Written by `shipway init`; from now on it is yours.
# What is not here is worked out from the files, or the default.
"""


def settings_text(proposal: Proposal) -> str:
    """TOML 1.0, a table after the other; behind a value that stands in, where it is read."""
    parts = [_HEAD.format(name=proposal.survey.application.name)]
    for table, values in proposal.settings.items():
        if not values:
            continue
        parts.append(f"[{table}]")
        for key, value in values.items():
            note = proposal.notes.get(key, "") if table.endswith(".env") else ""
            parts.append(f"{_key(key)} = {toml_value(value)}{f'  # {note}' if note else ''}")
        parts.append("")
    return "\n".join(parts)


def toml_value(value: object) -> str:
    """A value as TOML; its basic strings escape as JSON's do (TOML 1.0, String)."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(str(key))} = {toml_value(one)}" for key, one in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(toml_value, value))}]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value)


def _key(text: str) -> str:
    return text if _BARE.match(text) else toml_value(text)
