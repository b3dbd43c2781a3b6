"""What a machine refuses is told as that; what may be a fault of Shipway stays a traceback."""

from __future__ import annotations

import errno
import os

import pytest

from shipway.cli.error_message import machine_error


@pytest.mark.parametrize(
    ("number", "code", "message"),
    [
        (errno.ENOSPC, "disk-full", "the disk is full: report.html cannot be written"),
        (errno.EDQUOT, "disk-full", "the disk is full: report.html cannot be written"),
        (errno.EROFS, "file-unreadable", "report.html cannot be used: Read-only file system"),
        (errno.EACCES, "file-unreadable", "report.html cannot be used: Permission denied"),
        (errno.EMFILE, "cannot-run", "report.html cannot be opened: Too many open files"),
    ],
)
def test_what_the_machine_refuses_has_its_code_and_the_file(
    number: int, code: str, message: str
) -> None:
    error = machine_error(OSError(number, os.strerror(number), "report.html"))
    assert error is not None
    assert (error.code, error.message) == (code, message)
    assert error.remedy


def test_a_file_that_should_be_there_may_be_a_fault_of_shipway() -> None:
    assert machine_error(FileNotFoundError(errno.ENOENT, "No such file", "a")) is None
