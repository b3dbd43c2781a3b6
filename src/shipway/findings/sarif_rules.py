"""Rules in SARIF: what they say of every result that names them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from shipway.findings.finding import FindingKind, parse_cwes, vulnerability_ids, web_address
from shipway.findings.json_node import JsonNode

_KINDS = {
    "vulnerability": FindingKind.DEPENDENCY,
    "misconfiguration": FindingKind.CONFIGURATION,
    "iac": FindingKind.CONFIGURATION,
    "secret": FindingKind.SECRET,
    "secrets": FindingKind.SECRET,
    "license": FindingKind.LICENCE,
    "licence": FindingKind.LICENCE,
}
_PRECISIONS = {"very-high": "high", "high": "high", "medium": "medium", "low": "low"}


@dataclass(frozen=True, kw_only=True)
class SarifRule:
    """A rule's own words. security: its security-severity. strings: where messages are."""

    name: str
    kind: FindingKind = FindingKind.CODE
    level: str = ""
    rank: float | None = None
    security: float | None = None
    cvss: float | None = None
    confidence: str = ""
    cwe: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    link: str = ""
    strings: tuple[JsonNode, ...] = ()


class SarifRules:
    """The rules of a run: the driver's and its extensions'. Each is read once."""

    def __init__(self, tool: JsonNode) -> None:
        self._components = [tool["driver"].required(), *tool["extensions"]]
        self._by_name = [
            {rule["id"].text(): index for index, rule in enumerate(component["rules"])}
            for component in self._components
        ]
        self._read: dict[tuple[int, int], SarifRule] = {}

    def of(self, result: JsonNode) -> SarifRule:
        """The rule that a result names; one with nothing but a name where it is not described."""
        reference = result["rule"]
        name = result["ruleId"].text() or reference["id"].text()
        index = result["ruleIndex"].whole(-1)
        index = reference["index"].whole(index)
        component = reference["toolComponent"]["index"].whole(-1) + 1
        if not 0 <= component < len(self._components):
            component = 0
        if index < 0:
            component, index = self._find(name, component)
        if index < 0 or not self._components[component]["rules"].at(index):
            return SarifRule(name=name, kind=_kind(name, ()), ids=vulnerability_ids((name,)))
        if (component, index) not in self._read:
            self._read[component, index] = self._rule(component, index, name)
        return self._read[component, index]

    def _find(self, name: str, preferred: int) -> tuple[int, int]:
        """By name; of "CA1000/1" the rule is CA1000."""
        order = (preferred, *range(len(self._components)))
        for candidate in (name, name.rpartition("/")[0]):
            for component in order:
                if candidate and candidate in self._by_name[component]:
                    return component, self._by_name[component][candidate]
        return 0, -1

    def _rule(self, component: int, index: int, name: str) -> SarifRule:
        owner = self._components[component]
        rule = owner["rules"].at(index)
        name = rule["id"].text() or name
        properties, default = rule["properties"], rule["defaultConfiguration"]
        tags = properties["tags"].texts()
        kind = _kind(name, tags)
        security = properties["security-severity"].number()
        description = (
            rule["fullDescription"]["text"].text() if kind is FindingKind.DEPENDENCY else ""
        )
        cvss = properties["cvssv3_baseScore"].number()
        return SarifRule(
            name=name,
            kind=kind,
            level=default["level"].text(),
            rank=default["rank"].number(),
            security=security,
            cvss=cvss if cvss is not None or kind is not FindingKind.DEPENDENCY else security,
            confidence=_PRECISIONS.get(properties["precision"].text(), ""),
            cwe=parse_cwes(chain(tags, _words(properties["cwe"]), _taxa(rule))),
            ids=vulnerability_ids((name, *tags, description)),
            link=web_address(rule["helpUri"].text()),
            strings=(rule["messageStrings"], owner["globalMessageStrings"]),
        )


def _kind(name: str, tags: Sequence[str]) -> FindingKind:
    tagged = next((_KINDS[tag.lower()] for tag in tags if tag.lower() in _KINDS), None)
    if tagged:
        return tagged
    if name.startswith("snyk:lic:"):
        return FindingKind.LICENCE
    return (
        FindingKind.DEPENDENCY
        if vulnerability_ids((name,)) or name.startswith("SNYK-")
        else FindingKind.CODE
    )


def _words(node: JsonNode) -> tuple[str, ...]:
    """Text or a list of texts, whatever a tool made of a property that has no standard form."""
    items = node.value if isinstance(node.value, list) else [node.value]
    return tuple(item for item in items if isinstance(item, str))


def _taxa(rule: JsonNode) -> tuple[str, ...]:
    """The CWE numbers that a rule is related to as a taxon."""
    targets = [relationship["target"] for relationship in rule["relationships"]]
    return tuple(
        f"CWE-{target['id'].text().upper().removeprefix('CWE-')}"
        for target in targets
        if target["toolComponent"]["name"].text().upper() == "CWE"
    )
