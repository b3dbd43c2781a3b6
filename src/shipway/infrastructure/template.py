"""The templates of the stacks: CloudFormation YAML that comes with the package."""

from __future__ import annotations

import re
from importlib.resources import files

LIMIT = 51_200  # bytes of a template that CloudFormation takes in a request (its quotas)
_COMMENT = re.compile(r"^ *#.*\n", re.MULTILINE)


def load_template(name: str) -> str:
    """`bootstrap` or `environment` as it is sent: without the lines of comment, which count too."""
    text = (files("shipway.infrastructure") / "templates" / f"{name}.yml").read_text(
        encoding="utf-8"
    )
    return _COMMENT.sub("", text)
