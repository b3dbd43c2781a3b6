"""The workflows that are written, played for each event, environment and repository.

The stand-in (tests/fakes/github_actions.py) refuses what GitHub refuses, with the sources.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.github_actions import Event, FakeGitHub, Repository, Role, Run
from tests.github.town import CONFIG, ECS

from shipway.aws.names import subject_claim
from shipway.config.aws import Aws, Ecs
from shipway.config.schema import Config
from shipway.config.tables import GitHub
from shipway.github.workflows import STACK_SESSION, generate_workflows

COMMANDS = frozenset({"run", "deploy", "monitor", "cost", "clean"})
ENVIRONMENTS = ("development", "staging", "production", "security", "review")
OWN = Path(__file__).parents[2] / ".github" / "workflows"
EVENTS = {
    "push to main": Event("push"),
    "push to develop": Event("push", "develop"),
    "push to staging": Event("push", "staging"),
    "push to a branch": Event("push", "feature"),
    "pull request": Event("pull_request"),
    "pull request to develop": Event("pull_request", "develop"),
    "pull request of a fork": Event("pull_request", fork=True),
    "merge queue": Event("merge_group"),
    "schedule": Event("schedule"),
    "manual": Event("workflow_dispatch"),
}
PLAIN = replace(CONFIG, github=GitHub())
SCANNED = CONFIG
NAMED = replace(CONFIG, github=replace(CONFIG.github, name="town"))
CONFIGURATIONS = {"plain": PLAIN, "with scanners": SCANNED, "named": NAMED}


def repository(subject: str = "repo:ann@1/town@2", **settings: Any) -> Repository:
    """With everything that docs/github.md asks for: environments, their variables, roles."""
    roles = {
        f"arn:aws:iam::123456789012:role/{name}": Role(f"{subject}:environment:{name}", 14400)
        for name in ENVIRONMENTS
    }
    variables = {
        name: {
            "AWS_REGION": "eu-west-1",
            **dict.fromkeys(("AWS_ROLE", "AWS_MONITOR_ROLE", "AWS_LOOK_ROLE"), arn),
        }
        for name, arn in zip(ENVIRONMENTS, roles, strict=True)
    }
    return Repository(subject=subject, roles=roles, variables=variables, **settings)


def played(
    event: Event,
    config: Config = PLAIN,
    where: Repository | None = None,
    failing: Iterable[str] = (),
) -> list[Run]:
    """Everything that an event starts in a repository with an application."""
    files = generate_workflows(config, "apps/town", COMMANDS).files
    changed = replace(event, changed=("apps/town/app.py",))
    return FakeGitHub(files, where or repository()).runs(changed, failing=failing)


def deployed(runs: list[Run]) -> list[str]:
    """The environments that get a release."""
    return [
        job.environment
        for run in runs
        for job in run.jobs
        if "Deploy" in job.steps and job.result == "success"
    ]


def faults(runs: list[Run]) -> list[str]:
    return [fault for run in runs for fault in run.faults]


@pytest.mark.parametrize("kind", CONFIGURATIONS)
@pytest.mark.parametrize("event", EVENTS)
def test_github_refuses_nothing_whatever_happens(event: str, kind: str) -> None:
    runs = played(EVENTS[event], CONFIGURATIONS[kind])
    assert faults(runs) == []
    assert {job.result for run in runs for job in run.jobs} <= {"success", "skipped"}


@pytest.mark.parametrize("kind", CONFIGURATIONS)
def test_a_push_deploys_its_branchs_environment_and_nothing_else_deploys(kind: str) -> None:
    environments = {name: deployed(played(EVENTS[name], CONFIGURATIONS[kind])) for name in EVENTS}
    assert {name: released for name, released in environments.items() if released} == {
        "push to main": ["production"],
        "push to develop": ["development"],
        "push to staging": ["staging"],
    }


@pytest.mark.parametrize("event", EVENTS)
def test_this_repositorys_own_workflows_are_refused_nothing(event: str) -> None:
    files = {path.name: path.read_text() for path in OWN.glob("*.yml")}
    github = FakeGitHub(files, replace(repository(), default_branch="main"))
    runs = github.runs(replace(EVENTS[event], changed=("mycandidate/src/app.py",)))
    assert faults(runs) == []


@pytest.mark.parametrize("name", ["dev", "push-x", "call", "production", "Staging", "a-b_c"])
def test_no_name_of_an_environment_makes_a_deadlock(name: str) -> None:
    """A called workflow's group is compared as GitHub does: after `${{ }}` is evaluated."""
    config = replace(
        PLAIN, environments={name: ECS}, github=GitHub(branches={name: "x"}, name="deploy")
    )
    where = repository()
    where = replace(
        where,
        variables={name: where.variables["production"]},
        roles={arn: Role(f"{where.subject}:environment:{name}", 14400) for arn in where.roles},
    )
    runs = played(Event("push", "x"), config, where)
    assert faults(runs) == []
    assert deployed(runs) == [name]


def test_deploys_of_one_environment_wait_in_one_group_and_none_is_replaced() -> None:
    for event, environment in (
        ("push to main", "production"),
        ("push to develop", "development"),
        ("push to staging", "staging"),
    ):
        [deploying] = [
            job for run in played(EVENTS[event]) for job in run.jobs if "Deploy" in job.steps
        ]
        assert (deploying.group, deploying.queue) == (f"deploy-{environment}", "max")


def test_only_a_pull_requests_older_run_is_ended() -> None:
    for name, event in EVENTS.items():
        for run in played(event):
            assert run.cancels_older is (event.name == "pull_request"), name
    [first] = played(EVENTS["push to main"])
    [second] = played(EVENTS["pull request"])
    assert first.group != second.group


def test_a_fork_is_checked_and_gets_neither_role_nor_secret() -> None:
    secret = {name: {"SNYK_TOKEN": "open-sesame"} for name in ENVIRONMENTS}
    [run] = played(EVENTS["pull request of a fork"], SCANNED, repository(secrets=secret))
    ran = {job.name for job in run.jobs if job.result == "success"}
    assert {"quality", "test", "build", "verdict", "security / scan"} <= ran
    assert "security / Snyk" not in ran
    assert [job.name for job in run.jobs if job.role] == []
    assert {level for job in run.jobs for level in job.permissions.values()} <= {"read"}
    assert "Show the findings under Security" not in run.job("security / scan").steps


@pytest.mark.parametrize("step", ["Run the stage", "Scan", "Bring it together", "Analyse"])
def test_what_fails_before_it_is_never_deployed(step: str) -> None:
    runs = played(EVENTS["push to main"], failing=[step])
    assert deployed(runs) == []
    assert runs[0].job("verdict").result != "skipped"  # it tells what failed


def test_a_proof_that_fails_takes_on_no_role() -> None:
    for event in ("push to main", "push to staging"):
        runs = played(EVENTS[event], failing=["Run what has not passed unchanged"])
        assert deployed(runs) == []
        assert not any(job.role for run in runs for job in run.jobs)


def test_every_night_and_week_the_default_branch_is_looked_at() -> None:
    runs = played(EVENTS["schedule"], SCANNED)
    ran = {job.name for run in runs for job in run.jobs if job.result == "success"}
    assert {"scan", "CodeQL", "costs and leftovers"} <= ran
    assert played(Event("schedule", "develop")) == []


def test_other_applications_changes_start_nothing() -> None:
    files = generate_workflows(NAMED, "apps/town", COMMANDS).files
    github = FakeGitHub(files, repository())
    for name in ("push to main", "push to staging", "pull request"):
        assert github.runs(replace(EVENTS[name], changed=("apps/village/app.py",))) == []


@pytest.mark.parametrize("main", ["master", "trunk", "release/next"])
def test_a_repository_whose_main_branch_is_called_otherwise_is_checked_and_deployed(
    main: str,
) -> None:
    config = replace(PLAIN, github=GitHub(main=main))
    where = repository(default_branch=main)
    for event in ("pull request", "merge queue", "schedule"):
        runs = played(replace(EVENTS[event], branch=main), config, where)
        assert runs and faults(runs) == []
    assert deployed(played(Event("push", main), config, where)) == ["production"]
    assert played(Event("push", "main"), config, where) == []


@pytest.mark.parametrize("event", EVENTS)
def test_a_private_repository_is_refused_nothing_where_it_is_configured_as_one(event: str) -> None:
    where = repository(visibility="private")
    private = replace(PLAIN, github=GitHub(visibility="private"))
    runs = played(EVENTS[event], private, where)
    assert faults(runs) == []
    assert deployed(runs) == deployed(played(EVENTS[event]))


def test_a_private_repository_that_is_taken_for_a_public_one_is_refused() -> None:
    """The reason for `[github] visibility`, which `workflows write` asks for."""
    refused = " ".join(
        faults(played(EVENTS["push to main"], PLAIN, repository(visibility="private")))
    )
    assert "Code Security must be enabled" in refused
    runs = played(EVENTS["push to staging"], PLAIN, repository(visibility="private"))
    assert "Feature not available" in " ".join(faults(runs))
    assert deployed(runs) == []


def test_what_a_plan_has_is_used_in_a_private_repository() -> None:
    github = GitHub(visibility="private", codeql=True, dependency_review=True, attest=True)
    where = repository(visibility="private", code_security=True, enterprise=True)
    for name, event in EVENTS.items():
        runs = played(event, replace(PLAIN, github=github), where)
        assert faults(runs) == [], name


@pytest.mark.parametrize("form", ["immutable", "name"])
def test_a_role_trusts_both_forms_of_subject_as_configured(form: str) -> None:
    config = replace(
        PLAIN,
        github=GitHub(
            repository="ann/town",
            owner_id="1",
            repository_id="2",
            oidc_subject="name" if form == "name" else "immutable",
        ),
    )
    sent = "repo:ann/town" if form == "name" else "repo:ann@1/town@2"
    where = repository(sent)
    trusted = {
        arn: Role(subject_claim(config.github, arn.rpartition("/")[2]), role.longest)
        for arn, role in where.roles.items()
    }
    runs = played(EVENTS["push to main"], config, replace(where, roles=trusted))
    assert faults(runs) == []
    other = replace(where, roles=trusted, subject="repo:ann/town-2")
    [refused] = played(EVENTS["push to main"], config, other)
    deploying = next(job for job in refused.jobs if job.name == "production / deploy")
    assert "Not authorized" in deploying.fault
    assert "Explain whom the role trusts, and who asked" in deploying.steps


def test_a_session_is_no_longer_than_its_role_allows() -> None:
    """A role made by hand allows an hour, which is AWS's default."""
    slow = replace(ECS, ecs=Ecs(timeout=10_000))
    config = replace(PLAIN, environments={"production": slow})
    where = repository()
    hours = {arn: replace(role, longest=3600) for arn, role in where.roles.items()}
    assert faults(played(EVENTS["push to main"], config, replace(where, roles=hours))) == []
    known = replace(config, aws=Aws(account="123456789012", region="eu-west-1"))
    stack = {
        f"arn:aws:iam::123456789012:role/town-production-{kind}": Role(
            f"{where.subject}:environment:production", longest
        )
        for kind, longest in (("deploy", STACK_SESSION), ("monitor", 3600), ("look", 3600))
    }
    assert faults(played(EVENTS["push to main"], known, replace(where, roles=stack))) == []
