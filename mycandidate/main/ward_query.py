"""Reading a ward search from a query string: what is allowed, and what to say otherwise."""

from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from main.wards import DEFAULT_PER_PAGE, MAX_PAGE, MAX_PER_PAGE, MAX_TEXT, WardSearch

PARAMETERS = ("q", "province", "municipality", "page", "per_page")


@dataclass(frozen=True)
class BadParameter:
    """One parameter that cannot be used, and what would do."""

    parameter: str
    detail: str


class BadQuery(ValueError):
    """A query string that cannot be answered; names every parameter at fault, not only one."""

    def __init__(self, problems: list[BadParameter]) -> None:
        super().__init__(" ".join(problem.detail for problem in problems))
        self.problems = problems


def read_search(arguments: MultiDict[str, str], *, only_known: bool = False) -> WardSearch:
    """The search in these arguments, or BadQuery.

    With `only_known` other parameters are an error: a program's misspelt filter would otherwise be
    answered with everything. People's addresses keep whatever a newsletter appended to them.
    """
    problems = _unknown(arguments) if only_known else []
    search = WardSearch(
        text=_text(arguments, "q", problems),
        province=_text(arguments, "province", problems),
        municipality=_text(arguments, "municipality", problems),
        page=_whole_number(arguments, "page", (1, MAX_PAGE), problems),
        per_page=_whole_number(arguments, "per_page", (DEFAULT_PER_PAGE, MAX_PER_PAGE), problems),
    )
    if problems:
        raise BadQuery(problems)
    return search


def _unknown(arguments: MultiDict[str, str]) -> list[BadParameter]:
    known = ", ".join(PARAMETERS)
    return [
        BadParameter(name, f"There is no parameter {name!r}. The parameters are {known}.")
        for name in arguments
        if name not in PARAMETERS
    ]


def _text(arguments: MultiDict[str, str], name: str, problems: list[BadParameter]) -> str:
    raw = arguments.get(name, "")
    if len(raw) > MAX_TEXT:
        problems.append(BadParameter(name, f"{name} may have {MAX_TEXT} characters at most."))
        return ""
    # Control characters mean nothing here, and PostgreSQL refuses a NUL inside text.
    return " ".join("".join(c if c.isprintable() else " " for c in raw).split())


def _whole_number(
    arguments: MultiDict[str, str],
    name: str,
    default_and_most: tuple[int, int],
    problems: list[BadParameter],
) -> int:
    default, most = default_and_most
    raw = arguments.get(name, "").strip()
    if not raw:
        return default
    # The length is bounded first: int() takes its time over a number of ten thousand digits.
    if raw.isascii() and raw.isdecimal() and len(raw) <= len(str(most)) and 1 <= int(raw) <= most:
        return int(raw)
    problems.append(BadParameter(name, f"{name} must be a whole number from 1 to {most}."))
    return default
