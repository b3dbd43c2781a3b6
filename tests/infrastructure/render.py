"""A template as CloudFormation would see it: parsed, and with its parameters put in.

Resolves what can be known beforehand: parameters, conditions, Fn::If, Fn::Sub, Fn::ImportValue's
name. What only AWS knows (Ref and GetAtt of a resource) stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

ACCOUNT, REGION = "123456789012", "eu-west-1"
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}
_NOTHING = object()
_SUB = re.compile(r"\$\{([\w:.]+)\}")


class _Loader(yaml.CSafeLoader):
    """Knows the short forms: `!Ref x` is {"Ref": "x"}."""


def _short(loader: _Loader, suffix: str, node: yaml.Node) -> Any:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
        return {name: value.split(".", 1) if suffix == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _short)


def parse(text: str) -> dict[str, Any]:
    """A template as plain data, with the long forms of functions."""
    found: dict[str, Any] = yaml.load(text, _Loader)
    return found


def dump(template: Mapping[str, Any]) -> str:
    """A template as text again."""
    return yaml.safe_dump(dict(template), sort_keys=False)


def render(
    template: Mapping[str, Any], parameters: Mapping[str, str], stack: str = "stack"
) -> dict[str, Any]:
    """The template with these parameters: `Resources` and `Outputs` that there would be."""
    defaults = {name: str(one.get("Default", "")) for name, one in template["Parameters"].items()}
    known = {**defaults, **parameters, **PSEUDO, "AWS::StackName": stack}
    rendering = _Rendering(template.get("Conditions", {}), known)
    return {
        "AWSTemplateFormatVersion": template["AWSTemplateFormatVersion"],
        "Description": template["Description"],
        "Resources": rendering.section(template["Resources"]),
        "Outputs": rendering.section(template["Outputs"]),
    }


class _Rendering:
    def __init__(self, conditions: Mapping[str, Any], known: Mapping[str, str]) -> None:
        self._conditions = conditions
        self._known = known

    def section(self, given: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: self._resolve({key: part for key, part in one.items() if key != "Condition"})
            for name, one in given.items()
            if "Condition" not in one or self._holds(one["Condition"])
        }

    def _holds(self, expression: Any) -> bool:
        if isinstance(expression, str):
            return self._holds(self._conditions[expression])
        ((name, value),) = expression.items()
        if name == "Condition":
            return self._holds(value)
        if name == "Fn::Equals":
            left, right = (self._resolve(one) for one in value)
            return str(left) == str(right)
        if name == "Fn::Not":
            return not self._holds(value[0])
        assert name == "Fn::And", name
        return all(map(self._holds, value))

    def _resolve(self, value: Any) -> Any:
        if isinstance(value, list):
            return [one for item in value if (one := self._resolve(item)) is not _NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, given),) = value.items()
            if name in ("Ref", "Fn::If", "Fn::Sub"):
                return self._function(name, given)
        found = {key: self._resolve(one) for key, one in value.items()}
        return {key: one for key, one in found.items() if one is not _NOTHING}

    def _function(self, name: str, given: Any) -> Any:
        if name == "Ref":
            return _NOTHING if given == "AWS::NoValue" else self._known.get(given, {name: given})
        if name == "Fn::If":
            return self._resolve(given[1] if self._holds(given[0]) else given[2])
        if isinstance(given, list):
            return {name: self._resolve(given)}
        text = _SUB.sub(lambda found: str(self._known.get(found[1], found[0])), given)
        return {name: text} if "${" in text else text


def strings(value: Any) -> Iterator[str]:
    """Every text in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from strings(one)


def of_type(rendered: Mapping[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """The properties of the resources of a type, by their name in the template."""
    return {
        name: one.get("Properties", {})
        for name, one in rendered["Resources"].items()
        if one["Type"] == f"AWS::{kind}"
    }
