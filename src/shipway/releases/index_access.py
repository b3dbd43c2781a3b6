"""What uv may see of the caller's variables to reach package indexes, and which are secret.

A lock names its indexes, but never their credentials: those are in variables that the address in
the lock refers to (`https://${NAME}:${PASSWORD}@…`, as pip and uv read it), in a keyring, or in
~/.netrc.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_REFERENCE = re.compile(r"\$\{([A-Z0-9_]+)\}")
_NAMES = (
    "NETRC",
    "UV_DEFAULT_INDEX",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_INDEX",
    "UV_INDEX_URL",
    "UV_INDEX_STRATEGY",
    "UV_KEYRING_PROVIDER",
)
_OF_AN_INDEX = re.compile(r"^UV_INDEX_(.+)_(USERNAME|PASSWORD)$")
_OF_POETRY = re.compile(r"^POETRY_HTTP_BASIC_(.+)_(USERNAME|PASSWORD)$")


def index_environment(environment: Mapping[str, str], texts: Iterable[str]) -> dict[str, str]:
    """The variables for uv. texts: locks and requirements, which refer to variables by name.

    Poetry's variables for an index are handed over under uv's names, too.
    """
    names = {name for text in texts for name in _REFERENCE.findall(text)}
    access = {
        name: value
        for name, value in environment.items()
        if name in names or name in _NAMES or _OF_AN_INDEX.match(name)
    }
    for name, value in environment.items():
        if match := _OF_POETRY.match(name):
            access.setdefault(f"UV_INDEX_{match[1]}_{match[2]}", value)
    return access


def index_secrets(access: Mapping[str, str]) -> tuple[str, ...]:
    """The values that must not be shown."""
    return tuple(
        value
        for name, value in access.items()
        if value and name not in _NAMES and not name.endswith("_USERNAME")
    )


def index_variables(name: str) -> tuple[str, str]:
    """The variables in which uv looks for user and password of an index of this name."""
    key = re.sub(r"[^A-Z0-9]", "_", name.upper())
    return f"UV_INDEX_{key}_USERNAME", f"UV_INDEX_{key}_PASSWORD"


def index_reference(name: str, url: str, access: Mapping[str, str]) -> str:
    """An index's URL with references to the variables that have its credentials, if they are set.

    name: of the index, as pyproject.toml has it.
    """
    user, password = (
        f"${{{variable}}}" if access.get(variable) else "" for variable in index_variables(name)
    )
    if not name or not (user or password) or "@" in url:
        return url
    return url.replace("://", f"://{user}{':' if password else ''}{password}@", 1)
