"""From a configuration to steps."""

from __future__ import annotations

from typing import Any

import pytest

from shipway.checks.coverage import COVERAGE
from shipway.checks.import_check import IMPORTABLE
from shipway.checks.mypy import MYPY
from shipway.checks.osv_advisories import IMAGE_PACKAGES
from shipway.checks.pytest import BROWSER, INTEGRATION, UNIT
from shipway.checks.ruff import RUFF
from shipway.checks.sbom import SBOM
from shipway.config.schema import Application, Config, Environment, Limits, OwnStep
from shipway.config.tables import Image
from shipway.errors import ConfigError
from shipway.pipeline.check import Check
from shipway.pipeline.definition import pipeline_steps
from shipway.pipeline.dependency import Role
from shipway.pipeline.graph import Graph
from shipway.pipeline.step import ALL_CORES, Step, StepKind

WEB = Application(name="web", lock="uv.lock", serve="gunicorn web:app", packages=("web",))


def steps(application: Application, *checks: Check, **more: Any) -> dict[str, Step]:
    """The steps of a configuration by name; the graph holds that each need is there."""
    return Graph(pipeline_steps(Config(application=application, **more), checks)).steps


def own(run: str | tuple[str, ...] = "true", **more: Any) -> OwnStep:
    return OwnStep(run=run, **more)


def test_an_application_has_an_environment_checks_and_a_release() -> None:
    made = steps(WEB, RUFF, IMPORTABLE, UNIT)
    assert list(made) == ["install", "ruff", "importable", "unit", "package"]
    assert made["install"].inputs == ("uv.lock", "pyproject.toml")
    assert made["unit"].needs == ("install", "importable")
    assert made["unit"].work["check"] == "unit"
    assert made["package"].inputs == ("**",)
    assert made["ruff"].tool.startswith("ruff ")


def test_unit_tests_alone_lose_the_network_where_they_are_to() -> None:
    checks = (RUFF, IMPORTABLE, UNIT, INTEGRATION)
    before, now = steps(WEB, *checks), steps(WEB, *checks, checks={"network": False})
    assert now["unit"].work["network"] is False
    assert before["unit"].identity != now["unit"].identity  # one that had it proves nothing
    for name in ("ruff", "integration"):
        assert "network" not in now[name].work
        assert before[name].identity == now[name].identity


def test_a_step_without_the_sandbox_is_another_step() -> None:
    held, free = (steps(WEB, steps={"own": own(sandbox=on)})["own"] for on in (True, False))
    assert (held.work, free.work) == ({"argv": ["true"]}, {"argv": ["true"], "sandbox": False})
    assert held.identity != free.identity


def test_checks_have_the_configured_time() -> None:
    assert steps(WEB, RUFF, limits=Limits(timeout=60))["ruff"].timeout == 60


def test_a_release_waits_for_its_sbom_and_does_without_one_that_cannot_be_made() -> None:
    made = steps(WEB, SBOM)
    assert made["package"].needs == ("install", "sbom")
    assert (made["package"].role, made["package"].products) == (Role.AGGREGATOR, ("install",))
    assert steps(WEB, RUFF)["package"].needs == ("install",)


@pytest.mark.parametrize("test_lock", ["", "requirements-test-lock.txt"])
def test_packages_of_the_repository_are_installed_again_when_they_change(test_lock: str) -> None:
    application = Application(
        lock="requirements-lock.txt", test_lock=test_lock, local_packages=("libs/acme",)
    )
    assert "libs/acme/**" in steps(application, RUFF)["install"].inputs


def test_without_a_lock_nothing_is_installed_or_packaged() -> None:
    assert list(steps(Application(serve="gunicorn web:app"), RUFF)) == ["ruff"]


def test_without_a_command_to_serve_it_nothing_is_packaged() -> None:
    assert list(steps(Application(lock="uv.lock"), RUFF)) == ["install", "ruff"]


def test_a_release_holds_what_the_configuration_says() -> None:
    application = Application(lock="uv.lock", serve="x", release=("web/**", "!*.md"))
    package = steps(application)["package"]
    assert package.inputs == ("web/**", "!*.md")
    assert package.work["files"] == ("web/**", "!*.md")


def test_the_rollout_needs_everything_and_what_verifies_it_needs_the_rollout() -> None:
    made = steps(
        WEB,
        RUFF,
        IMPORTABLE,
        UNIT,
        environments={"local": Environment()},
        steps={
            "docs": own(),
            "migrate": own(stage="deploy"),
            "probe": own(stage="verify", needs=("docs",), max_age=60.0),
            "named": own(stage="verify", needs=("deploy-local",)),
        },
    )
    rollout = made["deploy-local"]
    assert rollout.needs == ("ruff", "unit", "docs", "package")
    assert (rollout.max_age, rollout.role, rollout.products) == (0, Role.ROLLOUT, ("package",))
    assert made["migrate"].role is Role.CONSUMER
    assert made["migrate"].needs == ("deploy-local",)
    assert made["probe"].needs == ("docs", "deploy-local")
    assert made["named"].needs == ("deploy-local",)
    assert {made[name].max_age for name in ("migrate", "probe", "named")} == {0}


def test_the_rollout_takes_the_release_itself_though_another_step_needs_it_too() -> None:
    size = {"size": own(needs=("package",))}
    made = steps(WEB, RUFF, environments={"local": Environment()}, steps=size)
    assert made["deploy-local"].needs == ("ruff", "size", "package")


def test_a_check_takes_the_environment_and_what_there_is_of_the_rest() -> None:
    made = steps(WEB, RUFF, IMPORTABLE, UNIT, INTEGRATION, BROWSER, COVERAGE)
    assert (made["coverage"].role, made["coverage"].products) == (Role.AGGREGATOR, ("install",))
    assert made["ruff"].products == ()


def test_what_verifies_runs_without_a_rollout_where_there_is_none() -> None:
    made = steps(WEB, steps={"probe": own(stage="verify")}, environments={"x": Environment()})
    assert "deploy-local" not in made
    assert made["probe"].needs == ()


def test_a_step_of_the_teams_own_is_what_it_says() -> None:
    settings: dict[str, Any] = {
        "stage": "quality",
        "inputs": ("a",),
        "timeout": 7.0,
        "retries": 2,
        "max_age": 60.0,
        "branches": ("main",),
    }
    made = steps(
        Application(),
        env=("HOME",),
        steps={"x": own("sh -c 'a  b' \"$X\"", cores="all", env=("MODE",), **settings)},
    )["x"]
    assert made.kind is StepKind.COMMAND
    assert made.work == {"argv": ["sh", "-c", "a  b", "$X"]}
    assert made.cores == ALL_CORES
    assert made.env == ("HOME", "MODE")
    assert {name: getattr(made, name) for name in settings} == settings


def test_a_list_is_taken_word_for_word() -> None:
    made = steps(Application(), steps={"x": own(("sh", "-c", "it's"), cores=3)})["x"]
    assert made.work == {"argv": ["sh", "-c", "it's"]}
    assert made.cores == 3


@pytest.mark.parametrize("run", ["", "  ", ()])
def test_a_step_without_words_is_refused(run: str | tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match=r"steps\.x\.run is empty"):
        steps(Application(), steps={"x": own(run)})


def test_an_open_quotation_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"steps\.x\.run: No closing quotation: it's") as caught:
        steps(Application(), steps={"x": own("it's")})
    assert caught.value.remedy == "Close the quotation."


@pytest.mark.parametrize("key", ["serve", "migrate", "seed"])
@pytest.mark.parametrize("words", ["it's", "  "])
def test_an_application_that_cannot_be_started_is_refused(key: str, words: str) -> None:
    application = Application(**{"lock": "uv.lock", key: words})  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=rf"application\.{key}"):
        steps(application)


@pytest.mark.parametrize("check", [UNIT, MYPY])
def test_a_check_in_the_applications_environment_needs_a_lock(check: Check) -> None:
    with pytest.raises(ConfigError, match="there is no lock file") as caught:
        steps(Application(), check)
    assert f"[checks] {check.name} = false" in caught.value.remedy


def test_a_step_with_the_name_of_another_is_refused() -> None:
    with pytest.raises(ConfigError, match="two steps are named 'install'"):
        steps(WEB, steps={"install": own()})


IMAGED = Application(
    name="web", lock="uv.lock", serve="gunicorn web:app", packages=("web",), dockerfile="Dockerfile"
)
LOCAL = Environment()


def test_an_image_is_built_and_published_only_where_there_is_a_registry_for_it() -> None:
    assert "image" not in steps(IMAGED, RUFF, environments={"local": LOCAL})
    for more in (
        {"image": Image(registry="r.example")},
        {"environments": {"production": Environment(platform="ecs")}},
    ):
        made = steps(IMAGED, RUFF, **more)
        assert (made["image"].stage, made["publish"].stage) == ("build", "publish")


def test_publishing_needs_all_checks_and_the_local_rollout_needs_no_image() -> None:
    made = steps(
        IMAGED,
        RUFF,
        IMPORTABLE,
        UNIT,
        IMAGE_PACKAGES,
        image=Image(registry="r.example"),
        environments={"local": LOCAL},
        steps={"smoke": own(stage="verify")},
    )
    assert made["image-packages"].needs[-1] == "image"
    assert set(made["publish"].needs) == {"ruff", "unit", "findings", "package", "image"}
    assert made["image-packages"].products == ("image",)
    assert made["publish"].role is Role.PUBLICATION
    assert set(made["publish"].products) == {"image", "package"}
    assert {"image", "publish"}.isdisjoint(made["deploy-local"].needs)


def test_image_and_publish_run_when_they_are_asked_for() -> None:
    config = Config(
        application=IMAGED, image=Image(registry="r.example"), environments={"local": LOCAL}
    )
    graph = Graph(pipeline_steps(config, (RUFF, IMAGE_PACKAGES)))
    for words, left in (
        ((), {"image", "publish"}),
        (("deploy",), {"image", "publish"}),
        (("security",), {"image", "publish"}),
        (("build",), {"publish"}),
        (("image", "security"), {"publish"}),
        (("publish",), set()),
    ):
        assert graph.unasked(words) == left, words
