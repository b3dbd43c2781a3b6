"""JSON from elsewhere, read with care: what is not as it should be is said with its place."""

from __future__ import annotations

import math
from collections.abc import Iterator

from shipway.errors import ConfigError

_WORDS = {dict: "an object", list: "a list", str: "text", bool: "yes or no", type(None): "nothing"}


class JsonNode:
    """A value in JSON data that knows where it is: `$.runs[0].results[3]`.

    What is missing is a place too, so that a chain of questions needs no tests in between; null
    is the same as missing.
    """

    __slots__ = ("_key", "_parent", "value")

    def __init__(self, value: object, parent: JsonNode | None = None, key: str | int = "$") -> None:
        self.value = value
        self._parent = parent
        self._key = key

    def __getitem__(self, name: str) -> JsonNode:
        """A member of an object."""
        if self.value is None:
            return JsonNode(None, self, name)
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        return JsonNode(self.value.get(name), self, name)

    def __iter__(self) -> Iterator[JsonNode]:
        """The items of a list; of what is missing, none."""
        if self.value is None:
            return iter(())
        if not isinstance(self.value, list):
            raise self.wrong("a list")
        return (JsonNode(item, self, index) for index, item in enumerate(self.value))

    def __bool__(self) -> bool:
        """Whether something is there."""
        return self.value is not None

    @property
    def path(self) -> str:
        """Where it is."""
        if self._parent is None:
            return str(self._key)
        if isinstance(self._key, int):
            return f"{self._parent.path}[{self._key}]"
        return f"{self._parent.path}.{self._key}"

    def at(self, index: int) -> JsonNode:
        """An item of a list; a missing place for an index that it does not have."""
        items = () if self.value is None else self.value
        if not isinstance(items, list | tuple):
            raise self.wrong("a list")
        return JsonNode(items[index] if 0 <= index < len(items) else None, self, index)

    def members(self) -> Iterator[tuple[str, JsonNode]]:
        """The members of an object by name."""
        if self.value is None:
            return iter(())
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        return ((name, JsonNode(item, self, name)) for name, item in self.value.items())

    def text(self, default: str = "") -> str:
        """Text."""
        if self.value is None:
            return default
        if not isinstance(self.value, str):
            raise self.wrong("text")
        return self.value

    def texts(self) -> tuple[str, ...]:
        """A list of texts; a single one counts as a list of one."""
        if isinstance(self.value, str):
            return (self.value,)
        return tuple(item.text() for item in self)

    def whole(self, default: int = 0) -> int:
        """A whole number."""
        if self.value is None:
            return default
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            raise self.wrong("a whole number")
        return self.value

    def number(self) -> float | None:
        """A number, also when it is written as text; None when missing or no number in text."""
        if self.value is None or isinstance(self.value, str):
            return _in_words(self.value or "")
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            raise self.wrong("a number")
        return float(self.value) if math.isfinite(self.value) else None

    def required(self) -> JsonNode:
        """Itself, where it must be there."""
        if self.value is None:
            raise ConfigError(
                f"{self.path} is missing",
                "Make the report again with its tool.",
                code="report-unreadable",
            )
        return self

    def wrong(self, expected: str) -> ConfigError:
        """The error for something else than what was wanted."""
        actual = _WORDS.get(type(self.value), "a number")
        return ConfigError(
            f"{self.path} is {actual}; {expected} is expected",
            "Make the report again with its tool.",
            code="report-unreadable",
        )


def _in_words(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
