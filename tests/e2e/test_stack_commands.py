"""`shipway infra`, `secret` and `status` as a script starts them, against MiniStack."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.e2e.stacks import NAMES, SETTINGS, apply, shipway, site
from tests.infrastructure.ministack import REGION, Here, tags_of

pytestmark = pytest.mark.e2e


def test_as_a_script_starts_it(aws: Here, tmp_path: Path) -> None:
    folder = tmp_path / "web"
    folder.mkdir()
    (folder / "shipway.toml").write_text(SETTINGS)
    planned = shipway(folder, aws, "infra", "plan", "bootstrap")
    assert (planned.returncode, planned.stderr) == (0, "")
    assert "4 created" in planned.stdout.splitlines()
    unasked = shipway(folder, aws, "infra", "apply", "bootstrap")
    assert unasked.returncode == 2
    assert "nobody is there to agree" in unasked.stderr
    done = shipway(folder, aws, "infra", "apply", "bootstrap", "--yes", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["status"] == "CREATE_COMPLETE"
    assert "created              bucket Artefacts" in done.stderr
    drift = shipway(folder, aws, "infra", "drift", "bootstrap")
    assert (drift.returncode, drift.stdout) == (0, "web-bootstrap is as it was made\n")
    missing = shipway(folder, aws, "infra", "drift", "staging")
    assert (missing.returncode, "no stack web-staging" in missing.stderr) == (2, True)
    aws.differences.append(
        (
            "Images",
            "AWS::ECR::Repository",
            "/ImageTagMutability",
            "IMMUTABLE_WITH_EXCLUSION",
            "MUTABLE",
        )
    )
    drift = shipway(folder, aws, "infra", "drift", "bootstrap", "--json")
    assert drift.returncode == 1
    assert json.loads(drift.stdout)["drifts"][0]["name"] == "Images"
    gone = shipway(
        folder,
        aws,
        "infra",
        "destroy",
        "bootstrap",
        "--allow-destroy",
        "--json",
        given="bootstrap\n",
    )
    assert gone.returncode == 0, gone.stderr
    assert json.loads(gone.stdout)["status"] == "DELETE_COMPLETE"


def test_a_secret_is_set_and_shown_nowhere(aws: Here, tmp_path: Path) -> None:
    folder, value = tmp_path / "web", "postgresql://web:" + "x7" * 9 + "@db/app"
    folder.mkdir()
    (folder / "shipway.toml").write_text(SETTINGS)
    first = shipway(folder, aws, "secret", "set", "staging", "DATABASE_URL", given=value + "\n")
    assert first.returncode == 0, first.stderr
    assert "set: web/staging/DATABASE_URL" in first.stdout
    assert "[environments.staging.ecs.secrets]" in first.stdout
    manager = aws.client("secretsmanager")
    kept = manager.get_secret_value(SecretId="web/staging/DATABASE_URL")
    assert kept["SecretString"] == value
    tags = tags_of(manager.describe_secret(SecretId="web/staging/DATABASE_URL")["Tags"])
    assert (tags["environment"], tags["owner"]) == ("staging", "civic")
    other = f"arn:aws:secretsmanager:{REGION}:000000000000:secret:web/staging/NONE-aaaaaa"
    (folder / "shipway.toml").write_text(
        f'{SETTINGS}[environments.staging.ecs.secrets]\nDATABASE_URL = "{kept["ARN"]}"\n'
        f'API = "{other}:key::"\n'
    )
    again = shipway(folder, aws, "secret", "set", "staging", "DATABASE_URL", "--json", given="new")
    assert json.loads(again.stdout)["missing"] == ["API"]
    assert manager.get_secret_value(SecretId="web/staging/DATABASE_URL")["SecretString"] == "new"
    everything = (first, again)
    assert not any(value in one.stdout + one.stderr for one in everything)
    left = [
        one for one in folder.rglob("*") if one.is_file() and value.encode() in one.read_bytes()
    ]
    assert left == []
    manager.delete_secret(SecretId="web/staging/DATABASE_URL", RecoveryWindowInDays=7)
    kept_after = shipway(folder, aws, "secret", "set", "staging", "DATABASE_URL", given="third")
    assert kept_after.returncode == 0, kept_after.stderr
    assert manager.get_secret_value(SecretId="web/staging/DATABASE_URL")["SecretString"] == "third"


@pytest.mark.parametrize(
    ("words", "given", "told"),
    [
        (("staging", "A B"), "x", "no name that Secrets Manager takes"),
        (("nowhere", "KEY"), "x", "no environment on ecs"),
        (("staging", "KEY"), "", "has no value"),
        (("staging", "KEY"), "x" * 65_537, "longer than"),
    ],
)
def test_a_secret_that_cannot_be_set_says_why(
    aws: Here, tmp_path: Path, words: tuple[str, str], given: str, told: str
) -> None:
    folder = tmp_path / "web"
    folder.mkdir()
    (folder / "shipway.toml").write_text(SETTINGS)
    done = shipway(folder, aws, "secret", "set", *words, given=given)
    assert done.returncode == 2
    assert told in done.stderr


def test_status_shows_which_configured_secrets_have_a_value(aws: Here, tmp_path: Path) -> None:
    apply(site(aws))
    folder = tmp_path / "web"
    folder.mkdir()
    key = aws.client("secretsmanager").describe_secret(SecretId=NAMES.secret("SECRET_KEY"))["ARN"]
    other = f"arn:aws:secretsmanager:{REGION}:000000000000:secret:web/staging/NONE-aaaaaa"
    (folder / "shipway.toml").write_text(
        f'{SETTINGS}[environments.staging.ecs.secrets]\nSECRET_KEY = "{key}"\nAPI = "{other}"\n'
    )
    done = shipway(folder, aws, "status", "staging", "--json")
    assert json.loads(done.stdout)["secrets"] == {"SECRET_KEY": True, "API": False}, done.stderr
    shown = shipway(folder, aws, "status", "staging").stdout
    assert "secret SECRET_KEY      is there" in shown
    assert "secret API             has no value: shipway secret set staging API" in shown
