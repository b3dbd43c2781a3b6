from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.checks.licences import LICENCES, UNKNOWN, declared_licence, is_allowed
from shipway.config.schema import Security
from shipway.findings.finding import FindingKind, Severity
from shipway.pipeline.check import CheckContext, CheckResult, ToolOutput

from . import advisory_projects, tiny_application
from .check_results import argv, fix, read, refusal, refused
from .recordings import SITE, load

MIT_ONLY = replace(tiny_application.CONFIG, security=Security(licences=("MIT",)))


def package(name: str, **fields: str) -> dict[str, str]:
    given = {"License-" + field.title(): text for field, text in fields.items()}
    unknown = {f"License-{field}": UNKNOWN for field in ("Expression", "Metadata", "Classifier")}
    return {"Name": name, "Version": "1.0", **unknown, **given}


def understood(*packages: object, context: CheckContext = SITE) -> CheckResult:
    return LICENCES.read(ToolOutput(0, json.dumps(packages), ""), tiny_application.CONFIG, context)


def test_the_applications_environment_is_looked_at() -> None:
    assert argv("licences") == (
        "--python",
        "/app/.shipway/python",
        "--with-system",
        "--from",
        "all",
        "--format",
        "json",
    )
    assert fix("licences") is None


def test_what_is_allowed_by_itself_is_clean() -> None:
    assert read("licences", "clean").findings == ()


def test_what_is_not_allowed_is_a_finding_with_its_package() -> None:
    findings = read("licences", "clean", MIT_ONLY).findings
    assert [(one.rule, one.package) for one in findings] == [
        ("BSD-2-Clause", "pygments 2.21.0"),
        ("Apache-2.0", "coverage 7.17.3"),
        ("Apache-2.0 OR BSD-2-Clause", "packaging 26.3"),
    ]
    assert {(one.kind, one.severity, one.path) for one in findings} == {
        (FindingKind.LICENCE, Severity.MEDIUM, "uv.lock")
    }
    assert findings[0].message == "pygments is under BSD-2-Clause, which is not allowed"
    assert "[security] licences" in findings[0].remedy


def test_none_at_all_is_a_finding() -> None:
    (finding,) = understood(package("Town_Hall")).findings
    assert (finding.rule, finding.message) == ("no-licence", "town-hall declares no licence")


def test_only_what_is_shipped_counts_and_has_its_line(tmp_path: Path) -> None:
    tiny_application.write({"uv.lock": advisory_projects.LOCK}, str(tmp_path))
    context = replace(SITE, root=str(tmp_path))
    names = ("Flask", "pytest", "town", "elsewhere")
    (finding,) = understood(*(package(name) for name in names), context=context).findings
    assert (finding.package, finding.line) == ("flask 1.0", 5)


def test_where_the_lock_does_not_tell_all_of_them_count(tmp_path: Path) -> None:
    (tmp_path / "uv.lock").write_text("version =\n")
    context = replace(SITE, root=str(tmp_path))
    assert len(understood(package("a"), package("b"), context=context).findings) == 2
    by_requirements = replace(
        tiny_application.CONFIG,
        application=replace(tiny_application.CONFIG.application, lock="requirements.txt"),
    )
    output = ToolOutput(0, json.dumps([package("a")]), "")
    assert len(LICENCES.read(output, by_requirements, context).findings) == 1


@pytest.mark.parametrize(
    ("fields", "licence"),
    [
        ({"expression": "MIT", "metadata": "GPL-3.0-only"}, "MIT"),
        ({"metadata": "Apache-2.0"}, "Apache-2.0"),
        ({"metadata": "MIT license"}, "MIT"),
        ({"metadata": "MIT OR Apache-2.0", "classifier": "MIT License"}, "MIT OR Apache-2.0"),
        ({"classifier": "BSD License"}, "BSD-2-Clause AND BSD-3-Clause"),
        ({"metadata": "Copyright\nAll rights", "classifier": "MIT License"}, "MIT"),
        ({"metadata": "see LICENSE", "classifier": "ISC License (ISCL)"}, "ISC"),
        ({"metadata": "see LICENSE"}, "see LICENSE"),
        ({"metadata": "Copyright\nAll rights"}, ""),
        (
            {"classifier": "Apache Software License; BSD License"},
            "(Apache-2.0) AND (BSD-2-Clause AND BSD-3-Clause)",
        ),
        ({"classifier": "Public Domain"}, "Public Domain"),
        ({}, ""),
    ],
)
def test_the_best_of_what_is_declared_is_taken(fields: dict[str, str], licence: str) -> None:
    assert declared_licence(package("a", **fields)) == licence


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("mit", True),
        ("ISC", False),
        ("MIT OR ISC", True),
        ("MIT AND ISC", False),
        ("MIT AND (ISC OR Apache-2.0)", True),
        ("(MIT OR ISC) AND ISC", False),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("ISC WITH LLVM-exception", False),
        ("LicenseRef-Own", False),
        ("see LICENSE", False),
        ("MIT AND", False),
        ("", False),
        ("public, domain", False),
    ],
)
def test_and_wants_all_and_or_one(expression: str, allowed: bool) -> None:
    assert is_allowed(expression, ("MIT", "Apache-2.0")) is allowed


def test_an_exception_may_be_allowed_by_its_whole_name() -> None:
    names = ("GPL-2.0-only WITH Classpath-exception-2.0",)
    assert is_allowed(names[0], names)
    assert not is_allowed("GPL-2.0-only", names)


trees = st.recursive(
    st.sampled_from(["MIT", "ISC", "Apache-2.0", "GPL-3.0-only"]),
    lambda inner: st.tuples(inner, st.sampled_from(["AND", "OR"]), inner),
    max_leaves=8,
)


def written(tree: object) -> str:
    if isinstance(tree, tuple):
        return f"({written(tree[0])} {tree[1]} {written(tree[2])})"
    return str(tree)


def holds(tree: object, names: set[str]) -> bool:
    if isinstance(tree, tuple):
        each = [holds(tree[0], names), holds(tree[2], names)]
        return all(each) if tree[1] == "AND" else any(each)
    return tree in names


@given(trees, st.sets(st.sampled_from(["MIT", "ISC", "Apache-2.0", "GPL-3.0-only"])))
def test_any_expression_is_evaluated_as_logic_says(tree: object, names: set[str]) -> None:
    assert is_allowed(written(tree), names) == holds(tree, names)


def test_no_packages_are_not_a_pass() -> None:
    assert refused("licences", "nothing") == "licences found no packages"


@pytest.mark.parametrize("stdout", ["{", "3", '{"Name": "a"}', "[{}]", '["a"]', '[{"Name": 1}]'])
def test_another_form_is_no_result(stdout: str) -> None:
    assert "no result" in refusal("licences", ToolOutput(0, stdout, "")).message


def test_an_exit_code_that_does_not_fit_is_no_result() -> None:
    for code in (1, 2, -9):
        output = replace(load("licences", "clean"), code=code)
        assert "no result" in refusal("licences", output).message
