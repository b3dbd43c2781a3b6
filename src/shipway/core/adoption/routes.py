"""The address that says whether an application is well: one of its own routes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from shipway.core.parsing import parsed

USUAL = ("/health/ready", "/readyz", "/ready", "/healthz", "/health", "/health/live", "/livez",
         "/healthcheck", "/_health", "/up", "/ping", "/status", "/api/health",
         "/health/")  # fmt: skip
# Django's patterns: path("", …), re_path(r"^$", …), url(r"^$", …).
_DJANGO = re.compile(r"\b(?:re_path|path|url)\(\s*r?([\"'])(.*?)\1\s*,\s*(include\b)?")
_BRACKETS = re.compile(r"[<{]")


def health(framework: str, texts: Iterable[tuple[str, str]], urls: str = "") -> tuple[str, str]:
    """The path, and why this one. urls: the text of Django's root URL configuration."""
    found = _django(urls) if framework == "django" else list(_routes(texts))
    for path in USUAL:
        if path in found:
            return path, "the application has it"
    if "/" in found:
        return "/", "there is no health check; the first page answers for it"
    if framework == "fastapi":
        return "/openapi.json", "there is no health check; FastAPI's own description answers for it"
    if framework == "django" and "/admin/" in found:
        return "/admin/login/", "there is no health check; the login page answers for it"
    if found:
        return found[0], "there is no health check; the first route answers for it"
    return "/", "no route was found"


def _routes(texts: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Routes that take GET and no variable parts, of Flask and FastAPI, in the files' order."""
    for _, text in texts:
        tree = parsed(text)
        if tree is None:
            continue
        prefixes = dict(_prefixes(tree))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for decorator in node.decorator_list:
                    yield from _route(decorator, prefixes)


def _route(node: ast.expr, prefixes: dict[str, str]) -> Iterator[str]:
    match node:
        case ast.Call(
            func=ast.Attribute(attr="route" | "get", value=owner),
            args=[ast.Constant(value=str(path)), *_],
        ):
            methods = [
                one.value
                for key in node.keywords
                if key.arg == "methods" and isinstance(key.value, ast.List | ast.Tuple)
                for one in key.value.elts
                if isinstance(one, ast.Constant)
            ]
            prefix = prefixes.get(owner.id, "") if isinstance(owner, ast.Name) else ""
            if not _BRACKETS.search(path) and (not methods or "GET" in methods):
                yield prefix + path or "/"


def _prefixes(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """bp = Blueprint(…, url_prefix="/x"); router = APIRouter(prefix="/x")."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            continue
        for key in node.value.keywords:
            if key.arg in ("url_prefix", "prefix") and isinstance(key.value, ast.Constant):
                yield from (
                    (target.id, str(key.value.value))
                    for target in node.targets
                    if isinstance(target, ast.Name)
                )


def _django(urls: str) -> list[str]:
    found = []
    for match in _DJANGO.finditer(urls):
        pattern = match[2].removeprefix("^").removesuffix("$")
        if not _BRACKETS.search(pattern) and not set(pattern) & set("(\\[?*+"):
            if match[3] and pattern not in ("", "admin/"):
                continue  # what is below is in another file
            found.append("/" + pattern)
    return found
