"""Import of candidates from a file: read the rows, validate them, write them to the database."""

from main.importer.command import import_candidates

__all__ = ["import_candidates"]
