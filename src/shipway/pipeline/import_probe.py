"""Import modules of an application, in its environment, and say what came of it.

    python import_probe.py ENTRY,… MODULE,…

Prints JSON as its last line: {"loaded": […], "errors": {module: text}}. loaded: which of the
application's own modules the entries have loaded; one that is there for its effects is among them.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module


def main(entries: str, modules: str) -> None:
    """Import the entries first: what they load is what is served."""
    errors: dict[str, str] = {}
    for name in filter(None, entries.split(",")):
        _import(name, errors)
    here = os.getcwd() + os.sep
    loaded = sorted(
        name
        for name, module in list(sys.modules.items())
        if (getattr(module, "__file__", None) or "").startswith(here)
    )
    for name in filter(None, modules.split(",")):
        _import(name, errors)
    print("\n" + json.dumps({"loaded": loaded, "errors": errors}))


def _import(name: str, errors: dict[str, str]) -> None:
    try:
        import_module(name)
        errors[name] = ""
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001  # a module may even end the program
        errors[name] = f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    sys.path[0] = os.getcwd()
    source = os.path.join(os.getcwd(), "src")
    if os.path.isdir(source):
        sys.path.insert(0, source)
    main(*sys.argv[1:])
