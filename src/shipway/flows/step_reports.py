"""What a step leaves in its folder: stored, and written anew for the steps that need it."""

from __future__ import annotations

import os

from shipway.core.check import Check
from shipway.core.outcome import Outcome
from shipway.core.step import Step
from shipway.effects.redaction import Redactor
from shipway.flows.workshop import Workshop


def restore(step: Step, shop: Workshop) -> dict[str, str]:
    """The report folders of needed steps that passed, written anew where they are gone.

    What another one left is no result.
    """
    folders = {}
    for need in step.needs:
        result = shop.upstream.get(need)
        if result is None or result.outcome not in (Outcome.PASSED, Outcome.CACHED):
            continue
        folders[need] = shop.folder(need)
        for name, digest in result.reports.items():
            path = os.path.join(folders[need], name)
            data = shop.blobs.get(digest)
            if data is not None and not os.path.exists(path):
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "wb") as file:
                    file.write(data)
    return folders


def collect(check: Check, out: str, redact: Redactor) -> dict[str, bytes]:
    """Its reports. In those that are text, no secret is left, in the folder neither."""
    found = {}
    for name in check.reports:
        path = os.path.join(out, name)
        if not os.path.isfile(path):
            continue
        with open(path, "rb") as file:
            data = file.read()
        found[name] = data if b"\0" in data else _redacted(data, redact)
        if found[name] != data:
            with open(path, "wb") as file:
                file.write(found[name])
    return found


def _redacted(data: bytes, redact: Redactor) -> bytes:
    return redact(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
