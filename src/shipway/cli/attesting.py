"""The verdict that is attached to a release's image: for a machine whose record knows no run."""

from __future__ import annotations

import json

from shipway.cli.project import Project
from shipway.core.errors import ShipwayError
from shipway.core.release import Release


def attested(project: Project, release: Release) -> str:
    """The run whose passed verdict is attached to exactly this image; "" where there is none.

    A registry that cannot be asked says nothing: then there is no verdict.
    """
    if "@sha256:" not in release.image:
        return ""
    from shipway.cli.image_registry import home
    from shipway.core.images.oci import VERDICT_TYPE
    from shipway.core.images.provenance import passed
    from shipway.core.images.reference import parse
    from shipway.effects.aws_errors import in_words
    from shipway.images.referrers import documents

    try:
        image = parse(release.image)
        with in_words():
            registry = home(project.config).registry
            if image != registry.place.at(image.digest):
                return ""
            found = [json.loads(one) for one in documents(registry, image.digest, VERDICT_TYPE)]
    except (ShipwayError, ValueError):
        return ""
    runs = [
        str(one["predicate"].get("run", "")) for one in found
        if passed(one, image.digest) and one["predicate"].get("release") == release.name
    ]  # fmt: skip
    return runs[-1] if runs else ""
