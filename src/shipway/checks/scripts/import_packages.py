"""Import every top-level module of what is installed, and say which cannot be.

    python import_packages.py

Prints JSON: {"imported": N, "broken": [{package, version, module, error, text}, …]}. What fails
is tried again alone, so that no package is blamed for what another one did to the process.
"""

import contextlib
import io
import json
import re
import subprocess
import sys
from importlib import import_module, metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# Of packaging itself; and what badly made packages leave at the top.
_LEFT_OUT = {
    "tests",
    "test",
    "docs",
    "doc",
    "examples",
    "example",
    "scripts",
    "benchmarks",
    "pip",
    "setuptools",
    "wheel",
    "_distutils_hack",
    "distutils",
    "antigravity",
    "this",
}
_COMPILED = (".so", ".pyd")
# Raised by what is meant to be imported inside a configured application only.
_LATER = {"ImproperlyConfigured", "AppRegistryNotReady"}
_ALONE = "import importlib, sys; importlib.import_module(sys.argv[1])"


def main() -> None:
    """Print what was found."""
    broken = []
    imported = 0
    for module, package in sorted(_modules().items()):
        error = _error(module)
        if error is None:
            imported += 1
        elif not _lacks_surroundings(package, error) and _fails_alone(module):
            broken.append(
                {
                    "package": package,
                    "version": metadata.version(package),
                    "module": module,
                    "error": type(error).__name__,
                    "missing": getattr(error, "name", None) or "",
                    "text": (str(error).strip().splitlines() or [""])[0][:300],
                }
            )
    print(json.dumps({"imported": imported, "broken": broken}))


def _lacks_surroundings(package: str, error: "BaseException | None") -> bool:
    """Whether what a module misses is not for this environment to have: it is brought by an extra
    of its own package, which nobody asked for (blackd of black), or it is in the package's own
    program only (uwsgidecorators of uWSGI)."""
    missing = set()
    while error is not None:
        if isinstance(error, ImportError) and error.name:
            missing.add(_plain(error.name.split(".")[0]))
        error = error.__cause__ or error.__context__
    if _plain(package) in missing:
        return True
    extras = [line for line in metadata.requires(package) or () if "extra ==" in line]
    return any(_plain(re.split(r"[^\w.-]", line)[0]) in missing for line in extras)


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")


def _modules() -> "dict[str, str]":
    """module → package, by the files that are installed.

    What a package says of itself (top_level.txt) counts only where its files are not recorded: it
    may name what is built on other systems, or what was never installed.
    """
    owners: dict[str, str] = {}
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        if not name or name.lower() in _LEFT_OUT:
            continue
        modules = (
            _of_files(distribution.files)
            if distribution.files
            else set((distribution.read_text("top_level.txt") or "").split())
        )
        for module in sorted(modules):
            parts = module.split(".")
            public = all(part.isidentifier() and not part.startswith("_") for part in parts)
            if public and parts[0] not in _LEFT_OUT:
                owners.setdefault(module, name)
    return owners


def _of_files(files: "Iterable[metadata.PackagePath]") -> "set[str]":
    """The outermost modules: of a namespace such as google.cloud, the packages in it."""
    modules = set()
    packages = set()
    for path in files:
        if path.parts[0] == "..":  # a program, or data
            continue
        if path.name == "__init__.py":
            packages.add(path.parts[:-1])
        elif len(path.parts) == 1 and path.suffix in (".py", *_COMPILED):
            modules.add(path.name.partition(".")[0])
    for package in packages:
        if not any(package[:length] in packages for length in range(1, len(package))):
            modules.add(".".join(package))
    return modules


def _error(module: str) -> "BaseException | None":
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        try:
            import_module(module)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001  # a module may even end the program
            return None if type(error).__name__ in _LATER else error
    return None


def _fails_alone(module: str) -> bool:
    done = subprocess.run(
        [sys.executable, "-c", _ALONE, module], capture_output=True, timeout=120, check=False
    )
    return done.returncode != 0


if __name__ == "__main__":
    main()
