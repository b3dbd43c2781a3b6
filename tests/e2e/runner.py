"""As much of GitHub's runner as the written workflows need: one job after the other, here.

A `run` line is executed by `bash -e`, as GitHub does where no shell is named, with the contexts
filled in. Of actions only what they leave matters: a clone, caches, artifacts.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from glob import glob
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import yaml
from tests.checks.real_tools import UV

_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")
_WORDS = re.compile(r"'(?:[^']|'')*'|[A-Za-z_][\w-]*(?:\.[\w-]+)*\(\)|[A-Za-z_][\w-]*(?:\.[\w-]+)+")


@dataclass(frozen=True)
class Ran:
    """A line that was executed."""

    job: str
    line: str
    code: int
    output: str


@dataclass
class Runner:
    """A machine with a clean clone, and what GitHub keeps for it.

    event: the context `github`. path: folders of stand-ins, before those of PATH.
    expected: exit codes that a job goes on after, by a part of the line. installed: a folder that
    runners share which install Shipway alike; what has the part `once` is done once for all of
    them. Between jobs the application's environments stay, too: they are named by the lock's
    digest, and compiling them is most of what a job would cost.
    """

    source: Path
    home: Path
    event: dict[str, Any]
    path: tuple[Path, ...] = ()
    expected: dict[str, tuple[int, ...]] = field(default_factory=dict)
    installed: Path | None = None
    once: str = "-m venv"
    ran: list[Ran] = field(default_factory=list)
    results: dict[str, str] = field(default_factory=dict)
    uploaded: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.workspace = self.home / "workspace"
        self.temp = self.home / "temp"
        self.caches = self.home / "caches"
        self.artifacts = self.home / "artifacts"
        for folder in (self.temp, self.caches, self.artifacts):
            folder.mkdir(parents=True, exist_ok=True)
        # A runner of GitHub has `python`, which Debian does not.
        python = self.home / "programs" / "python"
        python.parent.mkdir(exist_ok=True)
        python.write_text('#!/bin/sh\nexec python3 "$@"\n')
        python.chmod(0o755)
        self.path = (*self.path, python.parent)
        self._installed = self.installed or self.home / "installed"
        self._installed.mkdir(parents=True, exist_ok=True)
        asked = [UV, "cache", "dir", "--color=never"]
        self._packages = subprocess.check_output(asked, text=True).strip()
        subprocess.run(["git", "clone", "-q", self.source, self.workspace], check=True)

    def workflow(self, name: str, inputs: dict[str, str] | None = None) -> None:
        """Run a workflow's jobs, each after those that it needs, called workflows within."""
        text = (self.workspace / ".github" / "workflows" / name).read_text()
        jobs = yaml.safe_load(text)["jobs"]
        needs = {job: _listed(about.get("needs", [])) for job, about in jobs.items()}
        for job in TopologicalSorter(needs).static_order():
            about = jobs[job]
            contexts = {"inputs": inputs or {}, "needs": self._needs(about)}
            if not self._holds(about.get("if", "success()"), contexts, failed=False):
                self.results[job] = "skipped"
                continue
            if "uses" in about:
                self.workflow(about["uses"].rpartition("/")[2], about.get("with", {}))
                self.results[job] = "success"
                continue
            for row in _matrix(about):
                self._job(job, about, {**contexts, "matrix": row})

    def _needs(self, about: dict[str, Any]) -> dict[str, Any]:
        return {name: {"result": self.results[name]} for name in _listed(about.get("needs", []))}

    def _job(self, job: str, about: dict[str, Any], contexts: dict[str, Any]) -> None:
        left = (*self.workspace.glob("**/.shipway/*"), *self.temp.glob("*"))
        for used in left:
            if used.name not in ("venvs", "shipway"):
                shutil.rmtree(used) if used.is_dir() else used.unlink(missing_ok=True)
        contexts = {**contexts, "steps": {}}
        failed = False
        for step in about["steps"]:
            if self._holds(step.get("if", "success()"), contexts, failed=failed):
                failed |= not self._step(job, step, contexts)
        self.results[job] = "failure" if failed else "success"

    def _step(self, job: str, step: dict[str, Any], contexts: dict[str, Any]) -> bool:
        if "run" in step:
            return self._run(job, step, contexts)
        given = {
            name: self._filled(str(value), contexts) for name, value in step.get("with", {}).items()
        }
        action = step["uses"].partition("@")[0].replace("/", "_").replace("-", "_")
        act = getattr(self, f"_{action}", None)
        if act is not None:
            act(given)
        return True

    def _run(self, job: str, step: dict[str, Any], contexts: dict[str, Any]) -> bool:
        if self.once in step["run"]:
            return self._run_once(job, step, contexts)
        return self._execute(job, step, contexts)

    def _run_once(self, job: str, step: dict[str, Any], contexts: dict[str, Any]) -> bool:
        """Unless this or another runner did: then the line counts as executed here as well."""
        line = step["run"].strip()
        own, shared = self.temp / "shipway", self._installed / "shipway"
        with open(self._installed / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not shared.exists():
                good = self._execute(job, step, contexts)
                if good:
                    shared.symlink_to(own)  # which has its own path in its programs
                return good
        if not own.exists():
            own.symlink_to(shared.resolve())
        self.ran.append(Ran(job, line, 0, ""))
        return True

    def _execute(self, job: str, step: dict[str, Any], contexts: dict[str, Any]) -> bool:
        output = self.temp / "output"
        output.write_text("")
        env = {
            name: self._filled(str(value), contexts) for name, value in step.get("env", {}).items()
        }
        done = subprocess.run(
            ["bash", "-e", "-c", step["run"]],
            cwd=self.workspace,
            timeout=900,
            check=False,
            env={**self._variables(output), **env},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.ran.append(Ran(job, step["run"].strip(), done.returncode, done.stdout))
        pairs = [line.partition("=") for line in output.read_text().splitlines()]
        told = {name: value for name, _, value in pairs}
        contexts["steps"][step.get("id", "")] = {"outputs": told}
        allowed = [codes for part, codes in self.expected.items() if part in step["run"]]
        return done.returncode == 0 or any(done.returncode in codes for codes in allowed)

    def _variables(self, output: Path) -> dict[str, str]:
        kept = (
            "HOME",
            "LANG",
            "UV_DEFAULT_INDEX",
            "UV_INDEX_URL",
            "PIP_INDEX_URL",
            "SSL_CERT_FILE",
            "PIP_CACHE_DIR",
        )
        found = {name: os.environ[name] for name in kept if name in os.environ}
        path = ":".join([*map(str, self.path), os.environ["PATH"]])
        return {
            **found,
            "PATH": path,
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(self.temp / "summary.md"),
            "GITHUB_REPOSITORY": self.event["repository"],
            "GITHUB_RUN_ID": self.event["run_id"],
            "GITHUB_EVENT_NAME": self.event["event_name"],
            "XDG_CACHE_HOME": str(self.home / "x"),
            "UV_CACHE_DIR": self._packages,  # as the workflows' own cache of uv's would be
            "GITHUB_API_URL": "http://127.0.0.1:9",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_EC2_METADATA_DISABLED": "true",  # there is no account, and nobody to ask for one
        }

    # -- expressions ----------------------------------------------------------------------

    def _filled(self, text: str, contexts: dict[str, Any]) -> str:
        return _EXPRESSION.sub(lambda one: str(self._value(one[1], contexts) or ""), text)

    def _holds(self, condition: str, contexts: dict[str, Any], *, failed: bool) -> bool:
        whole = _EXPRESSION.fullmatch(condition.strip())
        inner = whole[1] if whole else condition
        status = any(name in inner for name in ("cancelled()", "failure()", "success()"))
        needed = all(one["result"] == "success" for one in contexts["needs"].values())
        good = not failed and needed
        value = self._value(inner, {**contexts, "good": good})
        return bool(value) and (status or good)

    def _value(self, expression: str, contexts: dict[str, Any]) -> Any:
        """Python's value of an expression of GitHub's, of the few kinds that are written."""
        known = {
            "github": self.event,
            "vars": {},
            "secrets": {},
            "runner": {"os": "Linux", "temp": str(self.temp)},
            **contexts,
        }

        def replaced(word: re.Match[str]) -> str:
            if word[0].startswith("'"):
                return repr(word[0][1:-1].replace("''", "'"))
            if word[0].endswith("()"):
                good = contexts.get("good", True)
                return repr(
                    {"cancelled()": False, "failure()": not good, "success()": good}[word[0]]
                )
            value: Any = known
            for part in word[0].split("."):
                value = value.get(part) if isinstance(value, dict) else None
            return repr(value)

        if expression.strip().startswith("hashFiles("):
            return "hash"
        text = _WORDS.sub(replaced, expression.strip())
        text = text.replace("&&", " and ").replace("||", " or ").replace("!=", "<>")
        return eval(text.replace("!", " not ").replace("<>", "!="), {"__builtins__": {}})

    # -- what actions leave -----------------------------------------------------------------

    def _actions_cache_save(self, given: dict[str, str]) -> None:
        if given["path"].startswith("~"):
            return  # uv's own, which this machine has
        for path in given["path"].splitlines():
            self._copy(self.workspace / path, self.caches / given["key"] / path)

    def _actions_cache_restore(self, given: dict[str, str]) -> None:
        kept = sorted(self.caches.glob("*"), key=lambda one: one.stat().st_mtime, reverse=True)
        wanted = (given["key"], given["restore-keys"])
        for cache in (one for key in wanted for one in kept if one.name.startswith(key)):
            for path in given["path"].splitlines():
                self._copy(cache / path, self.workspace / path)
            return

    def _actions_upload_artifact(self, given: dict[str, str]) -> None:
        """Below the folder that all paths have in common, as the action does it."""
        patterns = [line.strip() for line in given["path"].splitlines() if line.strip()]
        found = [path for one in patterns for path in glob(str(self.workspace / one))]
        if not found:
            assert given["if-no-files-found"] == "ignore", given
            return
        folder = os.path.commonpath([os.path.dirname(path) for path in found])
        shutil.rmtree(self.artifacts / given["name"], ignore_errors=True)
        for path in found:
            below = os.path.relpath(path, folder)
            self._copy(Path(path), self.artifacts / given["name"] / below)
        self.uploaded[given["name"]] = sorted(os.path.relpath(path, folder) for path in found)

    def _actions_download_artifact(self, given: dict[str, str]) -> None:
        if "name" in given:
            self._copy(self.artifacts / given["name"], Path(given["path"]))
            return
        for folder in self.artifacts.glob(given["pattern"]):
            self._copy(folder, Path(given["path"]) / folder.name)

    def _github_codeql_action_upload_sarif(self, given: dict[str, str]) -> None:
        path = self.workspace / given["sarif_file"]
        assert path.exists(), self.ran[-1]
        assert json.loads(path.read_text())["version"] == "2.1.0"

    def _copy(self, source: Path, target: Path) -> None:
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        elif source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)


def _listed(names: str | list[str]) -> list[str]:
    return [names] if isinstance(names, str) else names


def _matrix(about: dict[str, Any]) -> list[dict[str, str]]:
    rows = about.get("strategy", {}).get("matrix", {})
    return [{name: one} for name, values in rows.items() for one in values] or [{}]
