"""Where migrations are, as the files of a release say it: known by their text, not their folder."""

from __future__ import annotations

import configparser
import os
import posixpath
import re

from shipway.source_text import parse_toml

_REVISION = re.compile(r"^revision\b[^=\n]*=", re.MULTILINE)
_DOWN = re.compile(r"^down_revision\b[^=\n]*=", re.MULTILINE)
_DJANGO = re.compile(r"^class Migration\b", re.MULTILINE)
_SEPARATORS = {"space": " ", "newline": "\n", "os": os.pathsep, ":": ":", ";": ";"}
_ANY = re.compile(r"[\s,]+")  # Alembic's, where no separator is named


def is_migration(text: str) -> bool:
    """Whether a Python file is a revision of Alembic's or a migration of Django's."""
    return bool((_REVISION.search(text) and _DOWN.search(text)) or _DJANGO.search(text))


def alembic_locations(path: str, text: str) -> tuple[str, ...]:
    """The folders in which Alembic looks for revisions, relative to the release.

    path, text: of an alembic.ini or a pyproject.toml; nothing where it does not configure Alembic.
    One that lies outside of the release begins with `..`, with `/`, or is `package:folder`.
    """
    settings = _toml(text) if path.endswith(".toml") else _ini(text)
    if settings is None:
        return ()
    folder = posixpath.dirname(path)
    listed = settings.get("version_locations", "").strip()
    if not listed:  # Flask-Migrate's file names no folder: it stands in it
        script = settings.get("script_location", "").strip()
        return (_relative(f"{script or '%(here)s'}/versions", folder),)
    separator = settings.get("path_separator") or settings.get("version_path_separator", "")
    if separator in _SEPARATORS:
        places = listed.split(_SEPARATORS[separator])
    else:
        places = _ANY.split(listed)
    return tuple(_relative(place.strip(), folder) for place in places if place.strip())


def _relative(location: str, folder: str) -> str:
    """A folder as seen from the release: `%(here)s` is where the settings stand, else the root."""
    package, colon, below = location.partition(":")
    if colon and package.replace(".", "").replace("_", "").isalnum():
        location = f"{package.replace('.', '/')}/{below}"
    for here in ("%(here)s", "{here}"):
        location = location.replace(here, folder or ".")
    return posixpath.normpath(location.replace("\\", "/"))


def _ini(text: str) -> dict[str, str] | None:
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    return dict(parser["alembic"]) if parser.has_section("alembic") else None


def _toml(text: str) -> dict[str, str] | None:
    try:
        table = parse_toml(text).get("tool", {}).get("alembic")
    except (ValueError, AttributeError):
        return None
    if not isinstance(table, dict):
        return None
    return {
        name: "\n".join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in table.items()
    } | ({"path_separator": "newline"} if isinstance(table.get("version_locations"), list) else {})
