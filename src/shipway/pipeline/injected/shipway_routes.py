"""Print the routes of an application that take GET and no variable part, as the framework itself
knows them: `python shipway_routes.py MODULE NAME`, in the application's environment.

The last line is a JSON array. Runs on Python 3.8, and imports nothing that may be missing.
"""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_VARIABLE = re.compile(r"[<{(\[\\*+?|]")


def routes_of(application: Any) -> list[str]:
    """Paths in the framework's own order, each once."""
    routes: Iterable[str] = ()
    if hasattr(application, "url_map"):  # Flask, Quart
        routes = _of_werkzeug(application.url_map)
    elif hasattr(application, "routes"):  # Starlette, FastAPI, Litestar
        routes = (*_of_asgi(application.routes, ""), *_described(application))
    elif "django" in sys.modules:  # its application may be wrapped
        routes = _of_django()
    return list(dict.fromkeys(path for path in routes if not _VARIABLE.search(path)))


def _of_werkzeug(url_map: Any) -> Iterator[str]:
    for rule in url_map.iter_rules():
        if not rule.arguments and not rule.subdomain and "GET" in (rule.methods or ("GET",)):
            yield rule.rule


def _of_asgi(routes: Iterable[Any], prefix: str) -> Iterator[str]:
    for route in routes:
        path = prefix + getattr(route, "path", "")
        below = getattr(route, "routes", None)
        if below:
            yield from _of_asgi(below, path)
        elif "GET" in (getattr(route, "methods", None) or ()):
            yield path or "/"


def _described(application: Any) -> Iterator[str]:
    """What FastAPI's OpenAPI document has."""
    if hasattr(application, "openapi"):
        for path, methods in application.openapi().get("paths", {}).items():
            if "get" in methods:
                yield path


def _of_django() -> Iterator[str]:
    from django.urls import get_resolver

    return _of_resolver(get_resolver().url_patterns, "/")


def _of_resolver(patterns: Iterable[Any], prefix: str) -> Iterator[str]:
    for pattern in patterns:
        below = getattr(pattern, "url_patterns", None)
        try:
            path = prefix + _django_path(pattern.pattern)
        except AttributeError:  # Django 1: a regular expression, and no object for it
            path = prefix + pattern.regex.pattern.lstrip("^").rstrip("$")
        if below is not None:
            yield from _of_resolver(below, path)
        else:
            yield path


def _django_path(pattern: Any) -> str:
    """A pattern as text: path() has it so, re_path() as a regular expression."""
    text = str(pattern)
    if type(pattern).__name__ != "RegexPattern":
        return text
    text = text[1:] if text.startswith("^") else text
    for end in ("$", r"\Z"):
        if text.endswith(end):
            text = text[: -len(end)]
    return text[:-2] + "/" if text.endswith("/?") else text


def _application(module: str, target: str) -> Any:
    """The object of that name; a factory is called, with the literals in its parentheses."""
    name, _, arguments = target.partition("(")
    served: Any = importlib.import_module(module)
    for part in name.split("."):
        served = getattr(served, part)
    if not arguments:
        return served
    call = ast.parse("factory(" + arguments, mode="eval").body
    if not isinstance(call, ast.Call):
        raise ValueError(target)
    return served(
        *[ast.literal_eval(value) for value in call.args],
        **{key.arg: ast.literal_eval(key.value) for key in call.keywords if key.arg},
    )


if __name__ == "__main__":
    sys.path[0] = os.getcwd()
    print()
    print(json.dumps(routes_of(_application(*sys.argv[1:3]))), flush=True)
    os._exit(0)  # threads that the application started are nobody's to wait for
