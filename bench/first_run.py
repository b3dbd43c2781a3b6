"""A new user's path: from a fresh clone of an application to the first run, in three commands.

    python bench/first_run.py [--cold]

The application is Flask's quickstart with a test (bench/adopted.py). Shipway is installed from this
working tree as a tool of its own, as `uv tool install shipway` does it. --cold: with an empty cache
of uv, as on a machine that never saw any of it. Ends with 1 where a command did not end well.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from adopted import UV, single_file
from adoption import git, listen_elsewhere

ROOT = Path(__file__).parent.parent


def main() -> int:
    """Print each command with its seconds; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cold", action="store_true", help="begin with an empty cache of uv")
    cold = parser.parse_args().cold
    with tempfile.TemporaryDirectory(prefix="first-run-") as temporary:
        folder = Path(temporary)
        origin, clone = folder / "origin", folder / "clone"
        single_file(origin)
        for words in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "As it came")):
            git(origin, *words)
        git(folder, "clone", "-q", str(origin), str(clone))
        env = {
            **os.environ,
            "CI": "",
            "HOME": temporary,
            "UV_TOOL_DIR": f"{temporary}/tools",
            "UV_TOOL_BIN_DIR": f"{temporary}/bin",
            "PATH": f"{temporary}/bin{os.pathsep}{os.environ['PATH']}",
            "UV_CACHE_DIR": f"{temporary}/cache" if cold else _cache(),
        }
        codes = [_timed(clone, env, UV, "tool", "install", "--quiet", str(ROOT))]
        codes.append(_timed(clone, env, "shipway", "init"))
        listen_elsewhere(clone)
        codes.append(_timed(clone, env, "shipway", "run"))
        subprocess.run(["shipway", "down", "local"], cwd=clone, env=env, capture_output=True)
    return int(any(codes))


def _cache() -> str:
    return subprocess.run([UV, "cache", "dir"], capture_output=True, text=True).stdout.strip()


def _timed(folder: Path, env: dict[str, str], *argv: str) -> int:
    started = time.monotonic()
    done = subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, check=False)
    words = " ".join((os.path.basename(argv[0]), *argv[1:])).replace(str(ROOT), "shipway")
    last = (done.stdout.strip() or done.stderr.strip()).splitlines()[-2:]
    print(f"{time.monotonic() - started:6.1f} s  {words}: {done.returncode}, {' / '.join(last)}")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
