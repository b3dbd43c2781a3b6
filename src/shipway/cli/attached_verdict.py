"""The verdict that is attached to a release's image: for a machine whose record knows no run."""

from __future__ import annotations

import json

from shipway.aws.errors import translate_aws_errors
from shipway.cli.image_registry import image_registry
from shipway.cli.project import Project
from shipway.errors import ShipwayError
from shipway.images.oci import VERDICT_TYPE
from shipway.images.provenance import is_passing_verdict
from shipway.images.reference import parse_reference
from shipway.images.referrers import read_documents
from shipway.releases.release import Release


def attested_run(project: Project, release: Release) -> str:
    """The run whose passed verdict is attached to exactly this image; "" where there is none.

    A registry that cannot be asked says nothing: then there is no verdict.
    """
    if "@sha256:" not in release.image:
        return ""
    try:
        image = parse_reference(release.image)
        with translate_aws_errors():
            registry = image_registry(project.config).registry
            if image != registry.place.at(image.digest):
                return ""
            verdicts = [
                json.loads(document)
                for document in read_documents(registry, image.digest, VERDICT_TYPE)
            ]
    except (ShipwayError, ValueError):
        return ""
    runs = [
        str(verdict["predicate"].get("run", ""))
        for verdict in verdicts
        if is_passing_verdict(verdict, image.digest)
        and verdict["predicate"].get("release") == release.name
    ]
    return runs[-1] if runs else ""
