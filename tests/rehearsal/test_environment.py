"""The scratch environment of a rehearsal."""

from __future__ import annotations

import pytest

from shipway.config.schema import Application, Config, Environment, Smoke
from shipway.errors import ConfigError
from shipway.rehearsal.environment import (
    NAME,
    RehearsalPorts,
    candidate_release,
    load_targets,
    rehearsable_strategies,
    rehearsal_config,
    rehearsal_settings,
    with_fault,
)
from shipway.rehearsal.faults import parse_fault
from shipway.rehearsal.load import PLAIN
from shipway.releases.release import Release

PLACE = RehearsalPorts(port=20_001, test_port=20_002, inside="/inside", trigger="/crash")
RELEASE = Release(
    application="web",
    version="1.4",
    commit="3f2a91c77",
    digest="ab" * 32,
    lock="lock",
    migrations=("7",),
    path="/files",
    python="/python",
)
REAL = Environment(
    host="0.0.0.0",
    port=80,
    instances=3,
    env={"DATABASE_URL": "postgres://real", "PYTHONPATH": "/own", "COLOUR": "blue"},
    secrets=("DATABASE_URL", "TOKEN"),
)
CONFIG = Config(
    application=Application(
        serve="gunicorn main:app",
        migrate="flask db upgrade",
        env={"DATABASE_URL": "sqlite:///{data}/x", "RATE_LIMIT": "off"},
    ),
    environments={"production": REAL, "local": Environment()},
)


def made(fault: str = "", strategy: str = "") -> Config:
    order = parse_fault(fault) if fault else None
    return rehearsal_config(
        CONFIG, "production", strategy, order, PLACE, candidate_release(RELEASE)
    )


def test_a_rehearsal_is_nowhere_near_the_real_environment() -> None:
    config = made()
    assert set(config.environments) == {NAME}
    scratch = config.environments[NAME]
    assert (scratch.host, scratch.port, scratch.instances) == ("127.0.0.1", 20_001, 3)
    assert scratch.env["DATABASE_URL"] == "sqlite:///{data}/x"
    assert scratch.secrets == ("TOKEN",)  # a secret would win over the scratch database
    assert (scratch.env["COLOUR"], scratch.env["RATE_LIMIT"]) == ("blue", "off")
    assert scratch.env["PYTHONPATH"] == "/inside:/own"
    assert config.application.serve == "gunicorn shipway_fault:app"


def test_a_fault_inside_is_ordered_for_the_candidate_only() -> None:
    new = candidate_release(RELEASE)
    env = made("error=5%").environments[NAME].env
    assert (env["SHIPWAY_FAULT"], env["SHIPWAY_FAULT_RELEASE"]) == ("error", new.name)
    assert "SHIPWAY_FAULT" not in made("kill-proxy").environments[NAME].env


def test_only_a_bad_migration_changes_the_migration() -> None:
    config = made()
    assert with_fault(config, None) is config
    assert with_fault(config, parse_fault("hang")) is config
    assert "sys.exit" in with_fault(config, parse_fault("bad-migration")).application.migrate


def test_the_candidate_is_the_same_release_with_another_identity() -> None:
    new = candidate_release(RELEASE)
    assert (new.path, new.python, new.migrations) == ("/files", "/python", ("7",))
    assert new.digest != RELEASE.digest
    assert len(new.digest) == 64
    assert new.name.startswith("1.4.candidate+3f2a91c.")
    assert candidate_release(RELEASE) == new


def test_every_accepted_strategy_is_taken_and_no_other() -> None:
    for strategy in rehearsable_strategies():
        assert made(strategy=strategy).environments[NAME].strategy == strategy
    with pytest.raises(ConfigError, match="no strategy 'sudden'") as raised:
        made(strategy="sudden")
    assert "rolling" in raised.value.remedy


def test_an_unknown_environment_is_named_and_none_means_defaults() -> None:
    with pytest.raises(ConfigError, match="no environment is named 'moon'"):
        rehearsal_settings(CONFIG, "moon")
    assert rehearsal_settings(Config(), "local") == Environment()


def test_the_load_asks_what_the_smoke_tests_ask_and_a_little_that_is_slow() -> None:
    smoked = Environment(smoke=(Smoke("/a"), Smoke("/b"), Smoke("/gone", status=410)))

    def plain(paths: tuple[str, ...], environment: Environment) -> list[str]:
        found = load_targets(paths, environment, "/health")
        assert sum(one.share for one in found) == pytest.approx(1)
        assert {one.kind for one in found} == {"plain", "slow", "stream"}
        return [one.path for one in found if one.kind == PLAIN]

    assert plain((), smoked) == ["/a", "/b"]
    assert plain(("/c",), smoked) == ["/c"]
    assert plain((), Environment()) == ["/health"]
