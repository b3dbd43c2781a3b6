"""The licences of the packages that are shipped, as the packages declare them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from shipway.checks import tools
from shipway.checks.base import tool_crashed
from shipway.checks.dependencies import DependencyCheck, no_packages
from shipway.checks.osv.lockfile import locked_packages
from shipway.config.schema import Config
from shipway.findings.finding import Finding, FindingKind, Severity
from shipway.pipeline.check import CheckContext, CheckResult, ToolOutput

# What a package says of its licence, as an SPDX expression, and whether that is allowed.

UNKNOWN = "UNKNOWN"  # as pip-licenses says it
# PyPI's classifiers and names that packages write. Where one may mean several licences, each of
# them must be allowed.
_NAMES = {
    "MIT": ("MIT License", "The MIT License", "The MIT License (MIT)", "MIT License (MIT)"),
    "MIT-0": ("MIT No Attribution License (MIT-0)",),
    "Apache-2.0": (
        "Apache Software License",
        "Apache License 2.0",
        "Apache License, Version 2.0",
        "Apache Software License 2.0",
        "Apache 2.0",
        "Apache-2.0 License",
        "Apache 2",
        "Apache License Version 2.0",
        "Apache",
        "ASL 2.0",
    ),
    "BSD-2-Clause AND BSD-3-Clause": ("BSD License", "BSD", "BSD-style", "BSD-like"),
    "BSD-2-Clause": ("BSD 2-Clause License", "BSD 2-Clause", "Simplified BSD"),
    "BSD-3-Clause": (
        "BSD 3-Clause License",
        "BSD 3-Clause",
        "New BSD",
        "3-Clause BSD License",
        "Modified BSD License",
        "New BSD License",
    ),
    "0BSD": ("Zero-Clause BSD (0BSD)",),
    "ISC": ("ISC License (ISCL)", "ISC License", "ISCL"),
    "PSF-2.0": ("Python Software Foundation License", "PSF", "PSFL", "PSF License"),
    "MPL-2.0": ("Mozilla Public License 2.0 (MPL 2.0)", "MPL 2.0", "MPL2"),
    "Zlib": ("zlib/libpng License",),
    "Unlicense": ("The Unlicense (Unlicense)",),
    "CC0-1.0": ("CC0 1.0 Universal (CC0 1.0) Public Domain Dedication",),
    "LGPL-2.1-only AND LGPL-3.0-only": ("LGPL",),
    "LGPL-2.1-or-later": ("GNU Lesser General Public License v2 or later (LGPLv2+)",),
    "LGPL-3.0-only": ("GNU Lesser General Public License v3 (LGPLv3)", "LGPLv3", "LGPL 3"),
    "LGPL-3.0-or-later": ("GNU Lesser General Public License v3 or later (LGPLv3+)", "LGPLv3+"),
    "GPL-2.0-only": ("GNU General Public License v2 (GPLv2)", "GPLv2"),
    "GPL-2.0-or-later": ("GNU General Public License v2 or later (GPLv2+)", "GPLv2+"),
    "GPL-3.0-only": ("GNU General Public License v3 (GPLv3)", "GPLv3", "GPL 3"),
    "GPL-3.0-or-later": ("GNU General Public License v3 or later (GPLv3+)", "GPLv3+"),
    "AGPL-3.0-only": ("GNU Affero General Public License v3",),
    "AGPL-3.0-or-later": ("GNU Affero General Public License v3 or later (AGPLv3+)",),
}
_BY_NAME = {name.casefold(): spdx for spdx, names in _NAMES.items() for name in names}


def declared_licence(package: Mapping[str, str]) -> str:
    """The best of what pip-licenses tells (`--from all`); "" where the package says nothing.

    First the License-Expression, which is SPDX by definition; then the License field, if it is
    a name and not a text; then the classifiers, all of which must be allowed.
    """
    expression = package["License-Expression"]
    if expression != UNKNOWN:
        return expression
    field = package["License-Metadata"].strip()
    licence = _BY_NAME.get(field.casefold()) or (field if is_spdx(field) else "")
    classifiers = [
        classifier
        for classifier in package["License-Classifier"].split("; ")
        if classifier != UNKNOWN
    ]
    names = [_BY_NAME.get(classifier.casefold(), classifier) for classifier in classifiers]
    if licence or not names:
        is_name = field != UNKNOWN and "\n" not in field and len(field) < 100
        return licence or (field if is_name else "")
    return names[0] if len(names) == 1 else " AND ".join(f"({name})" for name in names)


def is_spdx(text: str) -> bool:
    """Whether it is an SPDX expression of licences that SPDX knows."""
    parsed = _parsed(text)
    return parsed is not None and not _spdx().unknown_license_keys(parsed)


def is_allowed(expression: str, names: Iterable[str]) -> bool:
    """AND wants all, OR any. An exception (WITH) only ever permits more."""
    parsed = _parsed(expression)
    return parsed is not None and _holds(parsed, {name.casefold() for name in names})


def _holds(part: Any, names: set[str]) -> bool:
    from boolean.boolean import AND, OR  # type: ignore[import-untyped]  # license_expression's

    if isinstance(part, AND):
        return all(_holds(operand, names) for operand in part.args)
    if isinstance(part, OR):
        return any(_holds(operand, names) for operand in part.args)
    if str(part).casefold() in names:
        return True
    base = getattr(part, "license_symbol", None)
    return base is not None and str(base).casefold() in names


def _parsed(text: str) -> Any:
    from license_expression import ExpressionError  # type: ignore[import-untyped]  # no types

    try:
        return _spdx().parse(text)
    except ExpressionError:
        return None


@cache
def _spdx() -> Any:
    """Read once, and only when it is needed: a run that is cached imports nothing slow."""
    from license_expression import get_spdx_licensing

    return get_spdx_licensing()


_FIELDS = ("Name", "Version", "License-Expression", "License-Metadata", "License-Classifier")


@dataclass(frozen=True)
class Licences(DependencyCheck):
    """pip-licenses' JSON over the application's environment, with all that each one declares."""

    def inputs(self, config: Config) -> tuple[str, ...]:
        """What is allowed stands in the configuration."""
        return (*super().inputs(config), "shipway.toml")

    def argv(self, config: Config, context: CheckContext) -> tuple[str, ...]:
        """Seen with the application's interpreter; setuptools and the like, too."""
        return ("--python", context.python, "--with-system", "--from", "all", "--format", "json")

    def read(self, output: ToolOutput, config: Config, context: CheckContext) -> CheckResult:
        """It ends with 0 whatever the licences are."""
        try:
            packages = json.loads(output.stdout)
            understood = all(
                isinstance(package[field], str) for package in packages for field in _FIELDS
            )
        except (ValueError, KeyError, TypeError):
            raise tool_crashed(output, "licences") from None
        if output.code or not isinstance(packages, list) or not understood:
            raise tool_crashed(output, "licences")
        if not packages:
            raise no_packages("licences")
        lines = _shipped(os.path.join(context.root, config.application.lock))
        judged = (_judged(package, config, lines) for package in packages)
        return CheckResult(findings=tuple(finding for finding in judged if finding))


def _shipped(lock: str) -> dict[str, int] | None:
    """Names of what not only development needs, and their lines; None where that is not told."""
    if not lock.endswith(".lock"):
        return None
    try:
        return {
            package.name: package.line
            for package in locked_packages(lock)
            if not package.development
        }
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _judged(
    package: Mapping[str, str], config: Config, lines: Mapping[str, int] | None
) -> Finding | None:
    name = package["Name"].casefold().replace("_", "-").replace(".", "-")
    if lines is not None and name not in lines:
        return None
    licence = declared_licence(package)
    if licence and is_allowed(licence, config.security.licences):
        return None
    message = (
        f"{name} is under {licence}, which is not allowed"
        if licence
        else (f"{name} declares no licence")
    )
    return Finding(
        tool="licences",
        rule=licence or "no-licence",
        severity=Severity.MEDIUM,
        path=config.application.lock,
        line=(lines or {}).get(name, 0),
        message=message,
        remedy="Replace it; or, once its licence was read, allow that: [security] licences.",
        kind=FindingKind.LICENCE,
        package=f"{name} {package['Version']}",
        link=f"https://pypi.org/project/{name}/{package['Version']}/",
    )


LICENCES = Licences(
    name="licences",
    summary="licences of shipped packages, by pip-licenses",
    tool=tools.PIP_LICENSES,
    expected=1.5,
)
