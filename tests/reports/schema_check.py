"""The few words of JSON schema that shipway.reports.json_events uses, checked."""

from __future__ import annotations

from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


def faults(value: Any, schema: dict[str, Any], at: str = "$") -> list[str]:
    """Where `value` does not keep `schema`."""
    if "enum" in schema:
        return [] if value in schema["enum"] else [f"{at}: {value!r} is none of {schema['enum']}"]
    wanted = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not any(isinstance(value, _TYPES[name]) for name in wanted):
        return [f"{at}: {value!r} is no {wanted}"]
    found: list[str] = []
    if isinstance(value, dict):
        found += [
            f"{at}.{key} is missing" for key in schema.get("required", ()) if key not in value
        ]
        known, other = schema.get("properties", {}), schema.get("additionalProperties")
        for key, item in value.items():
            inner = known.get(key, other)
            if inner:
                found += faults(item, inner, f"{at}.{key}")
            elif known:
                found.append(f"{at}.{key} is not in the schema")
    if isinstance(value, list):
        for index, item in enumerate(value):
            found += faults(item, schema["items"], f"{at}[{index}]")
    return found
