"""Copies of a part of a folder, as a whole or not at all."""

from __future__ import annotations

import os
import shutil

from shipway.core.errors import CannotRun


def copy_files(root: str, files: list[str], target: str) -> None:
    """Copy to the side and rename, so that a release is there as a whole or not at all."""
    beside = f"{target}.new"
    shutil.rmtree(beside, ignore_errors=True)
    try:
        for name in files:
            destination = os.path.join(beside, name)
            os.makedirs(os.path.dirname(destination), exist_ok=True)
            shutil.copy2(os.path.join(root, name), destination, follow_symlinks=False)
            if not os.path.islink(destination):
                os.chmod(destination, os.stat(destination).st_mode & 0o555)
        os.replace(beside, target)
    except OSError as error:
        raise CannotRun(
            f"the release cannot be copied: {error}", "Look at that file, and at the free space."
        ) from error
