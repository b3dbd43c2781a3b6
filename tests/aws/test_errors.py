"""AWS's refusals in words."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, NoCredentialsError, ProxyConnectionError

from shipway.aws.errors import AwsApiError, error_code, is_access_denied, translate_aws_errors
from shipway.errors import CannotRun, ShipwayError


def error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "RunTask")


def said(problem: Exception) -> ShipwayError:
    with pytest.raises(ShipwayError) as caught, translate_aws_errors():
        raise problem
    return caught.value


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"])
def test_a_missing_permission_names_the_call_and_the_policy(code: str) -> None:
    assert is_access_denied(error(code))
    found = said(error(code))
    assert isinstance(found, AwsApiError)
    assert "may not RunTask" in found.message and "shipway infra policy" in found.remedy


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        (error("ExpiredTokenException"), "have expired"),
        (error("UnrecognizedClientException"), "does not know these credentials"),
        (error("ClusterNotFoundException"), "ClusterNotFoundException"),
        (ProxyConnectionError(proxy_url="http://p"), "p"),
    ],
)
def test_everything_else_says_what_it_is_and_what_to_do(problem: Exception, words: str) -> None:
    found = said(problem)
    assert words in found.message and found.remedy
    assert found.exit_code == 4  # nothing is known


def test_without_credentials_it_cannot_run() -> None:
    found = said(NoCredentialsError())
    assert isinstance(found, CannotRun)
    assert "aws sso login" in found.remedy


def test_only_aws_itself_has_codes() -> None:
    assert error_code(error("Throttling")) == "Throttling"
    assert error_code(ValueError("x")) == ""


def test_other_errors_pass() -> None:
    with pytest.raises(ValueError, match="x"), translate_aws_errors():
        raise ValueError("x")
