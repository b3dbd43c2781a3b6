"""`shipway explain`: the words it takes."""

from __future__ import annotations

import json as json_module
import textwrap
from pathlib import Path

import shipway
from shipway.cli.arguments import add_json
from shipway.cli.parser import Parser, nearest
from shipway.errors import ERROR_CODES, ConfigError
from shipway.reports.error_docs import PAGE, explanations


def explain(*, directory: str, code: str, json: bool) -> int:
    """Print what a code means and what to do; without one, all codes."""
    texts = explanations(read_page())
    if not code:
        _list(texts, json=json)
        return 0
    if code not in texts:
        raise ConfigError(
            f"no error code is named {code!r}.{nearest(code, ERROR_CODES)}",
            "shipway explain lists them all.",
            code="unknown-name",
        )
    if json:
        print(json_module.dumps({"code": code, "explanation": texts[code]}, indent=2))
    else:
        print(f"{code}\n\n{texts[code]}")
    return 0


def read_page() -> str:
    """docs/troubleshooting.md: the wheel holds it; in a clone of Shipway it is the page itself."""
    package = Path(shipway.__file__).parent
    pages = (package / "docs" / PAGE, package.parents[1] / "docs" / PAGE)
    return next(page for page in pages if page.is_file()).read_text(encoding="utf-8")


def _list(texts: dict[str, str], *, json: bool) -> None:
    codes = sorted(texts)
    if json:
        print(json_module.dumps([{"code": c, "explanation": texts[c]} for c in codes], indent=2))
        return
    width = max(map(len, codes)) + 2
    for code in codes:
        print(f"{code:<{width}}{textwrap.shorten(texts[code], 96 - width, placeholder=' …')}")


def complete_codes(prefix: str, **_: object) -> list[str]:
    """Codes that begin so."""
    return [code for code in ERROR_CODES if code.startswith(prefix)]


def add_to(commands: Parser) -> None:
    """Add the command."""
    commands.add_command("explain", _explain, explain)


def _explain(parser: Parser) -> None:
    """Explain an error code, as docs/troubleshooting.md does.

    Errors name their code: `more: shipway explain port-taken`. The text comes with Shipway; no
    network is needed. Without a code, all of them are listed.

    Example: shipway explain port-taken
    """
    parser.add(
        "code",
        metavar="CODE",
        nargs="?",
        default="",
        help="An error code, for example port-taken.",
        complete=complete_codes,
    )
    add_json(parser)
