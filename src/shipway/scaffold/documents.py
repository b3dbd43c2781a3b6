"""YAML, TOML and JSON that other people wrote, read without trust in their form.

What is not of the form that is asked for is empty: an unusual file must not stop `init`.
"""

from __future__ import annotations

from shipway import source_text

Table = dict[str, object]


def parse_yaml(text: str) -> object:
    """What a YAML file says; None where it is none. Tags of other tools are not built."""
    import yaml

    try:
        document: object = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None
    return document


def parse_toml(text: str) -> Table:
    """What a TOML file says; empty where it is none."""
    try:
        return source_text.parse_toml(text.replace("\r\n", "\n"))
    except ValueError:
        return {}


def parse_json(text: str) -> object:
    """What a JSON file says; None where it is none."""
    try:
        document: object = source_text.parse_json(text)
    except ValueError:
        return None
    return document


def table(node: object, *keys: str) -> Table:
    """The table below keys, with its keys as text."""
    for key in keys:
        node = node.get(key) if isinstance(node, dict) else None
    return {str(key): value for key, value in node.items()} if isinstance(node, dict) else {}


def items(node: object) -> list[object]:
    """The items of a list."""
    return list(node) if isinstance(node, list) else []


def text(node: object) -> str:
    """A text, or a number or a truth value as text."""
    if isinstance(node, bool):
        return str(node).lower()
    return str(node) if isinstance(node, str | int | float) else ""
