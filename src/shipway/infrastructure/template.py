"""The templates of the stacks: CloudFormation YAML that comes with the package."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib.resources import files

LIMIT = 51_200  # bytes of a template that CloudFormation takes in a request (its quotas)
# Whole lines, and what is behind a value. No text of a template has two blanks before a `#`.
_COMMENT = re.compile(r"^ *#.*\n|  # .*$", re.MULTILINE)


# Names of what stays when a stack goes, and is to be taken into the next one.
_NAMES = re.compile(r"^( *(?:RepositoryName|BucketName|LogGroupName)): !Ref (\w+)$", re.MULTILINE)


def with_static_names(template: str, parameters: Mapping[str, str]) -> str:
    """A template with the names of what it keeps written out, in place of the parameters that they
    come from: CloudFormation takes what exists already into a new stack only by a name that is
    no function (its user guide, "Import AWS resources into a CloudFormation stack automatically").
    """
    return _NAMES.sub(lambda name: f"{name[1]}: {json.dumps(parameters[name[2]])}", template)


def load_template(name: str) -> str:
    """`bootstrap`, `account` or `environment` as it is sent: without comments, which count too."""
    text = (files("shipway.infrastructure") / "templates" / f"{name}.yml").read_text(
        encoding="utf-8"
    )
    return _COMMENT.sub("", text)
