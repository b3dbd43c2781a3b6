"""trufflehog, version 3: secrets in the working tree, by what each service's look like."""

from __future__ import annotations

import re
from dataclasses import dataclass

from shipway.checks import tools
from shipway.checks.secrets import SecretScanner
from shipway.config.schema import Config
from shipway.pipeline.check import CheckContext

_CLOUD = re.compile(
    r"(Alibaba|AWS|Azure|Cloudflare|DigitalOcean|FlyIO|GCP|Heroku|Scalingo|Yandex)(?![a-z])", re.I
)


@dataclass(frozen=True)
class Trufflehog(SecretScanner):
    """Its JSON lines hold the secrets themselves, and no option takes them out: so it is run by
    our own program, which prints none of them."""

    def argv(self, config: Config, context: CheckContext) -> tuple[str, ...]:
        """What to run, and where."""
        return ("trufflehog", context.root)

    def is_private_key(self, rule: str) -> bool:
        """By the name of trufflehog's own detector."""
        return rule == "PrivateKey"

    def is_cloud_key(self, rule: str) -> bool:
        """By the names of trufflehog's own detectors."""
        return bool(_CLOUD.match(rule))


TRUFFLEHOG = Trufflehog(
    name="trufflehog",
    summary="secrets in the files, by trufflehog",
    tool=tools.TRUFFLEHOG,
    max_age=0,
    default=False,
)
