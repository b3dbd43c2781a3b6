"""ECR: the repository that is made, its login, its scan. moto answers for AWS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from tests.fakes.clock import VirtualClock

from shipway.errors import CannotRun, ConfigError
from shipway.findings.imports.report import findings_from
from shipway.images.ecr import EcrRegistry, repository_settings
from shipway.images.reference import ImageReference

REGION = "eu-west-1"
DIGEST = "sha256:" + "ab" * 32


class Clients:
    """Clients of one region."""

    region = REGION

    def __init__(self, client: Any = None) -> None:
        self._client = client

    def client(self, service: str) -> Any:
        return self._client or boto3.client(service, region_name=REGION)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield


@pytest.mark.usefixtures("aws")
def test_a_missing_repository_is_made_once_scanned_and_immutable() -> None:
    ecr = EcrRegistry(Clients(), VirtualClock())
    assert ecr.place("town") is None
    place, plain, made = ecr.ensure("town", ("staging", "production"), 50)
    assert (str(place), plain, made) == (
        "123456789012.dkr.ecr.eu-west-1.amazonaws.com/town",
        False,
        True,
    )
    assert ecr.ensure("town", (), 50) == (place, False, False)
    client = boto3.client("ecr", region_name=REGION)
    (found,) = client.describe_repositories(repositoryNames=["town"])["repositories"]
    assert found["imageScanningConfiguration"] == {"scanOnPush": True}
    assert found["imageTagMutability"] == "IMMUTABLE_WITH_EXCLUSION"
    assert client.get_lifecycle_policy(repositoryName="town")["lifecyclePolicyText"]


def test_tags_are_immutable_but_for_environments_and_the_lists_of_referrers() -> None:
    asked = repository_settings("town", ["production", "staging"])
    boto3.client("ecr", region_name=REGION)  # its shapes say whether this may be asked
    assert [one["filter"] for one in asked["imageTagMutabilityExclusionFilters"]] == [
        "production",
        "staging",
        "sha256-*",
    ]
    with pytest.raises(ConfigError, match="five"):
        repository_settings("town", [f"e{number}" for number in range(5)])


@pytest.mark.usefixtures("aws")
def test_the_login_is_the_one_that_ecr_gives_and_is_not_printed() -> None:
    who = EcrRegistry(Clients(), VirtualClock()).credentials()
    assert who.user == "AWS" and who.password and who.password not in repr(who)


class Scanning:
    """ECR's scan, as it goes on: what each question is answered with."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[dict[str, Any]] = []

    def describe_image_scan_findings(self, **request: Any) -> Any:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def says(status: str, *names: str, **more: Any) -> dict[str, Any]:
    findings = [{"name": name, "severity": "HIGH", "description": "bad"} for name in names]
    return {
        "repositoryName": "town",
        "imageId": {"imageDigest": DIGEST},
        "imageScanStatus": {"status": status, "description": "because"},
        "imageScanFindings": {"findings": findings},
        **more,
    }


def error(code: str, status: int = 400) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}},
        "DescribeImageScanFindings",
    )  # type: ignore[arg-type]  # as much of an answer as matters


def scanned(*answers: Any, stopping: Callable[[], bool] = lambda: False) -> dict[str, Any]:
    ecr = EcrRegistry(Clients(Scanning(*answers)), VirtualClock())
    return ecr.scanned("town", DIGEST, 60, stopping)


def test_a_scan_is_waited_for_and_all_its_pages_are_findings() -> None:
    whole = (says("COMPLETE", "CVE-1", nextToken="t"), says("COMPLETE", "CVE-2"))
    found = scanned(error("ScanNotFoundException"), says("IN_PROGRESS"), *whole)
    assert [one.rule for one in findings_from(found)] == ["CVE-1", "CVE-2"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (says("IN_PROGRESS"), "has not ended after 60 s"),
        (error("ScanNotFoundException"), "not begun"),
        (says("UNSUPPORTED_IMAGE"), "UNSUPPORTED_IMAGE because"),
        (says("FAILED"), "FAILED because"),
        (error("ServerException", 500), "has not scanned the image: .*ServerException"),
    ],
)
def test_without_a_scan_nothing_is_said_of_the_image(answer: Any, words: str) -> None:
    with pytest.raises(CannotRun, match=words):
        scanned(answer)


def test_a_repository_that_may_not_be_looked_at_is_a_fault_of_the_role() -> None:
    with pytest.raises(ConfigError, match="AccessDenied") as caught:
        scanned(error("AccessDeniedException"))
    assert "policy" in caught.value.remedy


def test_a_scan_is_not_waited_for_once_the_run_was_stopped() -> None:
    with pytest.raises(CannotRun):
        scanned(says("PENDING"), stopping=lambda: True)


def test_where_the_endpoint_is_another_the_registry_is_there_too() -> None:
    class Elsewhere:
        class meta:  # botocore's own name
            endpoint_url = "http://127.0.0.1:4566"

        def describe_repositories(self, **_: Any) -> Any:
            uri = "000000000000.dkr.ecr.eu-west-1.amazonaws.com/town"
            return {"repositories": [{"repositoryUri": uri}]}

    found = EcrRegistry(Clients(Elsewhere()), VirtualClock()).place("town")
    assert found == (ImageReference("127.0.0.1:4566", "town"), True)
