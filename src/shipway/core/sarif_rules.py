"""Rules in SARIF: what they say of every result that names them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

from shipway.core.finding import Kind
from shipway.core.json_place import Place
from shipway.core.weakness import cwes, ids

_KINDS = {
    "vulnerability": Kind.DEPENDENCY,
    "misconfiguration": Kind.CONFIGURATION, "iac": Kind.CONFIGURATION,
    "secret": Kind.SECRET, "secrets": Kind.SECRET,
    "license": Kind.LICENCE, "licence": Kind.LICENCE,
}  # fmt: skip
_PRECISIONS = {"very-high": "high", "high": "high", "medium": "medium", "low": "low"}


@dataclass(frozen=True)
class Rule:
    """A rule's own words. security: its security-severity. strings: where messages are."""

    name: str
    kind: Kind = Kind.CODE
    level: str = ""
    rank: float | None = None
    security: float | None = None
    cvss: float | None = None
    confidence: str = ""
    cwe: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    link: str = ""
    strings: tuple[Place, ...] = ()


class Rules:
    """The rules of a run: the driver's and its extensions'. Each is read once."""

    def __init__(self, tool: Place) -> None:
        self._components = [tool["driver"].required(), *tool["extensions"]]
        self._by_name = [
            {rule["id"].text(): index for index, rule in enumerate(component["rules"])}
            for component in self._components
        ]
        self._read: dict[tuple[int, int], Rule] = {}

    def of(self, result: Place) -> Rule:
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
            return Rule(name, _kind(name, ()), ids=ids((name,)))
        if (component, index) not in self._read:
            self._read[component, index] = self._rule(component, index, name)
        return self._read[component, index]

    def _find(self, name: str, preferred: int) -> tuple[int, int]:
        """By name; of "CA1000/1" the rule is CA1000."""
        order = (preferred, *range(len(self._components)))
        for wanted in (name, name.rpartition("/")[0]):
            for component in order:
                if wanted and wanted in self._by_name[component]:
                    return component, self._by_name[component][wanted]
        return 0, -1

    def _rule(self, component: int, index: int, name: str) -> Rule:
        owner = self._components[component]
        rule = owner["rules"].at(index)
        name = rule["id"].text() or name
        properties, default = rule["properties"], rule["defaultConfiguration"]
        tags = properties["tags"].texts()
        kind = _kind(name, tags)
        security = properties["security-severity"].number()
        said = rule["fullDescription"]["text"].text() if kind is Kind.DEPENDENCY else ""
        cvss = properties["cvssv3_baseScore"].number()
        return Rule(
            name, kind, default["level"].text(), default["rank"].number(), security,
            cvss if cvss is not None or kind is not Kind.DEPENDENCY else security,
            _PRECISIONS.get(properties["precision"].text(), ""),
            cwes(chain(tags, _words(properties["cwe"]), _taxa(rule))), ids((name, *tags, said)),
            web(rule["helpUri"].text()), (rule["messageStrings"], owner["globalMessageStrings"]),
        )  # fmt: skip


def web(address: str) -> str:
    """An address that may be shown as a link; anything else is none."""
    return address if address.startswith(("http://", "https://")) else ""


def _kind(name: str, tags: Sequence[str]) -> Kind:
    tagged = next((_KINDS[tag.lower()] for tag in tags if tag.lower() in _KINDS), None)
    if tagged:
        return tagged
    if name.startswith("snyk:lic:"):
        return Kind.LICENCE
    return Kind.DEPENDENCY if ids((name,)) or name.startswith("SNYK-") else Kind.CODE


def _words(place: Place) -> tuple[str, ...]:
    """Text or a list of texts, whatever a tool made of a property that has no standard form."""
    items = place.value if isinstance(place.value, list) else [place.value]
    return tuple(item for item in items if isinstance(item, str))


def _taxa(rule: Place) -> tuple[str, ...]:
    """The CWE numbers that a rule is related to as a taxon."""
    targets = [one["target"] for one in rule["relationships"]]
    return tuple(
        f"CWE-{target['id'].text().upper().removeprefix('CWE-')}"
        for target in targets
        if target["toolComponent"]["name"].text().upper() == "CWE"
    )
