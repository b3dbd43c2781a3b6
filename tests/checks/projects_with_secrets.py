"""Projects with secrets in them, all made up, and made here so that no scanner finds any."""

from __future__ import annotations

import os
import random
import string
import subprocess
from collections.abc import Mapping

from . import tiny_application


def _text(seed: str, length: int, letters: str = string.ascii_letters + string.digits) -> str:
    """As a service would make it, but the same every time."""
    return "".join(random.Random(seed).choices(letters, k=length))


GITHUB = "ghp_" + _text("github", 36)
AWS = "AKIA" + _text("aws", 16, string.ascii_uppercase + "234567")
PASSWORD = _text("password", 24)
OLD = "ghp_" + _text("old", 36)
MERGED = "ghp_" + _text("merged", 36)
OWN = "harbour-" + _text("own", 12, string.digits)
_LINES = [_text(f"key {number}", 64) for number in range(12)]
_NAME = "RSA PRIVATE" + " KEY"
KEY = "\n".join((f"-----BEGIN {_NAME}-----", *_LINES, f"-----END {_NAME}-----", ""))
ALL = (GITHUB, AWS, PASSWORD, OLD, MERGED, OWN, *_LINES)

_BAD = {
    **tiny_application.CLEAN,
    ".gitignore": "local.py\n/build/\n",
    "town/client.py": f'"""Asks."""\n\nTOKEN = "{GITHUB}"\npassword = "{PASSWORD}"\n',
    "infra/deploy.env": f"AWS_ACCESS_KEY_ID={AWS}\n",
    "infra/a key.pem": KEY,
    "tests/unit/made_up.py": f'TOKEN = "{OLD}"  # gitleaks:allow\n',
    # What git ignores, and what tools made.
    "local.py": f'TOKEN = "{OLD}"\n',
    "build/town/client.py": f'TOKEN = "{OLD}"\n',
    ".venv/settings.py": f'TOKEN = "{OLD}"\n',
    ".shipway/runs/1/log": f'TOKEN = "{OLD}"\n',
}
_OWN_SETTINGS = {
    **_BAD,
    "town/own.py": f'BERTH = "{OWN}"\n',
    ".gitleaks.toml": '[extend]\nuseDefault = true\n[[rules]]\nid = "berth"\n'
    "description = \"A berth\"\nregex = '''harbour-[0-9]{12}'''\n"
    "[[allowlists]]\npaths = ['''^infra/''']\n",
    ".gitleaksignore": "town/client.py:github-pat:3\n",
}
GITLEAKS = {
    "bad": _BAD,
    "clean": tiny_application.CLEAN,
    "nothing": {},
    "own-settings": _OWN_SETTINGS,
    "wrong-settings": {**_BAD, ".gitleaks.toml": "rules = 3\n"},
}
_WITH_OLD = {**tiny_application.CLEAN, "town/client.py": f'"""Asks."""\n\nTOKEN = "{OLD}"\n'}
_ON_SIDE = {"town/side.py": f'KEY = "{GITHUB}"\n'}
# The commits of each history; "side" is a branch that is merged with one more file.
HISTORIES: dict[str, tuple[Mapping[str, str], ...]] = {
    "bad": (_WITH_OLD, {"town/client.py": '"""Asks."""\n'}, _WITH_OLD, {"town/client.py": "\n"}),
    "clean": (tiny_application.CLEAN,),
    "nothing": (),
    "shallow": (tiny_application.CLEAN, {"README": "A town.\n"}),
}
CASES: dict[tuple[str, str], Mapping[str, str]] = {
    **{("gitleaks", case): files for case, files in GITLEAKS.items()},
    **{("gitleaks-history", case): {} for case in HISTORIES},
    ("gitleaks-history", "no-repository"): tiny_application.CLEAN,
}


def prepare(name: str, case: str, root: str) -> None:
    """Make the history of a case, the same to the last commit id on every machine."""
    if name != "gitleaks-history" or case not in HISTORIES:
        return
    os.makedirs(root, exist_ok=True)
    _git(root, 0, "init", "-q", "-b", "main")
    for number, files in enumerate(HISTORIES[case]):
        commit(root, number, files)
    if case == "bad":
        _git(root, 10, "checkout", "-q", "-b", "side")
        commit(root, 11, _ON_SIDE)
        _git(root, 12, "checkout", "-q", "main")
        commit(root, 13, {"README": "A town.\n"})
        _git(root, 14, "merge", "-q", "--no-commit", "side")
        commit(root, 15, {"town/merged.py": f'KEY = "{MERGED}"\n'})
        _git(root, 16, "config", "color.ui", "always")  # gitleaks by itself then finds nothing
    if case == "shallow":
        head = _git(root, 0, "rev-parse", "HEAD")
        tiny_application.write({".git/shallow": head}, root)


def commit(root: str, hour: int, files: Mapping[str, str]) -> None:
    """Write files and commit all there is."""
    tiny_application.write(files, root)
    _git(root, hour, "add", "--all", ":!.shipway")
    _git(root, hour, "commit", "-q", "-m", f"number {hour}")


def _git(root: str, hour: int, *words: str) -> str:
    when = f"2026-01-02T{hour:02}:00:00Z"
    person = {"NAME": "A", "EMAIL": "a@example.org", "DATE": when}
    who = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in person.items()
    }
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    return subprocess.run(
        ["git", *words],
        cwd=root,
        env={"PATH": os.environ["PATH"], **who, **alone},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
