"""Rows out of CSV and XLSX files, one at a time."""

import csv
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

COLUMNS = (
    "province",
    "municipality",
    "municipality_code",
    "ward_code",
    "ward_number",
    "ward_name",
    "election",
    "held_on",
    "party",
    "party_abbreviation",
    "ballot",
    "position",
    "name",
    "age",
)


class BadFile(Exception):
    """The file as a whole cannot be used; the message says why and what to do."""


def read(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row with its line number, counted from 1 with the header. Raises BadFile."""
    rows = _xlsx(path) if path.suffix.lower() == ".xlsx" else _csv(path)
    try:
        _, header = next(rows)
    except StopIteration:
        raise BadFile(f"{path.name} is empty; its first line must name the columns.") from None
    names = [name.strip().lower() for name in header]
    missing = [column for column in COLUMNS if column not in names]
    if missing:
        raise BadFile(f"{path.name} lacks the columns {', '.join(missing)}.")
    for line, cells in rows:
        if any(cells):
            padded = [*cells, *[""] * (len(names) - len(cells))]
            yield line, dict(zip(names, padded, strict=False))


def _csv(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            for row in reader:
                yield reader.line_num, [cell.strip() for cell in row]
    except UnicodeDecodeError:
        raise BadFile(f"{path.name} is not UTF-8; save it as CSV in UTF-8.") from None
    except csv.Error as error:
        raise BadFile(f"{path.name} is not CSV: {error}.") from None
    except OSError as error:
        raise BadFile(f"{path.name} cannot be read: {error.strerror}.") from None


def _xlsx(path: Path) -> Iterator[tuple[int, list[str]]]:
    from openpyxl import load_workbook

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (BadZipFile, KeyError, ValueError):
        raise BadFile(f"{path.name} is not an Excel workbook (.xlsx).") from None
    except OSError as error:
        raise BadFile(f"{path.name} cannot be read: {error.strerror}.") from None
    try:
        sheet = book.worksheets[0]
        for line, row in enumerate(sheet.iter_rows(values_only=True), start=1):
            yield line, [_text(cell) for cell in row]
    finally:
        book.close()


def _text(cell: Any) -> str:
    """A cell as CSV would have it: whole numbers without a point, dates in ISO form."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()
