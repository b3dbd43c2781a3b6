"""`shipway schema`: the words it takes."""

from __future__ import annotations

import json
from typing import Any

from shipway.checks.registry import CHECKS
from shipway.cli.parser import Parser
from shipway.config.schema import Config


def schema(*, directory: str) -> int:
    """Print the JSON schema of shipway.toml."""
    print(json.dumps(settings_schema(), indent=2))
    return 0


def settings_schema() -> dict[str, Any]:
    """The schema (draft 2020-12): what validates the settings, with the names of the checks."""
    from pydantic import TypeAdapter  # as config/validation.py does: only when it is asked for

    document = TypeAdapter(Config).json_schema()
    properties = document["properties"]
    properties["checks"] = {
        "type": "object",
        "properties": {
            check.name: {"type": "boolean", "default": check.default, "description": check.summary}
            for check in CHECKS
        },
        "additionalProperties": False,
    }
    services = properties["services"]
    services["additionalProperties"] = {  # postgres = "15" for [services.postgres] version = "15"
        "anyOf": [services["additionalProperties"], {"type": ["string", "number"]}]
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **document,
        "title": "shipway.toml",
    }


def add_to(commands: Parser) -> None:
    """Add the command."""
    commands.add_command("schema", _schema, schema)


def _schema(parser: Parser) -> None:
    """Print the JSON schema of shipway.toml, by which editors complete and check it.

    Save it, and name it in the first line of shipway.toml: `#:schema ./shipway.schema.json` (Even
    Better TOML, taplo). It is made from what validates the settings.

    Example: shipway schema > shipway.schema.json
    """
