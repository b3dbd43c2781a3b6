"""What the tables of shipway.toml have in common."""

from __future__ import annotations

from typing import Annotated, ClassVar

from annotated_types import Ge, Gt, Le, MinLen

Seconds = Annotated[float, Gt(0)]
Percent = Annotated[float, Ge(0), Le(100)]
Count = Annotated[int, Ge(0)]
Text = Annotated[str, MinLen(1)]


class Closed:
    """Keys that are not declared are errors, not silence."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}
