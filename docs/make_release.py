"""Makes a release of Shipway: version, changelog, packages, commit and tag.

python docs/make_release.py VERSION, or `make release VERSION=1.2.3`

Nothing is pushed or published. Packages are built and checked before anything is committed; where a
check fails, the files are put back.
"""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from packaging.version import InvalidVersion, Version

ROOT = Path(__file__).parent.parent
CHANGELOG = ROOT / "CHANGELOG.md"
MODULE = ROOT / "src" / "shipway" / "__init__.py"
DIST = ROOT / "dist"
_UNRELEASED = re.compile(r"^## Unreleased\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_VERSION = re.compile(r'^__version__ = "(.+)"$', re.MULTILINE)
_CHECKERS = (("twine", "check", "--strict"), ("check-wheel-contents",))


class Refused(Exception):
    """The release cannot be made; the message says why."""


def released_changelog(text: str, version: str, day: str) -> str:
    """The changelog with what is unreleased below a heading of the version.

    day: as in 2026-11-28. Raises Refused where nothing is unreleased.
    """
    match = _UNRELEASED.search(text)
    if match is None or not match[1].strip():
        raise Refused(f"{CHANGELOG.name} has nothing below its heading Unreleased")
    heading = f"## Unreleased\n\n## {version} ({day})\n{match[1].lstrip()}"
    return text[: match.start()] + heading + text[match.end() :]


def checked_version(version: str, current: str) -> str:
    """The version. Raises Refused for what is no version, or an earlier one than today's."""
    try:
        parsed = Version(version)
    except InvalidVersion:
        raise Refused(f"{version!r} is no version; 1.2.3 is one") from None
    if str(parsed) != version:
        raise Refused(f"{version!r} is written {parsed}")
    if parsed < Version(current):
        raise Refused(f"{version} is earlier than {current}, which this is")
    return version


def make_release(version: str) -> None:
    """Raises Refused where it is not made; then nothing has changed."""
    code = MODULE.read_text(encoding="utf-8")
    match = _VERSION.search(code)
    version = checked_version(version, match[1] if match else "0")
    if changed := _git("status", "--porcelain"):
        raise Refused(f"there is what is not committed:\n{changed}")
    if _git("tag", "--list", f"v{version}"):
        raise Refused(f"there is a tag v{version} already")
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    changes = released_changelog(CHANGELOG.read_text(encoding="utf-8"), version, day)
    CHANGELOG.write_text(changes, encoding="utf-8")
    MODULE.write_text(_VERSION.sub(f'__version__ = "{version}"', code), encoding="utf-8")
    try:
        _build_and_check(version)
        _git("commit", "--quiet", "--all", "--message", f"Release {version}")
    except BaseException:
        _git("checkout", "--quiet", "--", str(CHANGELOG), str(MODULE))
        raise
    try:
        _git("tag", "--annotate", "--message", f"Shipway {version}", f"v{version}")
    except Refused:
        _git("reset", "--quiet", "--keep", "HEAD~1")
        raise


def _build_and_check(version: str) -> None:
    uv = Path(sys.executable).parent / "uv"
    _run(uv, "build", "--clear", "--out-dir", DIST)
    packages = sorted(DIST.glob(f"shipway-{version}*"))
    if len(packages) != 2:
        raise Refused(f"the build made {len(packages)} packages of {version} and not two")
    wheels = [package for package in packages if package.suffix == ".whl"]
    for program, *options in _CHECKERS:
        files = packages if program == "twine" else wheels
        _run(uv, "tool", "run", "--quiet", program, *options, *files)


def _git(*arguments: str) -> str:
    return _run("git", *arguments)


def _run(*argv: str | Path) -> str:
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        name = " ".join(Path(word).name for word in argv[:3])
        raise Refused(f"{name} failed:\n{done.stdout}{done.stderr}".rstrip())
    return done.stdout.strip()


def main(arguments: list[str]) -> int:
    """The exit code."""
    if len(arguments) != 1 or not arguments[0]:
        print("Usage: make release VERSION=1.2.3", file=sys.stderr)
        return 2
    (version,) = arguments
    try:
        make_release(version)
    except Refused as problem:
        print(f"not released: {problem}", file=sys.stderr)
        return 1
    print(
        f"released {version} here: commit {_git('rev-parse', '--short', 'HEAD')}, tag v{version}, "
        f"packages in {DIST.name}/\n"
        f"  next: git push origin HEAD v{version}\n"
        f"  undo: git tag --delete v{version} && git reset --keep HEAD~1"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
