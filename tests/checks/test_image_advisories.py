"""The packages of an image against given advisories: our own program, over images made here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.checks.debian_advisories import MENDED, OPENSSL
from tests.left_out import leave_out

from shipway.checks.osv_advisories import IMAGE, IMAGE_PACKAGES
from shipway.config.schema import Application, Config
from shipway.errors import CannotRun
from shipway.findings.deduplication import deduplicate
from shipway.findings.finding import FindingKind, Severity
from shipway.pipeline.check import CheckContext, CheckResult, ToolOutput

from . import advisory_projects, real_tools, tiny_application
from .check_results import argv, fix, refusal
from .osv import image_files
from .osv.image_files import BASE, FLASK, FORMS, STATUS
from .recordings import SITE


def check_context(root: Path, *advisories: dict[str, Any]) -> CheckContext:
    """An application's folder with these advisories."""
    folder = root / "advisories"
    folder.mkdir(parents=True, exist_ok=True)
    for one in advisories:
        (folder / f"{one['id']}.json").write_text(json.dumps(one))
    (root / ".shipway").mkdir(exist_ok=True)
    return CheckContext(str(root), str(root / "out"), advisories=str(folder))


def look(here: CheckContext, config: Config = tiny_application.CONFIG) -> CheckResult:
    """What the check says of the image that is there."""
    output = real_tools.run(IMAGE_PACKAGES, config, here)
    return IMAGE_PACKAGES.read(output, config, here)


def refused(here: CheckContext) -> str:
    with pytest.raises(CannotRun) as raised:
        look(here)
    assert raised.value.remedy
    return raised.value.message


def test_it_takes_the_advisories_and_the_image_of_the_configuration() -> None:
    assert argv("image-packages") == ("/app/advisories", ".shipway/image")
    config = Config(application=Application(image="build/image"))
    assert IMAGE_PACKAGES.argv(config, SITE)[1] == "build/image"
    assert IMAGE_PACKAGES.applies(config)
    assert fix("image-packages") is None


def test_without_advisories_it_cannot_run() -> None:
    with pytest.raises(CannotRun, match="no advisories were given") as raised:
        IMAGE_PACKAGES.argv(tiny_application.CONFIG, replace(SITE, advisories=""))
    assert "shipway run --advisories DIR" in raised.value.remedy


@pytest.mark.parametrize("form", FORMS)
def test_faults_of_the_system_and_of_python_are_found(form: str, tmp_path: Path) -> None:
    here = check_context(tmp_path, OPENSSL, MENDED, advisory_projects.FLASK)
    FORMS[form](tmp_path / IMAGE, BASE)
    reading = look(here)
    system, python = reading.findings
    assert (system.rule, system.package, system.severity, system.kind) == (
        "DSA-5764-1",
        "openssl 3.0.11-1~deb12u2",
        Severity.CRITICAL,
        FindingKind.DEPENDENCY,
    )
    assert (system.path, system.line) == (IMAGE, 0)
    assert system.ids == ("DSA-5764-1", "CVE-2026-1", "CVE-2026-2")
    assert system.message == "openssl - security update (in the image: var/lib/dpkg/status)"
    assert system.remedy == (
        "Build the image again, from a base with openssl 3.0.11-1~deb12u3 or later."
    )
    assert (python.rule, python.package) == ("GHSA-562c-5r94-xh97", "flask 0.12.2")
    assert python.message.endswith(f"(in the image: {FLASK})")
    assert python.remedy == "Update flask to 0.12.3 or later."
    measured = {one.name: one.value for one in reading.measures}
    assert measured["packages of Debian:12"] == 2
    assert measured["packages of PyPI"] == 1
    assert measured["advisories age"] > 300


def test_what_is_mended_in_a_higher_layer_is_no_fault(tmp_path: Path) -> None:
    here = check_context(tmp_path, OPENSSL, MENDED, advisory_projects.FLASK)
    newer = {
        "var/lib/dpkg/status": STATUS.replace("deb12u2", "deb12u3"),
        os.path.dirname(FLASK).replace("Flask", ".wh.Flask"): "",
    }
    image_files.docker_archive(tmp_path / IMAGE, BASE, newer)
    assert look(here).findings == ()


def test_a_fault_that_the_lock_file_has_too_is_one_row(tmp_path: Path) -> None:
    here = check_context(tmp_path, OPENSSL, advisory_projects.FLASK)
    image_files.docker_archive(tmp_path / IMAGE, BASE)
    flask = look(here).findings[1]
    locked = replace(flask, tool="advisories", path="uv.lock", line=5)
    (row,) = deduplicate([locked, flask])
    assert set(row.tools) == {"advisories", "image-packages"}


def test_no_image_is_no_pass(tmp_path: Path) -> None:
    message = refused(check_context(tmp_path, OPENSSL, advisory_projects.FLASK))
    assert message == ("the image .shipway/image cannot be looked at: No such file or directory")


def test_an_image_of_nothing_is_no_pass(tmp_path: Path) -> None:
    here = check_context(tmp_path, OPENSSL, advisory_projects.FLASK)
    image_files.docker_archive(tmp_path / IMAGE, {"app": "x"})
    assert refused(here).endswith("it has no packages")


@pytest.mark.parametrize(
    ("advisory", "lacking"), [(OPENSSL, "PyPI"), (advisory_projects.FLASK, "Debian:12")]
)
def test_advisories_of_one_ecosystem_say_nothing_of_the_other(
    advisory: dict[str, Any], lacking: str, tmp_path: Path
) -> None:
    here = check_context(tmp_path, advisory)
    image_files.docker_archive(tmp_path / IMAGE, BASE)
    assert refused(here) == f"{here.advisories} has no advisory for {lacking}"


def test_advisories_that_cannot_be_read_are_no_pass(tmp_path: Path) -> None:
    here = check_context(tmp_path, OPENSSL, advisory_projects.FLASK)
    (tmp_path / "advisories" / "DSA-9.json").write_text('{"id": "DSA')
    image_files.docker_archive(tmp_path / IMAGE, BASE)
    assert refused(here) == "1 of the advisories cannot be read: DSA-9.json"
    shutil.rmtree(tmp_path / "advisories")
    assert "no result: error:" in refused(here)


def test_a_hostile_image_is_refused_and_writes_nothing(tmp_path: Path) -> None:
    root = tmp_path / "root"
    here = check_context(root, OPENSSL, advisory_projects.FLASK)
    image_files.docker_archive(root / IMAGE, {**BASE, "../../../evil": "x"})
    before = sorted(tmp_path.rglob("*"))
    assert "leads out of it" in refused(here)
    assert set(tmp_path.rglob("*")) - set(before) <= {root / "out"}


@pytest.mark.parametrize(
    "changed",
    [{"matches": 3}, {"matches": [{}]}, {"packages": None}, {"unread": None}, {"age_days": "x"}],
)
def test_another_form_is_no_result(changed: dict[str, Any]) -> None:
    part = {"packages": 1, "advisories": 1, "age_days": 1, "unread": [], "matches": []}
    output = ToolOutput(0, json.dumps({"PyPI": part}), "")
    assert IMAGE_PACKAGES.read(output, tiny_application.CONFIG, SITE).findings == ()
    other = ToolOutput(0, json.dumps({"PyPI": {**part, **changed}}), "")
    assert "no result" in refusal("image-packages", other).message
    assert "no result" in refusal("image-packages", replace(output, code=1)).message


@pytest.mark.e2e
@pytest.mark.needs("buildah")
@pytest.mark.parametrize("form", ["docker-archive", "oci-archive", "oci"])
def test_an_image_that_buildah_made_is_read(form: str, tmp_path: Path) -> None:
    here = check_context(tmp_path, OPENSSL, MENDED, advisory_projects.FLASK)
    context = tmp_path / "context"
    tiny_application.write({f"base/{name}": text for name, text in BASE.items()}, str(context))
    gone = os.path.dirname(FLASK).replace("Flask-0.12.2", "gone-1")
    tiny_application.write({f"base/{gone}/METADATA": "Name: gone\nVersion: 1\n"}, str(context))
    storage = (
        "--root",
        str(tmp_path / "storage"),
        "--runroot",
        str(tmp_path / "running"),
        "--storage-driver",
        "vfs",
    )

    def buildah(*words: str) -> str:
        done = subprocess.run(
            ["buildah", *storage, *words],
            capture_output=True,
            text=True,
            timeout=120,
            env={**os.environ, "BUILDAH_ISOLATION": "chroot"},
            check=False,
        )
        if done.returncode and "ermission" in done.stderr + done.stdout:
            leave_out("buildah", f"it may not work here: {done.stderr.strip()[-200:]}")
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    low = buildah("from", "scratch")
    buildah("copy", low, str(context / "base"), "/")
    buildah("commit", low, "low")
    high = buildah("from", "--pull-never", "localhost/low")
    mounted = Path(buildah("mount", high))
    shutil.rmtree(mounted / gone)
    buildah("umount", high)
    buildah("commit", high, "high")
    buildah("push", "localhost/high", f"{form}:{tmp_path / IMAGE}")
    assert [one.package for one in look(here).findings] == [
        "openssl 3.0.11-1~deb12u2",
        "flask 0.12.2",
    ]
