"""The JSON schema of CloudWatch's embedded metric format, from its published specification.

Source: Amazon CloudWatch user guide, "Specification: Embedded metric format": the structure of the
document, the limits in its text (30 dimension keys in a set, 100 metrics in a directive), and the
rule that every metric and dimension that is named is a member of the root: `targets` checks it.
"""

from typing import Any

_UNITS = (
    "Seconds|Microseconds|Milliseconds|Bytes|Kilobytes|Megabytes|Gigabytes|Terabytes|Bits|Kilobits"
    "|Megabits|Gigabits|Terabits|Percent|Count|Bytes/Second|Kilobytes/Second|Megabytes/Second"
    "|Gigabytes/Second|Terabytes/Second|Bits/Second|Kilobits/Second|Megabits/Second"
    "|Gigabits/Second|Terabits/Second|Count/Second|None"
).split("|")

_METRIC = {
    "type": "object",
    "required": ["Name"],
    "additionalProperties": False,
    "properties": {
        "Name": {"type": "string", "minLength": 1, "maxLength": 1024},
        "Unit": {"enum": _UNITS},
        "StorageResolution": {"enum": [1, 60]},
    },
}
_DIRECTIVE = {
    "type": "object",
    "required": ["Namespace", "Dimensions", "Metrics"],
    "additionalProperties": False,
    "properties": {
        "Namespace": {"type": "string", "minLength": 1, "maxLength": 1024},
        "Dimensions": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "array",
                "minItems": 1,
                "maxItems": 30,
                "items": {"type": "string", "minLength": 1, "maxLength": 250},
            },
        },
        "Metrics": {"type": "array", "minItems": 1, "maxItems": 100, "items": _METRIC},
    },
}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Root node",
    "type": "object",
    "required": ["_aws"],
    "properties": {
        "_aws": {
            "title": "Metadata",
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "properties": {
                "Timestamp": {"type": "integer", "minimum": 0},
                "CloudWatchMetrics": {"type": "array", "items": _DIRECTIVE},
            },
        }
    },
}


def targets(line: dict[str, Any]) -> list[str]:
    """What is wrong with a line's target members, which the schema cannot say."""
    faults = []
    for directive in line["_aws"]["CloudWatchMetrics"]:
        for name in {key for keys in directive["Dimensions"] for key in keys}:
            value = line.get(name)
            if not isinstance(value, str) or not 0 < len(value) <= 1024:
                faults.append(f"dimension {name}: {value!r}")
        for metric in directive["Metrics"]:
            found = line.get(metric["Name"])
            values = found if isinstance(found, list) else [found]
            if not 0 < len(values) <= 100 or not all(isinstance(v, int | float) for v in values):
                faults.append(f"metric {metric['Name']}: {found!r}")
    return faults


def distinct(line: dict[str, Any]) -> set[tuple[str, ...]]:
    """The metrics that a line feeds: each is paid for."""
    return {
        (directive["Namespace"], metric["Name"], *(f"{key}={line[key]}" for key in sorted(keys)))
        for directive in line["_aws"]["CloudWatchMetrics"]
        for keys in directive["Dimensions"]
        for metric in directive["Metrics"]
    }
