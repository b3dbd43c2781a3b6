"""Turns the parsed TOML into a Config, and what is wrong into words with a key path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from typing import Any, get_args, get_origin, get_type_hints

from shipway.config.cache_address import ADDRESS_RULE, PUBLIC_KEY_RULE, VARIABLE_RULE
from shipway.config.names import NAME_RULE, PATTERN_RULE
from shipway.config.schema import Config
from shipway.config.tables import in_long_form
from shipway.errors import ConfigError


def validate(data: Mapping[str, Any], source: str) -> Config:
    """The configuration in `data`. Raises ConfigError with every fault, each by its key path."""
    from pydantic import TypeAdapter, ValidationError

    try:
        return TypeAdapter(Config).validate_python(in_long_form(data))
    except ValidationError as error:
        faults = [_words(fault, source) for fault in _innermost(error.errors())]
        raise ConfigError(
            "\n".join(faults), "Correct it and run again.", code="invalid-setting"
        ) from None


_RULES = {  # predicate → what it accepts
    "is_code_ranges": 'write statuses from 200 to 499, such as "200", "200,204" or "200-299"',
    "is_cache_address": ADDRESS_RULE,
    "is_public_key": PUBLIC_KEY_RULE,
    "is_variable_or_empty": VARIABLE_RULE,
    "is_name": NAME_RULE,
    "is_name_or_empty": NAME_RULE,
    "is_pattern": PATTERN_RULE,
}


def _innermost(faults: Iterable[Any]) -> list[Any]:
    """One fault a key path: a union reports each of its branches."""
    by_path: dict[str, Any] = {}
    for fault in faults:
        by_path.setdefault(_path(fault["loc"]), fault)
    return list(by_path.values())


def _path(location: Iterable[Any]) -> str:
    """`steps.lint.run`; what pydantic adds for a union's branch is no key."""
    keys = []
    for part in location:
        text = str(part)
        if "[" in text or text in ("str", "int", "float", "constrained-int", "function-after"):
            continue
        keys.append(text if text.isprintable() else repr(text))
    return ".".join(keys)


def _words(fault: Any, source: str) -> str:
    path = _path(fault["loc"])
    if fault["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        names = _keys_at(fault["loc"][:-1])
        near = get_close_matches(str(fault["loc"][-1]), names, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        return f"{source}: {path}: there is no such key.{hint} Accepted: {', '.join(names)}."
    accepted = str(fault["msg"])
    if fault["type"] == "predicate_failed":
        accepted = next(rule for name, rule in _RULES.items() if f"'{name}'" in accepted)
    return f"{source}: {path}: found {fault['input']!r}. {accepted[0].upper()}{accepted[1:]}."


def _keys_at(location: Iterable[Any]) -> list[str]:
    """The keys that the dataclass at a location accepts."""
    kind: Any = Config
    for part in location:
        if is_dataclass(kind):
            kind = get_type_hints(kind)[str(part)]
        else:  # dict[str, X] or tuple[X, ...]
            arguments = get_args(kind)
            kind = arguments[1] if get_origin(kind) is dict else arguments[0]
    return [field.name for field in fields(kind)] if is_dataclass(kind) else []
