"""`shipway image build`, `scan` and `push`: the words they take."""

from __future__ import annotations

from typing import Annotated

import typer

from shipway.cli import completing
from shipway.cli.arguments import Json
from shipway.cli.invocation import call

group = typer.Typer(
    help="The application's image: build it, scan it, push it.\n\nExample: shipway image build",
    no_args_is_help=True, rich_markup_mode=None,
)  # fmt: skip


def add_to(app: typer.Typer) -> None:
    """Add the group."""
    app.add_typer(group, name="image")
    for command in (build, scan, push):
        group.command()(command)


def build(context: typer.Context, json: Json = False) -> None:
    """Build the image from the Dockerfile, the same commit to the same digest.

    Takes docker, podman or buildah, whichever works here (image.builder chooses), and only the
    files that git knows. It is kept as an OCI layout in .shipway/image. Exit code 1 when the
    build fails or the image is larger than [image] allows, 5 when nothing here can build.

    Example: shipway image build
    """
    raise typer.Exit(call("image_build", {"directory": context.obj, "json": json}))


def scan(context: typer.Context, json: Json = False) -> None:
    """Take ECR's own findings on the built image into the findings table and its gates.

    Waits until the scan has ended (image.scan_timeout). For a look without AWS there is the
    check image-packages: shipway run image image-packages --advisories DIR.

    Example: shipway image scan && shipway run findings
    """
    raise typer.Exit(call("image_scan", {"directory": context.obj, "json": json}))


def push(
    context: typer.Context,
    image: Annotated[
        str,
        typer.Argument(metavar="[DIGEST]", help="With --to: one in the registry. Default: built."),
    ] = "",
    to: Annotated[
        str,
        typer.Option(
            metavar="ENV", help="Let an environment's tag name it.",
            autocompletion=completing.environments,
        ),
    ] = "",
    json: Json = False,
) -> None:  # fmt: skip
    """Push the built image by digest: only what the registry lacks. Then its tags.

    The tags of version and commit never move; an environment's does (--to), and then nothing
    but the manifest is fetched. SBOM and provenance go with it as referrers. No verdict does:
    shipway run publish attaches that of the whole pipeline.

    Example: shipway image push --to staging
    """
    options = {"directory": context.obj, "image": image, "to": to, "json": json}
    raise typer.Exit(call("image_push", options))
