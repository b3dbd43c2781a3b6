"""Makes every AWS client, and asks STS which account the credentials are of."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, Any, cast

from shipway.aws.names import Account
from shipway.aws.retry import Patience, Retries
from shipway.aws.web_identity import identity_token, web_identity
from shipway.config.aws import Aws
from shipway.errors import ConfigError, Unreachable
from shipway.ports import AwsService, Clients, Clock, Http
from shipway.system.clock import SystemClock
from shipway.system.http import RealHttp

if TYPE_CHECKING:
    from boto3 import Session
    from botocore.client import BaseClient
    from botocore.session import Session as BotocoreSession
    from types_boto3_sts import STSClient

# Every AWS client is made here: region, retries, and errors in words.


class AwsClients:
    """Makes clients when they are first asked for: importing boto3 takes a third of a second.

    Credentials are boto3's affair: it finds and renews them. AWS_ENDPOINT_URL leads elsewhere.
    Clients ask again by themselves where that helps: what they raise is final.
    """

    def __init__(
        self,
        settings: Aws,
        clock: Clock | None = None,
        patience: Patience | None = None,
        http: Http | None = None,
    ) -> None:
        self._settings = settings
        self._http = http or RealHttp()
        self._renewed = False
        self._patience = patience or Patience()
        self._retries = Retries(clock or SystemClock(), random.random, self._patience)
        self._session: Session | None = None
        self._clients: dict[AwsService, BaseClient] = {}

    def client(self, service: AwsService) -> Any:
        """The client of a service, by boto3's name for it ("ecs", "elbv2").

        Raises ConfigError where no region is known or the profile does not exist.
        """
        if service not in self._clients:
            self._clients[service] = self._make(service)
        return self._clients[service]

    def renew(self) -> None:
        """Look for credentials anew: boto3 renews what it can by itself, and keeps the rest. In a
        job of GitHub's, whose credentials are variables, the role is taken on again."""
        self._session = None
        self._renewed = True
        self._clients.clear()

    @property
    def region(self) -> str:
        """The region that clients speak to. Raises as `client` does."""
        region: str | None = self._opened().region_name
        if not region:
            raise ConfigError(
                "no AWS region is known",
                'Say it in shipway.toml (aws.region = "eu-west-1") or in AWS_REGION.',
                code="aws-refused",
            )
        return region

    def _opened(self) -> Session:
        if self._session is None:
            from boto3 import Session
            from botocore.config import Config
            from botocore.exceptions import ProfileNotFound
            from botocore.session import get_session

            session = get_session()
            # Also of the clients that it makes for itself, to fetch credentials.
            session.set_default_client_config(
                Config(
                    retries={"mode": "standard", "total_max_attempts": 1},
                    connect_timeout=self._patience.connect,
                    read_timeout=self._patience.read,
                    user_agent_extra="shipway",
                )
            )
            self._retries.join(session)
            if self._renewed:
                self._take_on_again(session)
            try:
                self._session = Session(
                    botocore_session=session,
                    profile_name=self._settings.profile or None,
                    # boto3 itself knows AWS_DEFAULT_REGION only; runners set this one.
                    region_name=self._settings.region or os.environ.get("AWS_REGION") or None,
                )
            except ProfileNotFound as error:
                raise ConfigError(
                    f"AWS: {error}",
                    "Correct aws.profile in shipway.toml, or AWS_PROFILE.",
                    code="aws-refused",
                ) from None
        return self._session

    def _take_on_again(self, session: BotocoreSession) -> None:
        """New credentials by the job's token, where this is a job that knows its role. Where there
        are none, the old ones stay, and AWS says what is wrong with them."""
        from botocore import UNSIGNED
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError

        identity = web_identity(os.environ)
        if identity is None or not identity.role:
            return
        region = self._settings.region or os.environ.get("AWS_REGION")
        try:
            sts = cast(
                "STSClient",
                session.create_client(
                    "sts", region_name=region, config=Config(signature_version=UNSIGNED)
                ),
            )
            granted = sts.assume_role_with_web_identity(
                RoleArn=identity.role,
                RoleSessionName="shipway",
                WebIdentityToken=identity_token(identity, self._http),
            )["Credentials"]
        except (BotoCoreError, ClientError, Unreachable):
            return
        session.set_credentials(
            granted["AccessKeyId"], granted["SecretAccessKey"], granted["SessionToken"]
        )

    def _make(self, service: AwsService) -> BaseClient:
        return self._opened().client(service, region_name=self.region)


def identify_account(clients: Clients, settings: Aws) -> Account:
    """The account behind the credentials. Raises ConfigError where another one is configured.

    GetCallerIdentity needs no permission: it cannot be denied. Botocore's own errors pass.
    """
    identity = clients.client("sts").get_caller_identity()
    number, caller = str(identity["Account"]), str(identity["Arn"])
    if settings.account and settings.account != number:
        raise ConfigError(
            f"these credentials are for account {number}, shipway.toml says {settings.account}",
            "Take the right AWS_PROFILE, or correct aws.account.",
            code="aws-refused",
        )
    return Account(number, clients.region, caller.split(":")[1], caller)
