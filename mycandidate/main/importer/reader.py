"""Reads the rows of CSV and XLSX files, one at a time."""

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


class InvalidFile(Exception):
    """A file that cannot be imported at all. The message says why and how to fix it."""


def read_rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the line number and the cells, by column name, of each row that is not empty.

    Line numbers start at 1 with the header. Raises InvalidFile.
    """
    lines = _read_xlsx(path) if path.suffix.lower() == ".xlsx" else _read_csv(path)
    try:
        _, header = next(lines)
    except StopIteration:
        raise InvalidFile(f"{path.name} is empty; its first line must name the columns.") from None
    names = [name.strip().lower() for name in header]
    missing = [column for column in COLUMNS if column not in names]
    if missing:
        raise InvalidFile(f"{path.name} lacks the columns {', '.join(missing)}.")
    for line_number, cells in lines:
        if any(cells):
            padded = [*cells, *[""] * (len(names) - len(cells))]
            yield line_number, dict(zip(names, padded, strict=False))


def _read_csv(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            for row in reader:
                yield reader.line_num, [cell.strip() for cell in row]
    except UnicodeDecodeError:
        raise InvalidFile(f"{path.name} is not UTF-8; save it as CSV in UTF-8.") from None
    except csv.Error as error:
        raise InvalidFile(f"{path.name} is not CSV: {error}.") from None
    except OSError as error:
        raise InvalidFile(f"{path.name} cannot be read: {error.strerror}.") from None


def _read_xlsx(path: Path) -> Iterator[tuple[int, list[str]]]:
    from openpyxl import load_workbook

    try:
        workbook = load_workbook(path, read_only=True, data_only=True)
    except (BadZipFile, KeyError, ValueError):
        raise InvalidFile(f"{path.name} is not an Excel workbook (.xlsx).") from None
    except OSError as error:
        raise InvalidFile(f"{path.name} cannot be read: {error.strerror}.") from None
    try:
        sheet = workbook.worksheets[0]
        for line_number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
            yield line_number, [_cell_text(cell) for cell in row]
    finally:
        workbook.close()


def _cell_text(value: Any) -> str:
    """The text that the cell has in a CSV file: integers without a point, dates in ISO format."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
