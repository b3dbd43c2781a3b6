"""The image's packages, as a person has them looked at."""

from __future__ import annotations

import json
from pathlib import Path

from tests.checks import advisory_projects
from tests.checks.debian_advisories import MENDED, OPENSSL
from tests.checks.osv import image_files
from tests.cli.in_process import only, project, shipway

CONFIGURATION = '[application]\npackages = ["town"]\n' + only("image-packages")
FILES = {"town/__init__.py": "", "Dockerfile": "FROM debian:12\n"}


def run(folder: Path, *words: str) -> tuple[int, dict[str, str]]:
    """The exit code, and why each step ended as it did."""
    done = shipway(folder, "run", "security", "--json", *words)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    said = {
        one["step"]: f"{one['outcome']}: {one.get('reason', '')}"
        for one in events
        if one["event"] == "step_finished"
    }
    return done.returncode, said


def test_without_advisories_or_image_it_is_skipped_or_unavailable_and_never_passed(
    tmp_path: Path,
) -> None:
    web = project(tmp_path / "web", CONFIGURATION, FILES)
    advisories = tmp_path / "advisories"
    advisories.mkdir()
    for one in (OPENSSL, MENDED, advisory_projects.FLASK):
        (advisories / f"{one['id']}.json").write_text(json.dumps(one))
    given = ("--advisories", str(advisories))

    _, said = run(web)
    assert said["image-packages"] == "skipped: no --advisories were given"
    code, said = run(web, *given, "--strict")
    assert said["image-packages"].startswith(
        "unavailable: the image .shipway/image cannot be looked at: No such file"
    )
    assert code == 5

    image_files.docker_archive(web / ".shipway" / "image", image_files.BASE)
    code, said = run(web, *given, "--strict")
    assert (code, said["image-packages"].partition(":")[0]) == (1, "passed")
    assert said["findings"].startswith("failed: ")

    newer = {
        "var/lib/dpkg/status": image_files.STATUS.replace("deb12u2", "deb12u3"),
        image_files.FLASK: "Name: Flask\nVersion: 0.12.3\n",
    }
    image_files.docker_archive(web / ".shipway" / "image", image_files.BASE, newer)
    code, said = run(web, *given, "--strict")
    assert (code, said["findings"].partition(":")[0]) == (0, "passed")
