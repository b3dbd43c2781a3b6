"""What SQL text takes away from an older release."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shipway.core.migrations.window import Remark, Window

_SHOWN = 100  # characters of a statement that are shown
_QUOTED = re.compile(r"\$(\w*)\$.*?\$\1\$|'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
_NAME = r"(?:IF (?:NOT )?EXISTS )?(?:ONLY )?([^\s(,;]+)"
_OF_TABLE = re.compile(
    rf"(?:ALTER TABLE|DROP TABLE|CREATE UNIQUE INDEX .*?\bON|TRUNCATE(?: TABLE)?) {_NAME}", re.I
)
_MAKES = re.compile(r"CREATE (?:TEMP(?:ORARY)? |UNLOGGED )?TABLE (?!IF\b)([^\s(,;]+)", re.I)
# What no older release can notice: statements about rows, and what only adds.
_HARMLESS = re.compile(
    r"(?:SELECT|INSERT|UPDATE|DELETE|WITH|MERGE|COPY|SET|RESET|SHOW|COMMENT|ANALYZE|VACUUM|PRAGMA"
    r"|BEGIN|COMMIT|SAVEPOINT|RELEASE|LOCK|GRANT|REINDEX|REFRESH|ALTER (?:INDEX|SEQUENCE)"
    r"|DROP INDEX|CREATE (?:(?:TEMP(?:ORARY)?|UNLOGGED|MATERIALIZED) )?"
    r"(?:TABLE|INDEX|SEQUENCE|SCHEMA|EXTENSION|TYPE|DOMAIN|VIEW))\b",
    re.I,
)
_CONTRACTS = re.compile(r"(?:ALTER|DROP|RENAME|TRUNCATE|REVOKE|CREATE UNIQUE INDEX)\b", re.I)
# Parts of ALTER TABLE that an older release does not notice.
_LOOSENS = re.compile(
    r"ALTER (?:COLUMN )?\S+ (?:DROP NOT NULL|SET DEFAULT|SET STATISTICS)|VALIDATE CONSTRAINT"
    r"|OWNER TO|DROP CONSTRAINT",
    re.I,
)
_ADDS = re.compile(
    r"ADD (?!CONSTRAINT|UNIQUE|CHECK|PRIMARY|FOREIGN|EXCLUDE|INDEX|KEY|FULLTEXT)(?:COLUMN )?", re.I
)
# A new column: rows of an older release have nothing there, or all the same.
_REQUIRED = re.compile(r"\bNOT NULL\b|\bPRIMARY KEY\b", re.I)
_UNIQUE = re.compile(r"\bUNIQUE\b", re.I)
_FILLED = re.compile(r"\bDEFAULT\b(?! NULL)|\bGENERATED\b", re.I)


def in_sql(window: Window, text: str) -> Iterator[Remark]:
    """What each statement of a text takes away."""
    for statement in _QUOTED.sub(_blank, text).split(";"):
        words = " ".join(statement.split())
        if words:
            yield from _statement(window, words)


def _blank(found: re.Match[str]) -> str:
    return " " if found[0].startswith(("--", "/*")) else "''"


def _statement(window: Window, words: str) -> Iterator[Remark]:
    if made := _MAKES.match(words):
        window.add_table(_bare(made[1]))
    about = _OF_TABLE.match(words)
    if about and _bare(about[1]) in window.tables:
        if words.upper().startswith("DROP"):
            window.tables.discard(_bare(about[1]))
        return
    if _HARMLESS.match(words) or (about and _only_loosens(words[about.end() :])):
        return
    short = words if len(words) <= _SHOWN else words[: _SHOWN - 1] + "…"
    if _CONTRACTS.match(words):
        yield Remark(f"runs SQL: {short}")
    else:
        yield Remark(f"runs SQL that Shipway does not understand: {short}", unknown=True)


def _only_loosens(parts: str) -> bool:
    """Whether every part of an ALTER TABLE leaves an older release what it needs."""
    return bool(parts.strip()) and all(map(_loosens, _split(parts)))


def _loosens(part: str) -> bool:
    if _LOOSENS.match(part):
        return True
    if not _ADDS.match(part):
        return False
    return not (_UNIQUE if _FILLED.search(part) else _REQUIRED).search(part)


def _split(parts: str) -> list[str]:
    """At commas that no bracket holds."""
    found, depth, start = [], 0, 0
    for place, sign in enumerate(parts):
        depth += (sign == "(") - (sign == ")")
        if sign == "," and depth == 0:
            found.append(parts[start:place].strip())
            start = place + 1
    return [*found, parts[start:].strip()]


def _bare(name: str) -> str:
    """Without quotes; with its schema, because another schema has another table."""
    return re.sub(r'["`\[\]]', "", name)
