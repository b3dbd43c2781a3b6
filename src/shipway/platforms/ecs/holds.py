"""An environment's hold in AWS, where every machine that deploys there sees it."""

from __future__ import annotations

from shipway.core.naming import Names
from shipway.core.ports import Clients
from shipway.effects.aws_errors import code_of, in_words


class SsmHolds:
    """A parameter in SSM (the port core.ports.Holds). Raises Refused, CannotRun: a deploy that
    cannot ask does not go on."""

    def __init__(self, clients: Clients, application: str) -> None:
        self._clients = clients
        self._application = application

    def hold(self, environment: str) -> str:
        """What is kept; "" for nothing."""
        from botocore.exceptions import ClientError

        with in_words():
            try:
                found = self._clients.client("ssm").get_parameter(Name=self._name(environment))
            except ClientError as error:
                if code_of(error) == "ParameterNotFound":
                    return ""
                raise
        return str(found["Parameter"]["Value"])

    def put_hold(self, environment: str, text: str) -> None:
        """Hold it."""
        with in_words():
            self._clients.client("ssm").put_parameter(
                Name=self._name(environment), Value=text, Type="String", Overwrite=True
            )

    def release_hold(self, environment: str) -> None:
        """Hold it no more."""
        from botocore.exceptions import ClientError

        with in_words():
            try:
                self._clients.client("ssm").delete_parameter(Name=self._name(environment))
            except ClientError as error:
                if code_of(error) != "ParameterNotFound":
                    raise

    def _name(self, environment: str) -> str:
        return Names(self._application, environment).hold
