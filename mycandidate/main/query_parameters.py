"""Parses the query string of a ward search, and reports every invalid parameter."""

from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from main.languages import gettext
from main.wards import DEFAULT_PER_PAGE, MAX_PAGE, MAX_PER_PAGE, MAX_TEXT_LENGTH, WardSearch

PARAMETERS = ("q", "province", "municipality", "page", "per_page")


@dataclass(frozen=True)
class InvalidParameter:
    """A parameter that cannot be used. `detail` says which values are valid."""

    parameter: str
    detail: str


class InvalidQuery(ValueError):
    """A query string with invalid parameters. `errors` has all of them, not only the first."""

    def __init__(self, errors: list[InvalidParameter]) -> None:
        super().__init__(" ".join(error.detail for error in errors))
        self.errors = errors


def parse_search(arguments: MultiDict[str, str], *, reject_unknown: bool = False) -> WardSearch:
    """The search that the arguments describe. Raises InvalidQuery.

    The API sets `reject_unknown`: if a misspelled filter were ignored, a client would get every
    ward. Pages do not, because newsletters and the like append parameters to links.
    """
    errors = _unknown_parameters(arguments) if reject_unknown else []
    search = WardSearch(
        text=_text(arguments, "q", errors=errors),
        province=_text(arguments, "province", errors=errors),
        municipality=_text(arguments, "municipality", errors=errors),
        page=_integer(arguments, "page", default=1, maximum=MAX_PAGE, errors=errors),
        per_page=_integer(
            arguments,
            "per_page",
            default=DEFAULT_PER_PAGE,
            maximum=MAX_PER_PAGE,
            errors=errors,
        ),
    )
    if errors:
        raise InvalidQuery(errors)
    return search


def _unknown_parameters(arguments: MultiDict[str, str]) -> list[InvalidParameter]:
    known = ", ".join(PARAMETERS)
    return [
        InvalidParameter(
            name,
            gettext(
                "There is no parameter %(name)s. The parameters are %(known)s.",
                name=repr(name),
                known=known,
            ),
        )
        for name in arguments
        if name not in PARAMETERS
    ]


def _text(arguments: MultiDict[str, str], name: str, *, errors: list[InvalidParameter]) -> str:
    value = arguments.get(name, "")
    if len(value) > MAX_TEXT_LENGTH:
        errors.append(
            InvalidParameter(
                name,
                gettext(
                    "%(name)s may have %(maximum)s characters at most.",
                    name=name,
                    maximum=MAX_TEXT_LENGTH,
                ),
            )
        )
        return ""
    # Control characters have no meaning in a search, and PostgreSQL rejects NUL in a text.
    return " ".join("".join(c if c.isprintable() else " " for c in value).split())


def _integer(
    arguments: MultiDict[str, str],
    name: str,
    *,
    default: int,
    maximum: int,
    errors: list[InvalidParameter],
) -> int:
    value = arguments.get(name, "").strip()
    if not value:
        return default
    # The length is checked first, because int() is slow for a number of ten thousand digits.
    is_short_number = value.isascii() and value.isdecimal() and len(value) <= len(str(maximum))
    if is_short_number and 1 <= int(value) <= maximum:
        return int(value)
    detail = gettext(
        "%(name)s must be a whole number from 1 to %(maximum)s.", name=name, maximum=maximum
    )
    errors.append(InvalidParameter(name, detail))
    return default
