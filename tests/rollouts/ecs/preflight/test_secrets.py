"""Secrets and parameters: that they exist, not what they hold."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.fakes.recording_clients import RecordingClients
from tests.rollouts.ecs.environment import ACCOUNT, Mixed, Standing

from shipway.rollouts.ecs.preflight.checklist import run_preflight


def with_secrets(standing: Standing, **arns: str) -> None:
    ecs = replace(standing.settings.ecs, secrets=arns)
    standing.settings = replace(standing.settings, ecs=ecs)


def test_a_secret_that_does_not_exist_is_to_be_set(standing: Standing) -> None:
    with_secrets(standing, KEY=ACCOUNT.arn("secretsmanager", "secret:web/none-AbCdEf"))
    (found,) = run_preflight(standing.subject())
    assert found.description == "secrets: KEY: Secrets Manager has no secret web/none-AbCdEf"
    assert "shipway secret set production KEY" in found.remedy


def test_one_key_of_a_secret_is_looked_for_by_the_secret(standing: Standing) -> None:
    with_secrets(standing, KEY=f"{standing.secret}:password::")
    assert run_preflight(standing.subject()) == ()


def test_a_secret_that_is_being_deleted_is_to_be_kept(standing: Standing) -> None:
    standing.clients.client("secretsmanager").delete_secret(SecretId=standing.secret)
    (found,) = run_preflight(standing.subject())
    assert "about to be deleted" in found.message


def test_a_secret_without_a_value_is_to_be_set(standing: Standing) -> None:
    arn = standing.clients.client("secretsmanager").create_secret(Name="web/empty")["ARN"]
    with_secrets(standing, KEY=arn)
    (found,) = run_preflight(standing.subject())
    assert "has no value yet" in found.message


def test_a_parameter_that_does_not_exist_is_named(standing: Standing) -> None:
    with_secrets(
        standing, A=standing.parameter, B=ACCOUNT.arn("ssm", "parameter/web/production/none")
    )
    (found,) = run_preflight(standing.subject())
    assert found.message == "B: SSM has no parameter /web/production/none"


def test_a_parameter_without_a_folder_is_found(standing: Standing) -> None:
    standing.clients.client("ssm").put_parameter(Name="flat", Value="x", Type="String")
    with_secrets(standing, A=ACCOUNT.arn("ssm", "parameter/flat"))
    assert run_preflight(standing.subject()) == ()


@pytest.mark.parametrize("arn", ["web/production/key", "arn:aws:s3:::bucket"])
def test_what_a_template_takes_from_elsewhere_is_no_arn(arn: str, standing: Standing) -> None:
    subject = standing.subject()
    container = {**subject.container, "secrets": [{"name": "KEY", "valueFrom": arn}]}
    definition = {**subject.task_definition, "containerDefinitions": [container]}
    (found,) = run_preflight(replace(subject, task_definition=definition))
    assert "which is no ARN" in found.message


def test_nothing_reads_a_value(standing: Standing) -> None:
    recording = RecordingClients(standing.clients)
    assert run_preflight(replace(standing.subject(), clients=recording)) == ()
    assert isinstance(standing.clients, Mixed)
    reads = {"get_secret_value", "batch_get_secret_value", "get_parameter", "get_parameters"}
    assert not {operation for _, operation in recording.calls} & reads
