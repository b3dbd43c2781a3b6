"""The stand-in for GitHub Actions: each of its rules refuses what GitHub refuses."""

from __future__ import annotations

from textwrap import dedent, indent
from typing import Any

from tests.fakes.github_actions import Event, FakeGitHub, Job, Repository, Role, Run

STEP = "steps: [{name: work, run: make}]"


def run(event: Event | None = None, repository: Repository | None = None, **files: str) -> Run:
    """The run of the only file that is started."""
    texts = {f"{name}.yml": dedent(text) for name, text in files.items()}
    [only] = FakeGitHub(texts, repository or Repository()).runs(event or Event("push"))
    return only


def results(played: Run) -> dict[str, str]:
    return {job.name: job.result for job in played.jobs}


def job(steps: str, head: str = "", **settings: Any) -> Job:
    """The one job of a push, with these steps."""
    text = f"on: push\njobs:\n  one:\n    name: one\n{indent(dedent(head), '    ')}\n    steps:\n"
    played = run(repository=Repository(**settings), only=text + indent(dedent(steps), "      "))
    return played.job("one")


def test_a_job_with_its_workflows_group_is_a_deadlock() -> None:
    """github/vscode-github-actions#135."""
    played = run(
        one=f"""
        on: push
        concurrency: Test
        jobs:
          deadlock: {{name: deadlock, concurrency: test, {STEP}}}
        """
    )
    assert results(played) == {"deadlock": "cancelled"}
    assert "deadlock" in played.faults[0]


def test_a_called_workflow_with_the_callers_group_is_a_deadlock_once_it_is_evaluated() -> None:
    """rhysd/actionlint#538: `github.workflow` is the caller's there."""
    called = """
        name: Build
        on: {workflow_call: {inputs: {place: {type: string}}}}
        concurrency: %s
        jobs:
          inner: {name: inner, concurrency: "deploy-${{ inputs.place }}", steps: []}
        """
    caller = """
        name: CI
        on: push
        concurrency: "${{ github.workflow }}-${{ github.ref }}"
        jobs:
          call: {name: call, uses: ./.github/workflows/build.yml, with: {place: x}}
        """
    same = run(ci=caller, build=called % '"${{ github.workflow }}-${{ github.ref }}"')
    assert results(same) == {"call": "cancelled"}
    other = run(ci=caller, build=called % '"build-${{ github.ref }}"')
    assert results(other) == {"call / inner": "success"}
    twice = run(ci=caller, build=called % "DEPLOY-X")
    assert results(twice) == {"call / inner": "cancelled"}


def test_a_called_job_that_asks_for_more_than_its_caller_fails_the_run_at_its_start() -> None:
    called = f"on: workflow_call\njobs: {{a: {{permissions: {{id-token: write}}, {STEP}}}}}"
    caller = "on: push\npermissions: {%s}\njobs: {b: {uses: ./.github/workflows/called.yml}}"
    assert "id-token: write" in run(ci=caller % "id-token: read", called=called).fault
    assert run(ci=caller % "id-token: write", called=called).fault == ""


def test_a_skipped_job_before_is_no_success_also_where_another_one_is_between() -> None:
    """actions/runner#2205."""
    played = run(
        one=f"""
        on: push
        jobs:
          first: {{name: first, if: "false", {STEP}}}
          second: {{name: second, needs: first, if: always(), {STEP}}}
          third: {{name: third, needs: second, {STEP}}}
          fourth: {{name: fourth, needs: third, if: "!failure()", {STEP}}}
        """
    )
    assert results(played) == {
        "first": "skipped",
        "second": "success",
        "third": "skipped",
        "fourth": "success",
    }


def test_a_fork_gets_no_secret_no_token_for_oidc_and_writes_nothing() -> None:
    text = """
        on: pull_request
        jobs:
          one:
            name: one
            environment: here
            permissions: {id-token: write, contents: write}
            steps: [{name: "${{ secrets.KEY }}", run: make}]
        """
    repository = Repository(secrets={"here": {"KEY": "open"}})
    ours = run(Event("pull_request"), repository, one=text).job("one")
    theirs = run(Event("pull_request", fork=True), repository, one=text).job("one")
    assert (ours.steps, ours.permissions["contents"]) == (("open",), "write")
    assert (theirs.steps, dict(theirs.permissions)) == (("",), {"contents": "read"})


def test_events_are_filtered_by_branch_path_and_default_branch() -> None:
    text = f"""
on: {{push: {{branches: [main, 'release/*'], paths: ['web/**']}}, schedule: []}}
jobs: {{a: {{{STEP}}}}}
"""
    github = FakeGitHub({"a.yml": text}, Repository(default_branch="trunk"))
    started = [
        bool(github.runs(event))
        for event in (
            Event("push", "main", changed=("web/app.py",)),
            Event("push", "release/1", changed=("web/app.py",)),
            Event("push", "main", changed=("docs/a.md",)),
            Event("push", "master", changed=("web/app.py",)),
            Event("schedule", "main"),
            Event("schedule", "trunk"),
            Event("workflow_dispatch"),
        )
    ]
    assert started == [True, True, False, False, False, True, False]


def test_a_private_repository_lacks_what_its_plan_has_not() -> None:
    attest = "[{name: sign, uses: actions/attest-build-provenance@c0ffee}]"
    scan = "[{name: show, uses: github/codeql-action/upload-sarif@c0ffee}]"
    may = "permissions: {attestations: write, security-events: write}"
    for steps, key in ((attest, "enterprise"), (scan, "code_security")):
        assert job(steps, may).fault == ""
        assert job(steps, may, visibility="private").result == "failure"
        assert job(steps, may, visibility="private", **{key: True}).result == "success"
        assert "not accessible" in job(steps, "permissions: {}").fault


def test_an_artifact_has_one_author_and_is_there_before_it_is_fetched() -> None:
    upload = "{name: keep, uses: actions/upload-artifact@c0ffee, with: {name: %s}}"
    fetch = "{name: fetch, uses: actions/download-artifact@c0ffee, with: {name: report}}"
    text = f"""
        on: push
        jobs:
          a: {{name: a, strategy: {{matrix: {{n: [1, 2]}}}}, steps: [{upload}]}}
          b: {{name: b, needs: a, if: always(), steps: [{fetch}]}}
        """
    same = run(one=text.replace("{name: a,", '{name: "a${{ matrix.n }}",') % "report")
    assert "has uploaded report already" in same.job("a2").fault
    assert same.job("b").result == "success"
    other = run(one=text % '"stage-${{ matrix.n }}"')
    assert "not found" in other.job("b").fault


def test_a_role_is_taken_on_by_the_subject_it_trusts_for_as_long_as_it_allows() -> None:
    step = """
        - name: role
          uses: aws-actions/configure-aws-credentials@c0ffee
          with: {role-to-assume: arn, aws-region: eu-west-1, role-duration-seconds: 7200}
        """
    head = "permissions: {id-token: write}\nenvironment: {name: live}"
    known = {"arn": Role("repo:ann@1/town@2:environment:live", 7200)}
    assert job(step, head, roles=known).fault == ""
    assert "DurationSeconds" in job(step, head, roles={"arn": Role(known["arn"].trusts)}).fault
    assert "Not authorized" in job(step, head, roles=known, subject="repo:ann/town").fault
    assert "Not authorized" in job(step, head.replace("live", "test"), roles=known).fault
    assert "id-token" in job(step, "environment: live", roles=known).fault


def test_a_step_that_fails_ends_the_job_but_for_what_asks_for_it() -> None:
    text = """
        on: push
        jobs:
          one:
            name: one
            timeout-minutes: 400
            steps:
              - {name: a, id: a, run: make}
              - {name: b, run: make}
              - {name: c, if: "steps.a.outcome == 'failure' && always()", run: make}
        """
    [played] = FakeGitHub({"a.yml": text}, Repository()).runs(Event("push"), failing=["a"])
    assert (played.job("one").result, played.job("one").steps) == ("failure", ("a", "c"))
    assert "6 hours" in played.job("one").fault
