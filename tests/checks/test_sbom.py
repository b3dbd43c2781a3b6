from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shipway.checks.sbom import SBOM
from shipway.checks.scripts import HERE, write_sbom
from shipway.pipeline.check import ToolOutput
from shipway.pipeline.gates import Measure
from shipway.releases.release import SBOM_FILE

from . import tiny_application
from .check_results import argv, fix, read, refusal, refused
from .recordings import load


def bom() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(load("sbom", "clean").reports[SBOM_FILE])
    return found


def component(name: str) -> dict[str, Any]:
    (found,) = (one for one in bom()["components"] if one["name"] == name)
    return dict(found)


def test_it_runs_our_program_in_cyclonedx_pys_environment() -> None:
    assert argv("sbom") == (
        f"{HERE}/write_sbom.py",
        "/app/.shipway/python",
        "uv.lock",
        "/app/.shipway/out/sbom.cdx.json",
    )
    assert SBOM.tool.package == "cyclonedx-bom"
    assert SBOM.reports == (SBOM_FILE,)
    assert fix("sbom") is None


def test_it_keeps_to_the_schema_of_cyclonedx_1_6() -> None:
    from cyclonedx.schema import SchemaVersion  # a second of CPU: for this test alone
    from cyclonedx.validation.json import JsonStrictValidator

    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(json.dumps(bom())) is None
    assert validator.validate_str(json.dumps({**bom(), "components": [{}]})) is not None


def test_the_application_and_all_that_is_installed_are_in_it() -> None:
    assert bom()["metadata"]["component"]["name"] == "town"
    assert {one["purl"] for one in bom()["components"]} >= {
        "pkg:pypi/pytest@9.2.0",
        "pkg:pypi/iniconfig@2.3.1",
    }
    assert read("sbom", "clean").measures == (Measure("components", 6),)


def test_each_has_its_licence_and_what_the_lock_names_its_hashes() -> None:
    assert all(one["licenses"] for one in bom()["components"])
    iniconfig = component("iniconfig")
    assert [one["alg"] for one in iniconfig["hashes"]] == ["SHA-256"]
    assert iniconfig["hashes"][0]["content"].startswith("9121e2c1")
    files = [one for one in iniconfig["externalReferences"] if one["type"] == "distribution"]
    assert [one["hashes"][0]["content"][:8] for one in files] == ["67f4b9c5", "9121e2c1"]


def test_what_only_development_needs_is_told_from_what_is_shipped() -> None:
    scopes = {one["name"]: one["scope"] for one in bom()["components"]}
    assert (scopes["iniconfig"], scopes["pytest"]) == ("required", "excluded")


def test_who_needs_whom_is_what_the_lock_says() -> None:
    needs = {one["ref"]: one.get("dependsOn") for one in bom()["dependencies"]}
    assert needs["root-component"] == needs["pytest==9.2.0"] == ["iniconfig==2.3.1"]


def test_no_component_is_not_a_pass() -> None:
    assert refused("sbom", "nothing") == "sbom found no packages"


def test_a_lock_that_cannot_be_read_is_not_a_pass() -> None:
    assert "error: uv.lock: Invalid value" in refused("sbom", "syntax")


@pytest.mark.parametrize(
    "report",
    [
        [],
        {},
        {"bomFormat": "CycloneDX", "specVersion": "1.5", "components": [{}]},
        {"bomFormat": "SPDX", "specVersion": "1.6", "components": [{}]},
        {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": 3},
    ],
)
def test_another_form_is_no_result(report: object) -> None:
    output = ToolOutput(0, "", "", {SBOM_FILE: json.dumps(report).encode()})
    assert "no result" in refusal("sbom", output).message


def test_a_report_that_is_missing_or_cut_off_and_a_wrong_code_are_no_result() -> None:
    output = load("sbom", "clean")
    for wrong in (
        replace(output, reports={}),
        replace(output, reports={SBOM_FILE: output.reports[SBOM_FILE][:99]}),
        replace(output, code=1),
        replace(output, code=-9),
    ):
        assert "no result" in refusal("sbom", wrong).message


def bare(name: str, version: str) -> dict[str, Any]:
    return {"name": name, "version": version, "bom-ref": f"{name}=={version}"}


def write(folder: Path, found: dict[str, Any], lock: str) -> dict[str, Any]:
    """The program's own part, with a list that stands for cyclonedx-py's."""
    tiny_application.write({"uv.lock": lock}, str(folder))
    packages = write_sbom.lock_entries(str(folder / "uv.lock"))
    write_sbom.complete(found, packages, {"forked": {"py2-none-any", "py3-none-any"}})
    return found


FORKED = """
[[package]]
name = "forked"
version = "1.0"
source = { registry = "r" }
wheels = [{ url = "https://a/forked-1.0-py2.py3-none-any.whl", hash = "sha256:aa" }]
[[package]]
name = "forked"
version = "2.0"
source = { registry = "r" }
dependencies = [{ name = "needed" }]
wheels = [{ url = "https://a/forked-2.0-cp311-cp311-win_amd64.whl", hash = "sha256:bb" }]
"""


def test_of_a_package_in_two_versions_the_installed_one_counts(tmp_path: Path) -> None:
    found = write(tmp_path, {"components": [bare("Forked", "1.0")]}, FORKED)
    assert found["components"][0]["hashes"] == [{"alg": "SHA-256", "content": "aa"}]
    found = write(tmp_path, {"components": [bare("Forked", "2.0")]}, FORKED)
    assert "hashes" not in found["components"][0]
    assert found["components"][0]["scope"] == "required"


def test_without_uvs_lock_nothing_is_made_up() -> None:
    found = {"components": [bare("a", "1")], "dependencies": [{"ref": "a==1", "dependsOn": ["b"]}]}
    before = json.loads(json.dumps(found))
    write_sbom.complete(found, write_sbom.lock_entries("requirements.txt"), {})
    assert found == before


@pytest.mark.parametrize("text", ["", "[project]\nversion = '1'\n", "[project\n"])
def test_a_project_without_a_name_is_not_given_to_cyclonedx_py(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    assert not write_sbom.is_project(str(tmp_path / "pyproject.toml"))
    assert not write_sbom.is_project(str(tmp_path / "absent.toml"))
    (tmp_path / "poetry.toml").write_text('[project]\nname = "a"\n[tool.poetry]\npackages = []\n')
    assert not write_sbom.is_project(str(tmp_path / "poetry.toml"))
