"""Whom the deploying role trusts."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from tests.rollouts.ecs.environment import ACCOUNT

from shipway.aws.names import subject_claim
from shipway.config.tables import GitHub
from shipway.errors import ConfigError
from shipway.github.workflows import STACK_SESSION
from shipway.infrastructure.iam_policy import trust_policy
from shipway.infrastructure.template import load_template

GITHUB = GitHub(repository="openup/web", owner_id="123", repository_id="456")


def test_only_jobs_of_this_repository_in_this_environment_are_trusted() -> None:
    (found,) = trust_policy(ACCOUNT, GITHUB, "production")["Statement"]
    assert found["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert found["Principal"] == {
        "Federated": f"arn:aws:iam::{ACCOUNT.number}:oidc-provider/"
        "token.actions.githubusercontent.com"
    }
    claims = {
        "aud": "sts.amazonaws.com",
        "sub": "repo:openup@123/web@456:environment:production",
        "repository_id": "456",
        "environment": "production",
    }
    issuer = "token.actions.githubusercontent.com"
    assert found["Condition"] == {
        "StringEquals": {f"{issuer}:{claim}": text for claim, text in claims.items()}
    }


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"repository": ""}, "github.repository"),
        ({"repository": "web"}, "github.repository"),
        ({"repository": "a/b/c"}, "github.repository"),
        ({"owner_id": ""}, "github.owner_id"),
        ({"repository_id": "*"}, "github.repository_id"),
    ],
)
def test_what_is_not_known_is_asked_for_never_left_open(change: dict[str, str], key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        trust_policy(ACCOUNT, replace(GITHUB, **change), "production")
    assert key in caught.value.message and caught.value.remedy


def test_a_repository_that_did_not_opt_in_is_trusted_by_its_name_and_by_its_number() -> None:
    (statement,) = trust_policy(ACCOUNT, replace(GITHUB, oidc_subject="name"), "production")[
        "Statement"
    ]
    claims = statement["Condition"]["StringEquals"]
    issuer = "token.actions.githubusercontent.com"
    assert claims[f"{issuer}:sub"] == "repo:openup/web:environment:production"
    assert claims[f"{issuer}:repository_id"] == "456"
    with pytest.raises(ConfigError, match="repository_id"):
        subject_claim(replace(GITHUB, oidc_subject="name", repository_id=""), "production")
    without = replace(GITHUB, oidc_subject="name", owner_id="")
    assert subject_claim(without, "production") == "repo:openup/web:environment:production"


def test_the_stacks_role_allows_as_long_a_session_as_the_workflows_ask_for() -> None:
    found = re.findall(r"MaxSessionDuration: (\d+)", load_template("environment"))
    assert found == [str(STACK_SESSION)]
