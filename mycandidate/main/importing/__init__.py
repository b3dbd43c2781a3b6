"""Candidates from a file into the database: read, check, store."""

from main.importing.command import import_candidates

__all__ = ["import_candidates"]
