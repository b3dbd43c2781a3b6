"""ECS's reasons in words. The texts are those of the developer guide and of AWS's own pages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipway.rollouts.ecs.failure_reasons import exit_code_text, explain_reason

IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/web@sha256:ab"
NEVER = {
    "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve "
    f"ref {IMAGE}: {IMAGE}: not found": "the image does not exist",
    f"CannotPullContainerError: pull image manifest: failed to resolve ref {IMAGE}: unexpected "
    "status from HEAD request to https://…: 403 Forbidden": "may not pull the image",
    "CannotPullContainerError: image Manifest does not contain descriptor matching platform "
    "'linux/amd64'": "built for another processor",
    "CannotPullContainerError: ref pull has been retried 1 time(s): failed to extract layer "
    "sha256:1: write /var/lib: no space left on device": "does not fit",
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource "
    "retrieval failed: unable to retrieve secret from asm: service call has been retried 1 "
    "time(s): failed to fetch secret arn:aws:secretsmanager:…: ResourceNotFoundException: Secrets "
    "Manager can't find the specified secret.": "a secret does not exist",
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource "
    "retrieval failed: unable to retrieve secret from asm: AccessDeniedException: User: … is not "
    "authorized to perform: secretsmanager:GetSecretValue": "may not read a secret",
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource "
    "retrieval failed: unable to retrieve secret from asm: retrieved secret from Secrets Manager "
    "did not contain json key password": "a secret has no key password",
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource "
    "retrieval failed: unable to retrieve secrets from ssm: invalid ssm parameters: /web/p": (
        "the parameter /web/p does not exist"
    ),
    "ResourceInitializationError: failed to validate logger args: create stream has been retried "
    "1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified "
    "log group does not exist.": "log group does not exist",
    "ResourceInitializationError: failed to validate logger args: create stream has been retried "
    "1 times: failed to create Cloudwatch log stream: AccessDeniedException: User is not "
    "authorized to perform: logs:CreateLogStream": "may not write its log",
    "ECS was unable to assume the role 'arn:aws:iam::123456789012:role/web' that was provided for "
    "this task.": "role arn:aws:iam::123456789012:role/web",
    "CannotStartContainerError: ResourceInitializationError: failed to create new container "
    'runtime task: runc create failed: exec: "gunicorn": executable file not found '
    "in $PATH": "does not have the command",
    "CannotStartContainerError: exec /bin/app: exec format error": "another processor",
    "You've reached the limit on the number of vCPUs you can run concurrently": (
        "may not run more vCPUs"
    ),
    "subnet-1 does not have free addresses": "no free addresses",
    "ECS deployment circuit breaker: tasks failed to start.": "circuit breaker",
    "Service deployment rolled back because of CloudWatch alarm(s) detected: web-5xx": "alarm",
    "The target group arn:… is not associated with the production listener rule": (
        "not as the strategy needs them"
    ),
}
AGAIN = {
    "CannotPullContainerError: inspect image has been retried 5 time(s): httpReadSeeker: failed "
    "open: toomanyrequests: You have reached your pull rate limit": "how often images",
    "CannotPullContainerError: dial tcp 52.1.2.3:443: i/o timeout": "could not reach the registry",
    "CannotPullContainerError: something new": "could not be pulled",
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource "
    "retrieval failed: unable to retrieve ecr registry auth: service call has been retried 3 "
    "time(s): RequestError: send request failed": "could not reach Secrets Manager",
    "OutOfMemoryError: Container killed due to memory usage": "more memory",
    "Capacity is unavailable at this time. Please try again later": "no room",
    "Timeout waiting for network interface provisioning to complete.": "no room",
    "Your Spot Task was interrupted.": "took the machine back",
    "Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:…)": (
        "health check got no good answer"
    ),
    "(service web) (port 8000) is unhealthy in (target-group arn:…) due to (reason Health checks "
    "failed with these codes: [502])": "health check got no good answer",
    "Task failed container health checks": "container's health check failed",
    "Essential container in task exited": "ended by itself",
    "Scaling activity initiated by (deployment ecs-svc/1)": "replaced it",
    "Task stopped by user": "somebody stopped it",
    "CannotInspectContainerError: Could not transition": "could not set the container up",
}


@pytest.mark.parametrize(("reason", "words"), NEVER.items())
def test_a_reason_that_no_second_try_mends_does_not_heal(reason: str, words: str) -> None:
    found = explain_reason(reason)
    assert words in found.cause
    assert not found.heals
    assert found.remedy


@pytest.mark.parametrize(("reason", "words"), AGAIN.items())
def test_a_reason_that_may_pass_heals(reason: str, words: str) -> None:
    found = explain_reason(reason)
    assert words in found.cause
    assert found.heals
    assert found.remedy


def test_a_reason_that_nobody_knows_is_shown_as_it_came() -> None:
    found = explain_reason("Something\n  quite new")
    assert (found.cause, found.heals) == ("Something quite new", True)


def test_no_reason_is_said_to_be_none() -> None:
    assert "no reason" in explain_reason("").cause


@given(st.text())
def test_any_text_gets_a_cause_and_a_remedy(reason: str) -> None:
    found = explain_reason(reason)
    assert found.cause and found.remedy


@pytest.mark.parametrize(
    ("code", "words"),
    [(1, "exit code 1"), (127, "not found"), (137, "SIGKILL"), (143, "SIGTERM")],
)
def test_an_exit_code_is_explained(code: int, words: str) -> None:
    assert words in exit_code_text(code)
