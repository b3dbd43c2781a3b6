"""What -v and -vv log on standard error."""

from __future__ import annotations

from pathlib import Path

from tests.cli.in_process import project, shipway_process, step


def test_v_names_the_programs_that_are_started_and_what_the_cache_has(tmp_path: Path) -> None:
    web = project(tmp_path / "web", step("greet", "echo hello"))
    first = shipway_process(web, "-v", "run", "greet")
    again = shipway_process(web, "--verbose", "run", "greet")
    assert "INFO  shipway.system.process: start sh -c 'echo hello' in" in first.stderr
    assert "INFO  shipway.pipeline.run: cache miss: greet, key " in first.stderr
    key = first.stderr.partition("cache miss: greet, key ")[2].split()[0]
    assert f"cache hit: greet, key {key}" in again.stderr
    assert "start sh" not in again.stderr


def test_without_it_nothing_is_logged(tmp_path: Path) -> None:
    web = project(tmp_path / "web", step("greet", "echo hello"))
    assert shipway_process(web, "run", "greet").stderr == ""


def test_a_declared_secret_is_in_no_log(tmp_path: Path) -> None:
    script = step("greet", "echo ${TOKEN}", 'env = ["TOKEN"]\ninputs = []')
    web = project(tmp_path / "web", script.replace("${TOKEN}", "abc-hidden-xyz"))
    done = shipway_process(web, "-vv", "run", "greet", TOKEN="abc-hidden-xyz")
    assert "start sh -c 'echo [redacted]'" in done.stderr
    assert "hidden" not in done.stderr + done.stdout


def test_other_libraries_log_nothing(tmp_path: Path) -> None:
    web = project(tmp_path / "web", step("greet", "echo hello"))
    done = shipway_process(web, "-vv", "run", "greet")
    logged = [line.split()[3] for line in done.stderr.splitlines()]
    assert logged
    assert all(name.startswith("shipway.") for name in logged)
