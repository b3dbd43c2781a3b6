"""Whom the deploying role trusts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.rollouts.ecs.environment import ACCOUNT

from shipway.config.tables import GitHub
from shipway.errors import ConfigError
from shipway.infrastructure.iam_policy import trust_policy

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
