"""`flask import-candidates FILE`: all of a file, or nothing of it."""

import time
from collections.abc import Iterator
from pathlib import Path

import click
from flask.cli import with_appcontext

from main import metrics
from main.extensions import cache, db
from main.importing.checking import BadRow, Row, check
from main.importing.reading import BadFile, read
from main.importing.storing import Store, Tally

BATCH = 1000
SHOWN = 20
QUIET_SECONDS = 2.0


class Refused(Exception):
    """Some rows are bad; holds the words for the first of them and how many there are."""

    def __init__(self, faults: list[str], total: int) -> None:
        super().__init__(f"{total} bad rows")
        self.faults = faults
        self.total = total


@click.command("import-candidates")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--quiet", is_flag=True, help="Say nothing unless it fails.")
@with_appcontext
def import_candidates(file: Path, quiet: bool) -> None:
    """Import candidates from a CSV or XLSX FILE: every row, or none if any is bad.

    Importing the same file again changes nothing.
    """
    try:
        tally = import_file(file, progress=not quiet)
    except BadFile as error:
        metrics.imported("failed")
        raise click.ClickException(str(error)) from None
    except Refused as refused:
        metrics.imported("refused")
        for fault in refused.faults:
            click.echo(fault, err=True)
        if refused.total > len(refused.faults):
            click.echo(f"… and {refused.total - len(refused.faults)} more", err=True)
        raise click.ClickException(
            f"{refused.total} bad rows in {file.name}: nothing was imported. Mend them, try again."
        ) from None
    metrics.imported("done", tally.added, tally.changed)
    if not quiet:
        click.echo(
            f"{file.name}: {tally.added} added, {tally.changed} changed,"
            f" {tally.unchanged} were there already"
        )


def import_file(file: Path, *, progress: bool = False) -> Tally:
    """Import a file in one transaction. Raises BadFile or Refused; then nothing has changed."""
    try:
        store = Store()
        batch: list[Row] = []
        for row in _checked(file, progress=progress):
            batch.append(row)
            if len(batch) == BATCH:
                store.add(batch)
                batch = []
        store.add(batch)
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise
    cache.clear()
    return store.tally


def _checked(file: Path, *, progress: bool) -> Iterator[Row]:
    """The good rows until the first bad one; then only its successors' faults are gathered."""
    faults: list[str] = []
    total = 0
    places: dict[int, int] = {}
    shown_at = time.monotonic()
    for line, cells in read(file):
        try:
            row = check(cells)
            place = hash(row.place)
            if place in places:
                raise BadRow(f"the same place on the ballot as line {places[place]}")
            places[place] = line
        except BadRow as fault:
            total += 1
            if len(faults) < SHOWN:
                faults.append(f"line {line}: {fault}")
            continue
        if not total:
            yield row
        if progress and time.monotonic() - shown_at > QUIET_SECONDS:
            shown_at = time.monotonic()
            click.echo(f"{line} lines read", err=True)
    if total:
        raise Refused(faults, total)
    if not places:
        raise BadFile(f"{file.name} has no rows below its header.")
