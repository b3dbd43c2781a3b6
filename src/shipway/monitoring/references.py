"""What the stack's parts are called inside its template, and references to them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Required, TypedDict

from shipway.codec import JsonValue


class Resource(TypedDict, total=False):
    """A resource of a template: what it is, and what it is made with.

    DependsOn: logical ids of what has to be there before it.
    """

    Type: Required[str]
    Properties: Required[Mapping[str, JsonValue]]
    DependsOn: list[str]
    Metadata: Mapping[str, JsonValue]
    DeletionPolicy: str
    UpdateReplacePolicy: str


class Parameter(TypedDict):
    """A parameter of a template."""

    Type: str
    Description: str


class Template(TypedDict):
    """A template of CloudFormation. Parameters, Resources: by their logical ids."""

    AWSTemplateFormatVersion: str
    Description: str
    Parameters: dict[str, Parameter]
    Resources: dict[str, Resource]


_PARAMETER = re.compile(r"\$\{(\w+)\}")


def logical_id(*texts: str) -> str:
    """A logical id, of letters and digits only: ("alarm", "latency-p95") → AlarmLatencyP95."""
    parts = [part for word in texts for part in re.split(r"[^A-Za-z0-9]+", word)]
    return "".join(part[:1].upper() + part[1:] for part in parts)


def reference_to(id: str) -> Mapping[str, JsonValue]:
    """A reference to a parameter or a resource."""
    return {"Ref": id}


def attribute_of(id: str, name: str) -> Mapping[str, JsonValue]:
    """An attribute of a resource."""
    return {"Fn::GetAtt": [id, name]}


def substitution(text: str) -> Mapping[str, JsonValue]:
    """Text with `${Name}` in it."""
    return {"Fn::Sub": text}


def resolved_later(value: str) -> JsonValue:
    """A value as it is, or a reference where it is `${Name}` (monitoring/alarm.py)."""
    match = _PARAMETER.fullmatch(value)
    return reference_to(match[1]) if match else value
