"""What may be a name, and what a pattern of files, wherever they come from. Pure.

A name becomes a part of paths, of tags, of programs' arguments and of a terminal's lines. So there
is one alphabet for environments, steps, applications, versions and imports, which is harmless in
all of them. A pattern stays below the folder that it is looked for in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Annotated

from annotated_types import Predicate

from shipway.errors import ConfigError

NAME_RULE = (
    "write a name of at most 64 letters, digits, dots, hyphens and underscores, "
    "which begins with a letter or digit"
)
PATTERN_RULE = (
    "write a path or pattern below the project's folder, with no `..`, no `/` or `~` at its "
    "beginning and no control character"
)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")


def is_name(text: str) -> bool:
    """Whether it can be a name."""
    return _NAME.fullmatch(text) is not None


def is_name_or_empty(text: str) -> bool:
    """The same, where nothing stands for what is worked out."""
    return not text or is_name(text)


def as_name(text: str) -> str:
    """The nearest name to what another program calls it; empty where nothing of it is left."""
    return re.sub(r"[^A-Za-z0-9._+-]+", "-", text).lstrip("-._+")[:64]


def is_pattern(text: str) -> bool:
    """Whether it names files below a folder only; `!` at its beginning excludes them."""
    path = text.removeprefix("!")
    return (
        bool(path)
        and not path.startswith(("/", "~"))
        and path.isprintable()
        and "\\" not in path
        and ".." not in path.split("/")
    )


def unknown_environment(name: str, configured: Iterable[str]) -> ConfigError:
    """What is raised where a command names an environment that is not configured."""
    names = list(configured)
    near = get_close_matches(name, names, 1)
    hint = f". Did you mean {near[0]!r}?" if near else ""
    remedy = (
        f"Configured: {', '.join(names)}. Another one is a table of its own: "
        f"[environments.{as_name(name)}]."
        if names
        else "None is configured: shipway init writes a pipeline with one, `local`."
    )
    return ConfigError(
        f"no environment is named {name!r}{hint}",
        remedy,
        code="unknown-name",
    )


Name = Annotated[str, Predicate(is_name)]
OptionalName = Annotated[str, Predicate(is_name_or_empty)]
Pattern = Annotated[str, Predicate(is_pattern)]
