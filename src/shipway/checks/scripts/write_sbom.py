"""Write a CycloneDX 1.6 list of an environment's packages, with what the lock file knows.

    python write_sbom.py PYTHON LOCK FILE

cyclonedx-py, in whose environment this runs, knows versions and licences, but no hashes; it takes
what only development needs for shipped, and what extras would need for needed. uv.lock knows
better: files with their hashes, who needs whom, and what is for development.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from email.parser import HeaderParser
from glob import escape, glob
from typing import Any

from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

Locked = Sequence[Mapping[str, Any]]  # packages of uv.lock; one may be there in two versions


def main(python: str, lock: str, file: str) -> None:
    """Write FILE; says why where it cannot."""
    bom = environment_packages(python)
    complete(bom, lock_entries(lock), dict(_tags(python)))
    with open(file, "w", encoding="utf-8") as out:
        json.dump(bom, out, indent=1, sort_keys=True)


def complete(bom: dict[str, Any], packages: Locked, tags: Mapping[str, set[str]]) -> None:
    """Add what a lock knows. tags: the platforms of each installed wheel."""
    needs = _needs(packages)
    shipped = _shipped(packages, needs)
    files = {
        (canonicalize_name(package["name"]), package.get("version")): package
        for package in packages
    }
    for component in bom.get("components", []):
        name = canonicalize_name(component["name"])
        if entry := files.get((name, component["version"])):
            _add_hashes(component, entry, tags.get(name, set()))
        if packages:
            component["scope"] = "required" if name in shipped else "excluded"
    _relate(bom, needs, _own(packages))


def environment_packages(python: str) -> dict[str, Any]:
    """What cyclonedx-py says. It takes seconds to validate that, which tests do for us."""
    project = ("--pyproject", "pyproject.toml") if is_project("pyproject.toml") else ()
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "cyclonedx_py",
            "environment",
            "--spec-version",
            "1.6",
            "--output-format",
            "JSON",
            "--no-validate",
            *project,
            python,
        ],
        capture_output=True,
        check=False,
    )
    if done.returncode:
        sys.exit("error: " + done.stderr.decode(errors="replace").strip())
    bom: dict[str, Any] = json.loads(done.stdout)
    return bom


def is_project(path: str) -> bool:
    """Whether it names the application, as cyclonedx-py wants it: where Poetry has a table,
    it looks nowhere else, and since Poetry 2 that need not have a name."""
    try:
        with open(path, "rb") as file:
            data = tomllib.load(file)
    except (OSError, ValueError):
        return False
    return "name" in (data.get("tool", {}).get("poetry") or data.get("project", {}))


def lock_entries(path: str) -> Locked:
    """Nothing of a lock that is not uv's: it has no addresses, and no groups."""
    if not path.endswith(".lock"):
        return []
    try:
        with open(path, "rb") as file:
            packages: Locked = tomllib.load(file).get("package", [])
    except (OSError, ValueError) as problem:
        sys.exit(f"error: {path}: {problem}")
    return packages


def _needs(packages: Locked) -> dict[str, set[str]]:
    """Who needs whom, without development groups."""
    needs: dict[str, set[str]] = {}
    for package in packages:
        lists = (
            package.get("dependencies", ()),
            *package.get("optional-dependencies", {}).values(),
        )
        names = {canonicalize_name(need["name"]) for each in lists for need in each}
        needs.setdefault(canonicalize_name(package["name"]), set()).update(names)
    return needs


def _own(packages: Locked) -> list[str]:
    """The application itself."""
    return [
        canonicalize_name(package["name"])
        for package in packages
        if {"virtual", "editable"} & package["source"].keys()
    ]


def _shipped(packages: Locked, needs: Mapping[str, set[str]]) -> set[str]:
    waiting = _own(packages) or list(needs)
    shipped: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in shipped:
            shipped.add(name)
            waiting += needs.get(name, ())
    return shipped


def _tags(python: str) -> Iterator[tuple[str, set[str]]]:
    """For which platforms each installed wheel was built."""
    folder = escape(os.path.dirname(os.path.dirname(python)))
    for wheel in glob(f"{folder}/lib/python3*/site-packages/*.dist-info/WHEEL"):
        name = os.path.basename(os.path.dirname(wheel)).partition("-")[0]
        with open(wheel, encoding="utf-8", errors="replace") as file:
            headers = HeaderParser().parse(file)
        yield canonicalize_name(name), set(headers.get_all("Tag", []))


def _add_hashes(component: dict[str, Any], entry: Mapping[str, Any], tags: set[str]) -> None:
    """The hash of the wheel that is installed, and every file that the lock would accept."""
    files = [file for file in (entry.get("sdist"), *entry.get("wheels", ())) if file]
    references = component.setdefault("externalReferences", [])
    for file in files:
        if "url" in file and "hash" in file:
            references.append(
                {"type": "distribution", "url": file["url"], "hashes": [_hash(file["hash"])]}
            )
            if "hashes" not in component and _wheel_tags(file["url"]) & tags:
                component["hashes"] = [_hash(file["hash"])]


def _hash(text: str) -> dict[str, str]:
    algorithm, _, content = text.partition(":")
    return {"alg": algorithm.upper().replace("SHA", "SHA-"), "content": content}


def _wheel_tags(url: str) -> set[str]:
    try:
        return {str(tag) for tag in parse_wheel_filename(url.rpartition("/")[2])[3]}
    except InvalidWheelFilename:
        return set()


def _relate(bom: dict[str, Any], needs: Mapping[str, set[str]], own: Sequence[str]) -> None:
    """Who needs whom, as the lock says, among what is installed."""
    if not needs:
        return
    references: dict[str, str] = {
        canonicalize_name(component["name"]): component["bom-ref"]
        for component in bom.get("components", [])
    }
    by_reference = {references[name]: needs[name] for name in references if name in needs}
    root = bom.get("metadata", {}).get("component", {}).get("bom-ref")
    by_reference[root] = {need for name in own for need in needs[name]}
    for relation in bom.get("dependencies", []):
        if relation["ref"] in by_reference:
            required = by_reference[relation["ref"]] & references.keys()
            relation["dependsOn"] = sorted(references[name] for name in required)


if __name__ == "__main__":
    main(*sys.argv[1:])
