"""What holds for every workflow that is written, whatever the configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.github.town import ALL, CONFIG, ECS

from shipway.config.aws import Aws, Ecs
from shipway.config.schema import Application, Config
from shipway.config.tables import Cache, GitHub, Notify, Scanners
from shipway.errors import ConfigError
from shipway.github.workflows import (
    PINS,
    deploy_targets,
    generate_workflows,
    header_line,
    released_branch_notes,
    subject_mismatch,
)

COMMANDS = frozenset({"run", "deploy", "monitor", "cost", "clean"})
WRITTEN = generate_workflows(CONFIG, "apps/town", COMMANDS).files


def loaded(text: str) -> dict[str, Any]:
    data: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)
    data["on"] = data.pop(True)  # YAML 1.1 takes the word for a truth value
    return data


WORKFLOWS = {name: loaded(text) for name, text in WRITTEN.items()}
each = pytest.mark.parametrize("name", sorted(WRITTEN))


def jobs(name: str) -> Iterator[dict[str, Any]]:
    yield from WORKFLOWS[name]["jobs"].values()


def steps(name: str) -> Iterator[dict[str, Any]]:
    for job in jobs(name):
        yield from job.get("steps", ())


def test_these_are_the_files() -> None:
    assert sorted(WRITTEN) == [
        "ci-cd.yml",
        "deploy-dev.yml",
        "deploy-staging.yml",
        "deploy.yml",
        "monitoring.yml",
        "security.yml",
    ]


@each
def test_nothing_is_permitted_but_what_a_job_asks_for(name: str) -> None:
    assert WORKFLOWS[name]["permissions"] == {}
    assert all("permissions" in job for job in jobs(name))


@each
def test_every_job_ends_by_itself(name: str) -> None:
    assert all("uses" in job or job["timeout-minutes"] > 0 for job in jobs(name))


@each
def test_every_action_is_of_the_table_by_its_commit_with_its_tag(name: str) -> None:
    found = re.findall(r"uses: (\S+?)(?:@(\S+) # (\S+))?$", WRITTEN[name], re.MULTILINE)
    assert found
    for action, commit, tag in found:
        if not action.startswith("$/"):
            assert PINS["/".join(action.split("/")[:2])] == (commit, tag)


def test_the_table_holds_no_action_that_nobody_uses() -> None:
    whole = "\n".join(WRITTEN.values()) + "\n".join(
        generate_workflows(CONFIG, ".", frozenset()).files.values()
    )
    assert [action for action in PINS if f"uses: {action}" not in whole] == []


@each
def test_no_credentials_stay_behind_a_checkout(name: str) -> None:
    found = [one for one in steps(name) if str(one.get("uses", "")).startswith("actions/checkout")]
    assert all(one["with"]["persist-credentials"] is False for one in found)


@each
def test_no_expression_stands_in_a_command(name: str) -> None:
    assert [one["run"] for one in steps(name) if "${{" in one.get("run", "")] == []


@each
def test_a_step_does_one_thing(name: str) -> None:
    assert [one["name"] for one in steps(name) if ("run" in one) == ("uses" in one)] == []


@each
def test_artifacts_are_not_kept_for_ever(name: str) -> None:
    uploads = [one for one in steps(name) if "upload-artifact" in str(one.get("uses", ""))]
    assert all(one["with"]["retention-days"] == 14 for one in uploads)


@each
def test_only_a_push_leaves_a_cache_for_others(name: str) -> None:
    """A fork's change runs as pull_request: whatever it makes of a step's outcome stays there."""
    saving = [one for one in steps(name) if "cache" in str(one.get("uses", ""))]
    for one in saving:
        assert one["uses"].startswith(("actions/cache/restore@", "actions/cache/save@"))
        if "/save@" in one["uses"]:
            condition = str(one["if"]).removeprefix("${{ !cancelled() && ").removesuffix(" }}")
            assert condition == "github.event_name == 'push'"


def test_pushes_that_may_leave_a_cache_are_those_of_branches_that_are_deployed() -> None:
    for name, workflow in WORKFLOWS.items():
        on = workflow["on"]
        assert "pull_request_target" not in on and "workflow_run" not in on
        pushed = (on.get("push") or {}).get("branches", [])
        assert pushed == {
            "ci-cd.yml": ["main"],
            "deploy-dev.yml": ["develop"],
            "deploy-staging.yml": ["staging"],
        }.get(name, [])


def test_who_may_deploy_restores_no_cache() -> None:
    for name in WORKFLOWS:
        for job in jobs(name):
            if "id-token" in job["permissions"] and job.get("environment"):
                used = [str(one.get("uses", "")) for one in job["steps"]]
                assert not [one for one in used if one.startswith("actions/cache")]


def test_what_is_restored_is_what_was_saved() -> None:
    kept: dict[str, set[str]] = {"restore": set(), "save": set()}
    for name in WORKFLOWS:
        for one in steps(name):
            found = re.match(r"actions/cache/(restore|save)@", str(one.get("uses", "")))
            if found and one["with"]["key"].startswith("outcomes-"):
                kept[found[1]].add(one["with"]["path"])
    assert kept["restore"] == kept["save"]
    assert len(kept["save"]) == 1


def test_only_runs_of_pull_requests_are_ended_by_newer_ones() -> None:
    for name, workflow in WORKFLOWS.items():
        ends = workflow["concurrency"]["cancel-in-progress"]
        assert ends == (
            "${{ github.event_name == 'pull_request' }}" if name == "ci-cd.yml" else False
        )
    deploy = WORKFLOWS["deploy.yml"]["jobs"]["deploy"]
    assert deploy["concurrency"]["queue"] == "max"


def test_deploys_are_of_pushes_and_by_the_one_workflow() -> None:
    deploy = WORKFLOWS["ci-cd.yml"]["jobs"]["deploy"]
    assert deploy["if"] == "github.event_name == 'push' && github.ref == 'refs/heads/main'"
    assert set(deploy["needs"]) == {"verdict", "security"}
    for name in ("ci-cd.yml", "deploy-dev.yml", "deploy-staging.yml"):
        assert WORKFLOWS[name]["jobs"]["deploy"]["uses"] == "$/.github/workflows/deploy.yml"


def test_a_long_rollout_has_the_time_that_it_may_take() -> None:
    slow = replace(ECS, ecs=Ecs(timeout=7200))
    config = replace(CONFIG, environments={"production": slow})
    deploy = loaded(generate_workflows(config, ".", COMMANDS).files["deploy.yml"])["jobs"]["deploy"]
    assert deploy["timeout-minutes"] == 150


def test_roles_come_from_the_account_or_the_configuration_or_githubs_environment() -> None:
    def role(config: Config) -> object:
        job = loaded(generate_workflows(config, ".", COMMANDS).files["deploy-staging.yml"])["jobs"][
            "deploy"
        ]
        return job["with"].get("role")

    known = replace(CONFIG, aws=Aws(account="123456789012"))
    assert role(CONFIG) is None
    assert role(known) == "arn:aws:iam::123456789012:role/town-staging-deploy"
    china = replace(CONFIG, aws=Aws(account="123456789012", region="cn-north-1"))
    assert role(china) == "arn:aws-cn:iam::123456789012:role/town-staging-deploy"
    other = replace(CONFIG, github=GitHub(roles={"staging": "arn:aws:iam::1:role/x"}))
    assert role(other) == "arn:aws:iam::1:role/x"


def test_what_is_not_there_is_said() -> None:
    bare = generate_workflows(Config(application=Application(name="town")), ".", frozenset({"run"}))
    assert sorted(bare.files) == ["ci-cd.yml", "security.yml"]
    assert "deploy.yml: no environment is on ecs" in bare.left_out
    assert any("no command `monitor`" in one for one in bare.left_out)
    more = replace(CONFIG, environments={"review": ECS})
    said = generate_workflows(more, ".", COMMANDS).left_out
    assert any(one.startswith("review: no branch is deployed there") for one in said)
    assert generate_workflows(CONFIG, ".", COMMANDS).left_out == ()


def test_a_stage_without_steps_has_no_job() -> None:
    """`shipway run STAGE` is an error where there is nothing to run."""
    files = generate_workflows(CONFIG, ".", COMMANDS, {"build"}).files
    matrix = loaded(files["ci-cd.yml"])["jobs"]["stage"]["strategy"]["matrix"]
    assert matrix == {"stage": ["quality", "build"]}
    assert "scan" not in loaded(files["security.yml"])["jobs"]
    assert " run quality build\n" in files["deploy.yml"]
    bare = replace(CONFIG, github=GitHub(codeql=False, dependency_review=False))
    without = generate_workflows(bare, ".", COMMANDS, {"quality"}).files
    assert "security.yml" not in without
    assert loaded(without["ci-cd.yml"])["jobs"]["verdict"]["needs"] == ["stage"]


def test_monitoring_is_there_as_soon_as_the_command_is() -> None:
    without = generate_workflows(CONFIG, ".", COMMANDS - {"monitor"}).files
    assert "monitoring.yml" not in without
    assert "monitoring" not in loaded(without["ci-cd.yml"])["jobs"]


def test_an_image_is_published_and_signed_where_the_pipeline_has_one() -> None:
    assert " run publish\n" in WRITTEN["deploy.yml"]
    assert "steps.publish.outputs.image_digest" in WRITTEN["deploy.yml"]
    without = generate_workflows(CONFIG, ".", COMMANDS, {"quality", "build"}).files["deploy.yml"]
    assert " run publish" not in without
    assert "subject-path: ${{ runner.temp }}/proved.tar" in without


def test_each_scanner_is_one_line_and_one_job_whose_findings_are_imported() -> None:
    for key, job in (
        ("snyk", "snyk"),
        ("dependency_check", "dependency-check"),
        ("clair", "clair"),
        ("ecr", "ecr"),
        ("secret_scanning", "secret-scanning"),
    ):
        value = getattr(ALL, key)
        config = replace(CONFIG, github=GitHub(scanners=Scanners(**{key: value})))
        text = generate_workflows(config, ".", COMMANDS).files["security.yml"]
        found = loaded(text)["jobs"]
        assert set(found) == {"scan", "codeql", "dependency-review", job}
        assert found["scan"]["needs"] == [job]
        assert f"findings import --name {job}" in text
        assert found[job]["environment"] == {"name": "security", "deployment": False}


@pytest.mark.parametrize(
    "wrong",
    [Scanners(snyk="latest"), Scanners(clair="sha256:55"), Scanners(dependency_check="12.1.0")],
)
def test_a_scanner_that_is_not_pinned_is_refused(wrong: Scanners) -> None:
    with pytest.raises(ConfigError, match="pins nothing"):
        generate_workflows(replace(CONFIG, github=GitHub(scanners=wrong)), ".", COMMANDS)


@pytest.mark.parametrize(
    "github",
    [
        GitHub(main="a${{ secrets.X }}"),
        GitHub(install=("make\nrm",)),
        GitHub(branches={"staging": "x\u2028y"}),
        GitHub(roles={"staging": "${{ github.token }}"}),
    ],
)
def test_what_github_would_understand_as_something_else_is_refused(github: GitHub) -> None:
    with pytest.raises(ConfigError, match="cannot stand in a workflow"):
        generate_workflows(replace(CONFIG, github=github), ".", COMMANDS)


@pytest.mark.parametrize("name", ["a/b", "dev", "ü", ""])
def test_an_environment_that_names_no_file_of_its_own_is_refused(name: str) -> None:
    config = replace(CONFIG, environments={"development": ECS, name: ECS})
    github = GitHub(branches={name: "x"})
    with pytest.raises(ConfigError, match="no name for one workflow"):
        generate_workflows(replace(config, github=github), ".", COMMANDS)


_ODD = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_TEXT = st.text(min_size=1).filter(lambda text: "${{" not in text and not _ODD.search(text))


@settings(max_examples=40)
@given(branch=_TEXT, runner=_TEXT)
def test_whatever_a_branch_is_called_it_arrives_as_it_is(branch: str, runner: str) -> None:
    github = GitHub(main=branch, runner=runner, branches={"production": branch})
    ci = loaded(
        generate_workflows(replace(CONFIG, github=github), ".", COMMANDS).files["ci-cd.yml"]
    )
    assert ci["on"]["push"]["branches"] == [branch]
    assert ci["jobs"]["stage"]["runs-on"] == runner
    quoted = ci["jobs"]["deploy"]["if"].partition("refs/heads/")[2]
    assert quoted.removesuffix("'").replace("''", "'") == branch


def test_the_first_line_says_who_wrote_it_and_for_which_folder() -> None:
    assert all(text.startswith(header_line("apps/town") + "\n") for text in WRITTEN.values())
    assert "`shipway -C apps/town workflows write`" in header_line("apps/town")
    assert "`shipway workflows write`" in header_line(".")


def test_every_week_costs_are_checked_and_leftovers_shown_by_a_role_that_only_reads() -> None:
    job = WORKFLOWS["monitoring.yml"]["jobs"]["weekly"]
    runs = [one["run"].strip() for one in job["steps"] if "run" in one]
    assert [one.partition(" -C apps/town ")[2] for one in runs[-2:]] == [
        "cost --check",
        "clean --aws --dry-run",
    ]
    assert job["steps"][-1]["if"] == "${{ !cancelled() }}"  # whatever it costs
    (assumed,) = [one["with"] for one in job["steps"] if "role-to-assume" in one.get("with", {})]
    assert assumed["role-to-assume"] == "${{ vars.AWS_LOOK_ROLE }}"
    known = replace(CONFIG, aws=Aws(account="123456789012", region="eu-west-1"))
    text = generate_workflows(known, ".", COMMANDS).files["monitoring.yml"]
    assert "role-to-assume: arn:aws:iam::123456789012:role/town-production-look" in text
    assert (
        "cost --check"
        not in generate_workflows(CONFIG, ".", COMMANDS - {"cost"}).files["monitoring.yml"]
    )


def test_alarms_are_applied_by_a_role_of_their_own() -> None:
    (assumed,) = [
        one["with"]
        for one in WORKFLOWS["monitoring.yml"]["jobs"]["apply"]["steps"]
        if "role-to-assume" in one.get("with", {})
    ]
    assert assumed["role-to-assume"] == "${{ inputs.role || vars.AWS_MONITOR_ROLE }}"
    assert "role" not in WORKFLOWS["ci-cd.yml"]["jobs"]["monitoring"]["with"]
    given = GitHub(roles={"production": "arn:aws:iam::123456789012:role/of-our-own"})
    known = replace(CONFIG, aws=Aws(account="123456789012", region="eu-west-1"), github=given)
    jobs = loaded(generate_workflows(known, ".", COMMANDS).files["ci-cd.yml"])["jobs"]
    assert jobs["monitoring"]["with"]["role"].endswith(":role/town-production-monitor")
    assert jobs["deploy"]["with"]["role"].endswith(":role/of-our-own")


def test_an_application_with_a_name_has_files_groups_and_calls_of_its_own() -> None:
    named = replace(CONFIG, github=replace(CONFIG.github, name="town"))
    files = generate_workflows(named, "apps/town", COMMANDS).files
    assert set(files) == {f"town-{name}" for name in WRITTEN}
    for name, text in files.items():
        assert str(loaded(text)["name"]).endswith(" (town)"), name
        for called in re.findall(r"\.github/workflows/(\S+\.yml)", text.partition("\njobs:")[2]):
            assert called in files
        for group in re.findall(r"group: (\S+)", text):
            assert group.startswith("town-")
    on = loaded(files["town-ci-cd.yml"])["on"]
    paths = ["apps/town/**", ".github/workflows/town-*.yml", ".github/shipway.txt"]
    assert on["push"]["paths"] == on["pull_request"]["paths"] == paths
    assert loaded(files["town-deploy-staging.yml"])["on"]["push"]["paths"] == paths
    assert "paths" not in WORKFLOWS["ci-cd.yml"]["on"]["push"]


def test_a_python_of_the_applications_own_is_set_up_before_shipways() -> None:
    other = replace(CONFIG, application=replace(CONFIG.application, python="3.9"))
    text = generate_workflows(other, "apps/town", COMMANDS).files["ci-cd.yml"]
    [setup, *_] = [
        step
        for job in loaded(text)["jobs"].values()
        for step in job.get("steps", ())
        if "setup-python" in step.get("uses", "")
    ]
    assert setup["with"]["python-version"].split() == ["3.9", CONFIG.github.python]


@pytest.mark.parametrize("default", ["master", "trunk", "release/next"])
def test_a_branch_that_there_is_not_is_refused_with_the_line_that_helps(default: str) -> None:
    with pytest.raises(ConfigError, match="no workflow would ever run") as caught:
        released_branch_notes(GitHub(), default, {default, "feature"})
    assert f'[github] main = "{default}"' in caught.value.remedy
    assert released_branch_notes(GitHub(main=default), default, {default}) == ()


def test_another_default_branch_is_said_and_an_unknown_one_is_nothing() -> None:
    (note,) = released_branch_notes(GitHub(), "develop", {"main", "develop"})
    assert "main is released, and the default branch is develop" in note
    assert released_branch_notes(GitHub(), "master", frozenset()) != ()  # not one commit yet
    assert released_branch_notes(GitHub(), "", {"feature"}) == ()


def test_what_a_private_repository_lacks_is_left_out_and_said() -> None:
    private = replace(CONFIG, github=GitHub(visibility="private"))
    generated = generate_workflows(private, ".", COMMANDS)
    text = "".join(generated.files.values())
    for action in ("attest-build-provenance", "codeql-action", "dependency-review-action"):
        assert action not in text
    assert "security-events" not in text and "attestations" not in text
    said = " ".join(generated.left_out)
    assert "Enterprise Cloud" in said and "GitHub Code Security" in said
    assert any("reviewers" in note for note in generated.notes)


def test_what_is_asked_for_in_a_private_repository_is_there() -> None:
    github = GitHub(visibility="private", codeql=True, dependency_review=False, attest=True)
    generated = generate_workflows(replace(CONFIG, github=github), ".", COMMANDS)
    text = "".join(generated.files.values())
    assert "codeql-action/init" in text and "codeql-action/upload-sarif" in text
    assert "attest-build-provenance" in text and "dependency-review-action" not in text
    assert not any("needs" in sentence for sentence in generated.left_out)


def test_a_visibility_that_is_not_configured_is_asked_for() -> None:
    (note,) = generate_workflows(CONFIG, ".", COMMANDS).notes
    assert 'visibility = "public" or "private"' in note
    public = replace(CONFIG, github=GitHub(visibility="public"))
    assert generate_workflows(public, ".", COMMANDS).notes == ()
    assert (
        generate_workflows(public, ".", COMMANDS).files
        == generate_workflows(replace(CONFIG, github=GitHub()), ".", COMMANDS).files
    )


def test_a_session_is_as_long_as_the_rollout_where_the_role_is_known_to_allow_it() -> None:
    def session(timeout: float, github: GitHub | None = None, account: str = "123456789012") -> int:
        slow = replace(ECS, ecs=Ecs(timeout=timeout))
        config = Config(
            application=Application(name="town"),
            environments={"production": slow},
            aws=Aws(account=account),
            github=github or GitHub(),
        )
        (target,) = deploy_targets(config)
        return target.session

    own = {"production": "arn:aws:iam::123456789012:role/own"}
    assert session(3600) == 5400
    assert session(600) == 3600  # never shorter than what every role allows
    assert session(40_000) == 14_400  # what the stack's role allows
    assert session(7200, GitHub(roles=own)) == 3600  # what every role allows
    assert session(7200, GitHub(roles=own, role_sessions={"production": 43_200})) == 9000
    assert session(7200, account="") == 3600  # nobody knows the role


def test_a_rollout_that_outlives_githubs_machines_is_said() -> None:
    slow = replace(ECS, ecs=Ecs(timeout=6 * 3600))
    config = replace(CONFIG, environments={"production": slow})
    notes = generate_workflows(config, ".", COMMANDS).notes
    assert any("ends after 6" in note for note in notes)


@pytest.mark.parametrize(
    ("claimed", "expected", "said"),
    [
        ("repo:a/b:environment:p", "repo:a@1/b@2:environment:p", 'oidc_subject = "name"'),
        ("repo:a@1/b@2:environment:p", "repo:a/b:environment:p", '"immutable"'),
        ("repo:a@1/b@3:environment:p", "repo:a@1/b@2:environment:p", "numbers differ"),
        ("repo:a/b:ref:refs/heads/main", "repo:a/b:environment:p", "does not run in the env"),
        ("repo:a/b:environment:q", "repo:a/b:environment:p", "does not run in the env"),
        ("repo:c/b:environment:p", "repo:a/b:environment:p", "another repository"),
        ("repo:a/b:environment:p", "", "trust exactly repo:a/b:environment:p"),
    ],
)
def test_a_mismatch_of_subjects_is_explained(claimed: str, expected: str, said: str) -> None:
    assert said in subject_mismatch(claimed, expected, "p")


def test_the_shared_cache_has_its_secrets_and_only_a_push_can_sign() -> None:
    cache = Cache(remote="https://cache.example", credentials="CACHE_TOKEN")
    files = generate_workflows(replace(CONFIG, cache=cache), "apps/town", COMMANDS).files
    sign = "${{ github.event_name == 'push' && secrets.SHIPWAY_CACHE_KEY || '' }}"
    expected = {"CACHE_TOKEN": "${{ secrets.CACHE_TOKEN }}", "SHIPWAY_CACHE_KEY": sign}
    stage, called = loaded(files["ci-cd.yml"])["jobs"], loaded(files["security.yml"])
    (run,) = [step for step in stage["stage"]["steps"] if step["name"] == "Run the stage"]
    assert run["env"] == {"STAGE": "${{ matrix.stage }}", **expected}
    (scan,) = [step for step in called["jobs"]["scan"]["steps"] if step["name"] == "Scan"]
    assert scan["env"] == expected
    assert called["on"]["workflow_call"]["secrets"].keys() == expected.keys()
    assert stage["security"]["secrets"] == {name: f"${{{{ secrets.{name} }}}}" for name in expected}
    assert "CACHE_TOKEN" not in files["deploy.yml"]


def test_a_folder_of_shared_outcomes_is_restored_and_saved_with_the_others() -> None:
    cache = Cache(remote="file:///home/runner/outcomes")
    files = generate_workflows(replace(CONFIG, cache=cache), "apps/town", COMMANDS).files
    paths = [
        step["with"]["path"].split()
        for job in loaded(files["ci-cd.yml"])["jobs"].values()
        for step in job.get("steps", ())
        if "outcomes of steps" in step["name"]
    ]
    assert len(paths) == 3
    assert all(path[-1] == "/home/runner/outcomes" for path in paths)


NOTIFY = Notify(slack="SLACK_WEBHOOK", webhook="HOOK", webhook_secret="HOOK_KEY")


def test_the_verdict_gets_the_addresses_of_who_is_told_on_a_push_only() -> None:
    def environment(notify: Notify) -> dict[str, str]:
        written = generate_workflows(replace(CONFIG, notify=notify), ".", COMMANDS).files
        steps = loaded(written["ci-cd.yml"])["jobs"]["verdict"]["steps"]
        (whole,) = [step for step in steps if "report --from" in step.get("run", "")]
        variables: dict[str, str] = whole["env"]
        return variables

    assert environment(NOTIFY) == {
        "GITHUB_TOKEN": "${{ github.token }}",
        **{
            name: f"${{{{ github.event_name == 'push' && secrets.{name} || '' }}}}"
            for name in ("SLACK_WEBHOOK", "HOOK", "HOOK_KEY")
        },
    }
    assert set(environment(replace(NOTIFY, runs=()))) == {"GITHUB_TOKEN"}
    assert set(environment(Notify())) == {"GITHUB_TOKEN"}


@pytest.mark.parametrize("name", ["GITHUB_HOOK", "1HOOK", "A}} ${{ github.token", "HOOK\nX"])
def test_a_variable_that_no_secret_can_be_called_by_is_refused(name: str) -> None:
    config = replace(CONFIG, notify=Notify(webhook=name))
    with pytest.raises(ConfigError, match="no name of a secret"):
        generate_workflows(config, ".", COMMANDS)
