"""Files in SARIF: a uri, perhaps relative to a base, made a path from the root. Opens nothing."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from shipway.core.json_place import Place

# One letter is a drive of Windows, not a scheme.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_DRIVE = re.compile(r"/[A-Za-z]:[/\\]")


class Bases:
    """The `originalUriBaseIds` of a run."""

    def __init__(self, bases: Place) -> None:
        self._bases = dict(bases.members())
        found = (self._absolute(name) for name in self._bases)
        self._roots = sorted({root for root in found if root.strip("/")}, key=len, reverse=True)

    def path(self, location: Place) -> str:
        """The path that an artifactLocation means; one outside of the root stays as it is."""
        uri = location["uri"].text()
        if _SCHEME.match(uri) and not uri.lower().startswith("file:"):
            return uri
        path = _decoded(uri)
        if not path.startswith("/"):
            return self._prefix(location["uriBaseId"].text()) + path.removeprefix("./")
        below = next((root for root in self._roots if path.startswith(root)), "")
        path = path.removeprefix(below)
        return path[1:] if _DRIVE.match(path) else path

    def _prefix(self, name: str) -> str:
        """The part of a base that lies below the root."""
        prefix = ""
        for uri in self._chain(name):
            if _SCHEME.match(uri) or uri.startswith("/"):
                break
            prefix = _decoded(uri).removeprefix("./") + prefix
        return prefix

    def _absolute(self, name: str) -> str:
        """The folder that a base means, where it says so; ends with a slash."""
        path = ""
        for uri in self._chain(name):
            path = _decoded(uri) + path
            if path.startswith("/"):
                return path.rstrip("/") + "/"
        return ""

    def _chain(self, name: str) -> list[str]:
        """The uris of a base and of those it is relative to, inner ones first."""
        found: list[str] = []
        seen: set[str] = set()
        while name in self._bases and name not in seen:
            seen.add(name)
            found.append(self._bases[name]["uri"].text())
            name = self._bases[name]["uriBaseId"].text()
        return found


def _decoded(uri: str) -> str:
    """The path in a uri; bytes that are no UTF-8 as Python has them in file names."""
    if uri.lower().startswith("file:"):
        uri = uri[5:]
        if uri.startswith("//"):
            uri = "/" + uri[2:].partition("/")[2]
    elif _SCHEME.match(uri):
        return ""
    try:
        return unquote_to_bytes(uri).decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a pair of surrogates, which only broken JSON has
        return uri
