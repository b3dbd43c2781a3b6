"""The `flask import-candidates FILE` command: imports all rows of a file, or none of them."""

import time
from collections.abc import Iterator
from pathlib import Path

import click
from flask.cli import with_appcontext

from main import metrics
from main.extensions import cache, db
from main.importer.reader import InvalidFile, read_rows
from main.importer.validation import InvalidRow, Row, validate
from main.importer.writer import CandidateWriter, ImportSummary

BATCH_SIZE = 1000
MAX_ERRORS_SHOWN = 20
PROGRESS_INTERVAL_SECONDS = 2.0


class ImportRejected(Exception):
    """A file with invalid rows. `errors` describes the first of them; `total` counts them all."""

    def __init__(self, errors: list[str], total: int) -> None:
        super().__init__(f"{total} bad rows")
        self.errors = errors
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
        summary = import_file(file, show_progress=not quiet)
    except InvalidFile as error:
        metrics.imported("failed")
        raise click.ClickException(str(error)) from None
    except ImportRejected as rejected:
        metrics.imported("refused")
        for message in rejected.errors:
            click.echo(message, err=True)
        if rejected.total > len(rejected.errors):
            click.echo(f"… and {rejected.total - len(rejected.errors)} more", err=True)
        raise click.ClickException(
            f"{rejected.total} bad rows in {file.name}: nothing was imported. Mend them, try again."
        ) from None
    metrics.imported("done", added=summary.added, changed=summary.changed)
    if not quiet:
        click.echo(
            f"{file.name}: {summary.added} added, {summary.changed} changed,"
            f" {summary.unchanged} were there already"
        )


def import_file(file: Path, *, show_progress: bool = False) -> ImportSummary:
    """Import a file in one transaction.

    Raises InvalidFile or ImportRejected; the database is then unchanged.
    """
    try:
        writer = CandidateWriter()
        batch: list[Row] = []
        for row in _valid_rows(file, show_progress=show_progress):
            batch.append(row)
            if len(batch) == BATCH_SIZE:
                writer.write(batch)
                batch = []
        writer.write(batch)
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise
    cache.clear()
    return writer.summary


def _valid_rows(file: Path, *, show_progress: bool) -> Iterator[Row]:
    """Yield the rows up to the first invalid row. The rows after it are only validated."""
    errors: list[str] = []
    invalid_count = 0
    # Hashes, so that a large file costs two numbers a row in memory and not its texts.
    line_numbers: dict[int, int] = {}
    reported_at = time.monotonic()
    for line_number, cells in read_rows(file):
        try:
            row = validate(cells)
            ballot_line = hash(row.ballot_line)
            earlier_line = line_numbers.get(ballot_line)
            if earlier_line is not None:
                raise InvalidRow(f"the same place on the ballot as line {earlier_line}")
            line_numbers[ballot_line] = line_number
        except InvalidRow as error:
            invalid_count += 1
            if len(errors) < MAX_ERRORS_SHOWN:
                errors.append(f"line {line_number}: {error}")
            continue
        if not invalid_count:
            yield row
        if show_progress and time.monotonic() - reported_at > PROGRESS_INTERVAL_SECONDS:
            reported_at = time.monotonic()
            click.echo(f"{line_number} lines read", err=True)
    if invalid_count:
        raise ImportRejected(errors, total=invalid_count)
    if not line_numbers:
        raise InvalidFile(f"{file.name} has no rows below its header.")
