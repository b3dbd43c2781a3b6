"""Typed values as JSON documents and back: the one codec of all that Shipway keeps.

A document is a dataclass as a JSON object, with the version of its schema. Fields that hold their
default are left out. A document of an older version is migrated as it is read, one of a newer
version is refused, and one that is damaged is named together with the field at fault.

There is no library here, because an unchanged run reads documents and may take 0.2 s of CPU: to
import msgspec takes 0.04 s of it, cattrs and pydantic more.
"""

from __future__ import annotations

import json
import math
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date
from enum import Enum
from typing import (
    Any,
    Generic,
    Literal,
    NotRequired,
    TypeAlias,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

from shipway.errors import RecordError

T = TypeVar("T")
JsonValue: TypeAlias = (
    "bool | int | float | str | Sequence[JsonValue] | Mapping[str, JsonValue] | None"
)
JsonObject: TypeAlias = "dict[str, JsonValue]"
Migration = Callable[[JsonObject], JsonObject]
_Reader = Callable[[Any], Any]

VERSION = "schema"  # the field that has a document's version; the first had none


@dataclass(frozen=True)
class DocumentFormat(Generic[T]):
    """One kind of document.

    kind: the dataclass. title: what people call it. migrations: the first makes version 2 of
    version 1, and so on; there is one for each version but the newest.
    """

    kind: type[T]
    title: str
    migrations: tuple[Migration, ...] = ()

    @property
    def version(self) -> int:
        """The newest version: the one that is written."""
        return len(self.migrations) + 1

    def write(self, value: T) -> str:
        """The document as text."""
        return to_json(self.fields(value))

    def fields(self, value: T) -> dict[str, object]:
        """The fields of the document, for `to_json` and for whoever puts it into another."""
        return {VERSION: self.version, **sparse_fields(value)}

    def read(self, text: str | bytes, source: str) -> T:
        """The value in a document of any version. source: the file or object that it is in.

        Raises RecordError, which names source and field.
        """
        return self.from_object(parse_object(text, f"{source}: {self.title}"), source)

    def from_object(self, value: object, source: str) -> T:
        """The same, of a document that was parsed already."""
        document = _as_object(value, f"{source}: {self.title}")
        version = document.pop(VERSION, 1)
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            raise damaged(f"{source}: {self.title}", f"{VERSION} is {version!r} and no version")
        if version > self.version:
            raise RecordError(
                f"{source}: {self.title} was written by a newer Shipway ({VERSION} {version})",
                "Update Shipway.",
                code="record-newer",
            )
        try:
            for migrate in self.migrations[version - 1 :]:
                document = migrate(document)
            return from_plain(self.kind, document)
        except ValueError as problem:
            raise damaged(f"{source}: {self.title}", str(problem)) from None


def parse_object(text: str | bytes, what: str) -> JsonObject:
    """The JSON object in a text. what: the file and what of it. Raises RecordError."""
    try:
        return _as_object(json.loads(text), what)
    except ValueError as problem:
        raise damaged(what, f"it is not JSON: {problem}") from None
    except RecursionError:
        raise damaged(what, "it is nested too deeply") from None


def _as_object(value: object, what: str) -> JsonObject:
    if not isinstance(value, dict):
        raise damaged(what, f"it is {_name(value)} and no object")
    return dict(value)


def damaged(what: str, problem: str) -> RecordError:
    """The error for a document that is not what it must be. what: the file and what of it."""
    return RecordError(
        f"{what} is damaged: {problem}",
        "Restore it from a copy, or remove what is damaged and begin anew.",
        code="record-damaged",
    )


class Mismatch(ValueError):
    """A value is not what its field is declared to be. path: the way to it, the last part first."""

    def __init__(self, problem: str, *path: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.path = list(path)

    def __str__(self) -> str:
        where = ".".join(reversed(self.path)).replace(".[", "[")
        return f"{where}: {self.problem}" if where else self.problem


def to_json(value: object) -> str:
    """A value of dataclasses, enums, dates and plain values as JSON, in one line.

    A number that is not finite is a text ("inf"): JSON has no other way.
    """
    try:
        return json.dumps(value, separators=(",", ":"), default=_plain, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), separators=(",", ":"), default=_plain)


def to_plain(value: object) -> Any:
    """The same as what `json.loads` makes of it."""
    return json.loads(to_json(value))


def from_plain(kind: type[T], value: object) -> T:
    """The value of a type in what JSON has of it. Raises Mismatch."""
    result: T = _reader(kind)(value)
    return result


def sparse_fields(value: object) -> dict[str, Any]:
    """The fields that hold something else than their default, and every number."""
    sparse = {}
    for name, default in _defaults(value.__class__):
        content = getattr(value, name)
        if content != default or isinstance(content, int | float):
            sparse[name] = content
    return sparse


def member(document: JsonObject, name: str) -> JsonObject | None:
    """The object in a field of a document that is migrated; None for null or nothing."""
    value = document.get(name)
    if value is not None and not isinstance(value, dict):
        raise Mismatch(f"expected an object, found {_name(value)}", name)
    return value


def renamed(document: JsonObject, names: Mapping[str, str]) -> JsonObject:
    """A document with other names of fields: old → new; "" for one that goes."""
    return {
        names.get(name, name): value for name, value in document.items() if names.get(name, name)
    }


# -- writing ---------------------------------------------------------------------------------


_DEFAULTS: dict[Any, tuple[tuple[str, Any], ...]] = {}


def _defaults(kind: Any) -> tuple[tuple[str, Any], ...]:
    """(field, its default); what must be given is equal to nothing."""
    if kind not in _DEFAULTS:
        _DEFAULTS[kind] = tuple(
            (
                field.name,
                field.default if field.default_factory is MISSING else field.default_factory(),
            )
            for field in fields(kind)
        )
    return _DEFAULTS[kind]


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return sparse_fields(value)
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


def _finite(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        value = sparse_fields(value)
    if isinstance(value, Mapping):
        return {
            str(name) if isinstance(name, float) else name: _finite(item)
            for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


# -- reading: a function for each type, made once ---------------------------------------------


_NAMES = {
    type(None): "null",
    bool: "true or false",
    int: "a number",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "an object",
}


def _name(value: object) -> str:
    """What JSON calls it."""
    return _NAMES.get(type(value), type(value).__name__)


def _wrong(expected: str, value: object) -> Mismatch:
    return Mismatch(f"expected {expected}, found {_name(value)}")


def _reader(kind: Any) -> _Reader:
    """What makes a value of a type of what JSON has of it."""
    if kind not in _READERS:
        _READERS[kind] = _new_reader(kind)
    return _READERS[kind]


def _new_reader(kind: Any) -> _Reader:
    origin, of = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _union_reader(of)
    if origin is Literal:
        return _choice_reader({value: value for value in of})
    if origin is tuple and not (len(of) == 2 and of[1] is Ellipsis):
        return _row_reader(tuple(map(_reader, of)))
    if origin in (tuple, list, Sequence):
        return _list_reader(_reader(of[0]), list if origin is list else tuple)
    if origin in (dict, Mapping):
        return _mapping_reader(of[0], _reader(of[1]))
    if is_dataclass(kind) or is_typeddict(kind):
        return _object_reader(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _choice_reader({choice.value: choice for choice in kind})
    raise TypeError(f"the codec knows no way to read {kind}")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong("a text", value)
    return value


def _integer(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong("a whole number", value)
    return value


def _number(value: Any) -> float:
    if isinstance(value, str) and value in ("inf", "-inf", "nan"):
        return float(value)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _wrong("a number", value)
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong("true or false", value)
    return value


def _nothing(value: Any) -> None:
    if value is not None:
        raise _wrong("null", value)


def _day(value: Any) -> date:
    try:
        return date.fromisoformat(_text(value))
    except ValueError:
        raise Mismatch(f"expected a date, found {value!r}") from None


def _anything(value: Any) -> Any:
    return value


_READERS: dict[Any, _Reader] = {
    str: _text,
    int: _integer,
    float: _number,
    bool: _truth,
    date: _day,
    type(None): _nothing,
    None: _nothing,
    object: _anything,
    Any: _anything,
}
_ALIASES = {"JsonValue": Any, "JsonObject": dict[str, Any]}  # they contain themselves


def _choice_reader(choices: Mapping[Any, Any]) -> _Reader:
    def read(value: Any) -> Any:
        try:
            return choices[value]
        except (KeyError, TypeError):
            accepted = ", ".join(map(repr, choices))
            raise Mismatch(f"expected one of {accepted}, found {value!r}") from None

    return read


def _union_reader(kinds: Sequence[Any]) -> _Reader:
    """The first that fits. Where one of two is null, the problem is the other's."""
    readers = [_reader(kind) for kind in kinds if kind is not type(None)]
    nullable = len(readers) < len(kinds)

    def read(value: Any) -> Any:
        if value is None and nullable:
            return None
        problem = _wrong("another value", value)
        for reader in readers:
            try:
                return reader(value)
            except Mismatch as mismatch:
                problem = mismatch
        raise problem

    return read


def _list_reader(reader: _Reader, make: Callable[[list[Any]], Any]) -> _Reader:
    def read(value: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise _wrong("a list", value)
        items: list[Any] = []
        try:
            for item in value:
                items.append(reader(item))
        except Mismatch as problem:
            problem.path.append(f"[{len(items)}]")
            raise
        return make(items)

    return read


def _row_reader(readers: tuple[_Reader, ...]) -> _Reader:
    def read(value: Any) -> Any:
        if not isinstance(value, list | tuple) or len(value) != len(readers):
            raise _wrong(f"a list of {len(readers)}", value)
        return tuple(reader(item) for reader, item in zip(readers, value, strict=True))

    return read


def _mapping_reader(key: Any, reader: _Reader) -> _Reader:
    """JSON's names are texts; a number as a name is made one again."""
    read_name: _Reader = float if key is float else _reader(key)

    def read(value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise _wrong("an object", value)
        result = {}
        for name, item in value.items():
            try:
                result[read_name(name)] = reader(item)
            except ValueError as problem:
                mismatch = problem if isinstance(problem, Mismatch) else Mismatch(str(problem))
                mismatch.path.append(name)
                raise mismatch from None
        return result

    return read


def _object_reader(kind: Any) -> _Reader:
    """A dataclass or a TypedDict; fields that the type does not have are left out."""
    hints, required, later = _declared(kind)
    readers: dict[str, _Reader] = {}  # made at the first value: a type may contain itself

    def read(value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise _wrong("an object", value)
        if not readers:
            readers.update({name: _reader(hint) for name, hint in hints.items()})
        values = {}
        for name, item in value.items():
            reader = readers.get(name)
            if reader is not None:
                try:
                    values[name] = reader(item)
                except Mismatch as problem:
                    problem.path.append(name)
                    raise
        if not required <= values.keys():
            raise Mismatch("the field is missing", min(required - values.keys()))
        return _made(kind, values, later)

    return read


def _declared(kind: Any) -> tuple[dict[str, Any], frozenset[str], tuple[str, ...]]:
    """The types of the fields, those that have no default, and those that are set afterwards."""
    hints = get_type_hints(kind, localns=_ALIASES)
    if is_typeddict(kind):  # its __required_keys__ does not see NotRequired in a text
        extras = get_type_hints(kind, localns=_ALIASES, include_extras=True).items()
        must = {name for name, hint in extras if get_origin(hint) is not NotRequired}
        return hints, frozenset(must if kind.__total__ else ()), ()
    declared = fields(kind)
    required = frozenset(
        field.name
        for field in declared
        if field.init and field.default is MISSING and field.default_factory is MISSING
    )
    later = tuple(field.name for field in declared if not field.init)
    return {field.name: hints[field.name] for field in declared}, required, later


def _made(kind: Any, values: dict[str, Any], later: tuple[str, ...]) -> Any:
    afterwards = [(name, values.pop(name)) for name in later if name in values]
    try:
        result = kind(**values)
    except (ValueError, TypeError) as problem:  # what the class itself holds of its values
        raise Mismatch(str(problem)) from None
    for name, item in afterwards:
        setattr(result, name, item)
    return result
