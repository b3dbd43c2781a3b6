"""Whoever can write to the shared cache's store tries to make a step pass that fails."""

from __future__ import annotations

from pathlib import Path

from tests.cli.in_process import only, project, shipway, step
from tests.fakes.outcome_server import outcome_server

from shipway.system.signature import PrivateKey, new_private_key

SHARED = 'inputs = ["*.txt"]\nshared = true\nstage = "quality"\n'


def test_no_entry_that_somebody_writes_makes_a_failing_step_pass(tmp_path: Path) -> None:
    """Not one of their own, nor one of CI's that they move, nor one that they change."""
    ci, foreign = new_private_key(), new_private_key()
    with outcome_server() as store:
        cache = (
            f'[application]\nname = "town"\n[cache]\nremote = "{store.url}"\n'
            f'trust = {{ CI = "{PrivateKey(ci).public_key}" }}\n'
        )
        good = only() + cache + step("look", "true", SHARED)
        bad = only() + cache + step("look", "false", SHARED)
        entries = {}
        for name, signing in (("ci", ci), ("theirs", foreign)):
            folder = project(tmp_path / name, good, {"a.txt": name})
            job = {"CI": "true", "GITHUB_REF_NAME": "main", "SHIPWAY_CACHE_KEY": signing}
            assert shipway(folder, "run", **job).returncode == 0
            (path,) = set(store.entries()) - entries.keys()
            entries[path] = store.files[path]
        honest, forged = entries.values()
        tampered = honest.replace(b"quality", b"quantit")
        for number, body in enumerate((forged, honest, tampered, honest[:-40], b"", b"{}")):
            victim = project(tmp_path / f"victim-{number}", bad, {"a.txt": "a"})
            store.asked.clear()
            assert shipway(victim, "run").returncode == 1
            (wanted,) = {path for _, path, _ in store.asked}
            store.files[wanted] = body
            done = shipway(victim, "run")
            assert done.returncode == 1, done.stdout
            assert "look: an outcome in the shared cache is refused: " in done.stdout
            del store.files[wanted]
