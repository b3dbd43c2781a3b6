"""What many commands take."""

from __future__ import annotations

from typing import Annotated

import typer

from shipway.cli import completing

Where = Annotated[
    str,
    typer.Argument(
        metavar="ENV", help="An environment of shipway.toml, for example production.",
        autocompletion=completing.environments,
    ),
]  # fmt: skip
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
