"""What AWS refuses or cannot be asked, in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from shipway.aws.retry import may_pass
from shipway.errors import CannotRun, ErrorCode, ShipwayError

# Services spell it differently: EC2 and the query protocols, JSON protocols, S3.
_DENIED = frozenset(
    (
        "AccessDenied",
        "AccessDeniedException",
        "UnauthorizedOperation",
        "AuthorizationError",
        "NotAuthorized",
        "UnauthorizedException",
        "403",
    )
)
_EXPIRED = frozenset(
    ("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired")
)
_UNKNOWN = frozenset(
    (
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "AuthFailure",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
    )
)


# IAM user guide, "Troubleshoot access denied error messages". S3 puts the resource in quotes; EC2,
# CloudWatch and others name none.
_LACKING = re.compile(r"not authorized to perform: (\w[\w-]*:\w+)(?: on resource: (\S+))?")
POLICY_REMEDY = "Give them the policy that shipway infra policy ENV prints."


class AwsApiError(CannotRun):
    """AWS said no, or could not be asked. Nothing is known of what was asked for.

    aws_code: AWS's name of the error, "" where it did not come from AWS.
    """

    exit_code = 4
    default_code = "aws-refused"

    def __init__(
        self,
        message: str,
        remedy: str = "",
        aws_code: str = "",
        *,
        code: ErrorCode | None = None,
    ) -> None:
        super().__init__(message, remedy, code=code)
        self.aws_code = aws_code


def error_code(error: Exception) -> str:
    """AWS's code for an error (`ResourceNotFoundException`); "" where it did not come from AWS."""
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code", "") if isinstance(response, dict) else ""
    return str(code)


def is_access_denied(error: Exception) -> bool:
    """Whether the credentials lack the permission."""
    return error_code(error) in _DENIED


def lacking_permission(error: Exception) -> str:
    """What the credentials lack, as AWS's refusal names it: `ecs:RunTask on arn:aws:ecs:…`; the
    operation where it names nothing."""
    named = _LACKING.search(" ".join(str(error).split()))
    if named is None:
        return str(getattr(error, "operation_name", "")) or "do this"
    resource = (named[2] or "").strip("\"'.,")
    return f"{named[1]} on {resource}" if resource else named[1]


def to_shipway_error(error: Exception) -> ShipwayError:
    """An error of botocore in words, with what to do."""
    code, text = error_code(error), " ".join(str(error).split())
    if is_access_denied(error):
        return AwsApiError(
            f"AWS: these credentials may not {lacking_permission(error)}: {text}",
            POLICY_REMEDY,
            code,
        )
    if code in _EXPIRED or "expired" in text.lower():
        return AwsApiError(
            "AWS: the credentials have expired", "Log in again, then ask again.", code
        )
    if code in _UNKNOWN:
        return AwsApiError(
            f"AWS does not know these credentials: {text}", "Look at AWS_PROFILE.", code
        )
    if "redentials" in type(error).__name__ or "SSO" in type(error).__name__:
        return CannotRun(
            f"AWS: {text}",
            "Log in (aws sso login, aws configure), or set AWS_PROFILE.",
            code="aws-refused",
        )
    if may_pass(code or type(error).__name__):
        return unanswered(error)
    return AwsApiError(
        f"AWS: {text}", "Try again; where it stays so, look at the AWS console.", code
    )


def unanswered(error: Exception) -> AwsApiError:
    """What was asked again until patience ended: cut off, throttled, or failing there."""
    code, text = error_code(error), " ".join(str(error).split())
    if code:
        return AwsApiError(
            f"AWS is busy: {text}",
            "Try again in some minutes. See health.aws.amazon.com.",
            code,
            code="aws-unreachable",
        )
    return AwsApiError(
        f"AWS does not answer: {text}",
        "Look at the network, a proxy (HTTPS_PROXY), the region (aws.region, AWS_PROFILE), and "
        "health.aws.amazon.com.",
        code="aws-unreachable",
    )


@contextmanager
def translate_aws_errors() -> Iterator[None]:
    """Errors of botocore leave as ShipwayErrors."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise to_shipway_error(error) from error
