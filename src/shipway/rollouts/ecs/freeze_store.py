"""An environment's hold in AWS, where every machine that deploys there sees it."""

from __future__ import annotations

from shipway.aws.errors import error_code, translate_aws_errors
from shipway.aws.names import AwsResourceNames
from shipway.ports import Clients


class SsmFreezeStore:
    """A parameter in SSM (the port ports.FreezeStore). Raises AwsApiError, CannotRun: a deploy that
    cannot ask does not go on."""

    def __init__(self, clients: Clients, application: str) -> None:
        self._clients = clients
        self._application = application

    def hold(self, environment: str) -> str:
        """What is kept; "" for nothing."""
        from botocore.exceptions import ClientError

        with translate_aws_errors():
            try:
                answer = self._clients.client("ssm").get_parameter(Name=self._name(environment))
            except ClientError as error:
                if error_code(error) == "ParameterNotFound":
                    return ""
                raise
        return str(answer["Parameter"]["Value"])

    def put_hold(self, environment: str, text: str) -> None:
        """Hold it."""
        with translate_aws_errors():
            self._clients.client("ssm").put_parameter(
                Name=self._name(environment), Value=text, Type="String", Overwrite=True
            )

    def release_hold(self, environment: str) -> None:
        """Hold it no more."""
        from botocore.exceptions import ClientError

        with translate_aws_errors():
            try:
                self._clients.client("ssm").delete_parameter(Name=self._name(environment))
            except ClientError as error:
                if error_code(error) != "ParameterNotFound":
                    raise

    def _name(self, environment: str) -> str:
        return AwsResourceNames(self._application, environment).hold
