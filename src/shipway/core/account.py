"""An account of AWS and a region in it: what every ARN begins with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Account:
    """number: its twelve digits. partition: `aws`, `aws-cn` or `aws-us-gov`.

    caller: the ARN of whom one acts as, from STS; "" where nobody asked.
    """

    number: str
    region: str
    partition: str = "aws"
    caller: str = ""

    def arn(self, service: str, what: str) -> str:
        """The ARN of something in this region: `arn:aws:ecs:eu-west-1:123456789012:cluster/web`."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.number}:{what}"

    def role(self, name: str) -> str:
        """A role's ARN. One that is an ARN already stays as it is; roles have no region."""
        if name.startswith("arn:"):
            return name
        return f"arn:{self.partition}:iam::{self.number}:role/{name}"
