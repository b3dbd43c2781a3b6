"""`shipway image build`, `scan` and `push`: the words they take."""

from __future__ import annotations

from shipway.cli import completing, imaging
from shipway.cli.arguments import add_json
from shipway.cli.parser import Parser


def add_to(commands: Parser) -> None:
    """Add the group."""
    commands.add_command("image", _image)


def _image(parser: Parser) -> None:
    """The application's image: build it, scan it, push it.

    Example: shipway image build
    """
    parser.add_command("build", _build, imaging.image_build)
    parser.add_command("scan", _scan, imaging.image_scan)
    parser.add_command("push", _push, imaging.image_push)


def _build(parser: Parser) -> None:
    """Build the image from the Dockerfile, the same commit to the same digest.

    Takes docker, podman or buildah, whichever works here (image.builder chooses), and only the
    files that git knows. It is kept as an OCI layout in .shipway/image. Exit code 1 when the
    build fails or the image is larger than [image] allows, 5 when nothing here can build.

    Example: shipway image build
    """
    add_json(parser)


def _scan(parser: Parser) -> None:
    """Take ECR's own findings on the built image into the findings table and its gates.

    Waits until the scan has ended (image.scan_timeout). For a look without AWS there is the
    check image-packages: shipway run image image-packages --advisories DIR.

    Example: shipway image scan && shipway run findings
    """
    add_json(parser)


def _push(parser: Parser) -> None:
    """Push the built image by digest: only what the registry lacks. Then its tags.

    The tags of version and commit never move; an environment's does (--to), and then nothing
    but the manifest is fetched. SBOM and provenance go with it as referrers. No verdict does:
    shipway run publish attaches that of the whole pipeline.

    Example: shipway image push --to staging
    """
    parser.add(
        "image",
        metavar="DIGEST",
        nargs="?",
        default="",
        help="With --to: one in the registry. Default: built.",
    )
    parser.add(
        "--to",
        metavar="ENV",
        default="",
        complete=completing.environments,
        help="Let an environment's tag name it.",
    )
    add_json(parser)
