"""Import every top-level module of what is installed, and say which cannot be.

    python import_packages.py

Prints JSON: {"imported": N, "broken": [{package, version, module, error, text}, …]}. What fails
is tried again alone, so that no package is blamed for what another one did to the process.
"""

import contextlib
import io
import json
import subprocess
import sys
from importlib import import_module, metadata

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
        elif _fails_alone(module):
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


def _modules() -> "dict[str, str]":
    """module → package: what each package says of itself, else what its files show."""
    owners: dict[str, str] = {}
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        if not name or name.lower() in _LEFT_OUT:
            continue
        listed = (distribution.read_text("top_level.txt") or "").split() or _of_files(distribution)
        for module in listed:
            if module.isidentifier() and not module.startswith("_") and module not in _LEFT_OUT:
                owners.setdefault(module, name)
    return owners


def _of_files(distribution: metadata.Distribution) -> "set[str]":
    names = set()
    for path in distribution.files or ():
        parts = path.parts
        if len(parts) == 1 and path.suffix == ".py":
            names.add(path.stem)
        elif len(parts) == 2 and parts[1] == "__init__.py":
            names.add(parts[0])
    return names


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
