"""The folder `.shipway`: what Shipway keeps for one project, in one place on one machine.

Others can write there: a commit brings files along, a copy of the project has the state of the
original in it, a link leads to somebody's own files. So the folder is looked at before anything in
it is used, and nothing is deleted that is not really below it.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
from contextlib import suppress

from shipway.errors import ConfigError, RecordError
from shipway.source_text import parse_json, read_text
from shipway.system.files import write_atomic
from shipway.system.git import tracks

STATE = ".shipway"
_PLACE = "place.json"  # which folder this state is of
_LARGEST_PLACE = 65536  # bytes


def open_state_folder(root: str) -> str:
    """The path of a project's state folder, which is made where there is none.

    Raises RecordError where it is not Shipway's own: git tracks something in it, a link is in its
    place or below it, or it was copied from another project that is still there.
    """
    path = os.path.join(root, STATE)
    _refuse_links(path)
    if tracks(root, STATE):
        raise _refused(
            f"git tracks files below {path}, so whoever writes a commit writes Shipway's state",
            f"Remove them from the repository: git rm -r --force {STATE}. Nothing of it is used.",
        )
    os.makedirs(path, exist_ok=True)
    _settle(path, os.path.realpath(root))
    ignored = os.path.join(path, ".gitignore")
    if not os.path.exists(ignored):  # no tool that follows it is to look into the folder
        write_atomic(ignored, b"*\n")
    return path


def remove_below(folder: str, path: str) -> bool:
    """Delete a file or folder that is really below `folder`; whether it has gone.

    What a link leads to stays, also where the link is a folder on the way. Folders of a release
    are read-only, and must be writable to let go of what they hold.
    """
    base = os.path.realpath(folder)
    way = os.path.relpath(os.path.dirname(os.path.abspath(path)), os.path.abspath(folder))
    above = os.path.normpath(os.path.join(base, way))
    if os.path.realpath(above) != above or not f"{above}/".startswith(f"{base}/"):
        return False
    if os.path.isdir(path) and not os.path.islink(path):
        for below, _, _ in os.walk(path):
            with suppress(OSError):
                os.chmod(below, 0o700)
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            os.unlink(path)
    return not os.path.lexists(path)


def _refuse_links(path: str) -> None:
    """No link in its place, nor where Shipway makes folders and files of its own: two levels.

    Below these are contents of others, which may be links: environments of Python, releases.
    """
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return
    if stat.S_ISLNK(status.st_mode):
        raise _link(path)
    if not stat.S_ISDIR(status.st_mode):
        raise _refused(f"{path} is no folder", "Move it away.")
    for entry in _entries(path):
        if entry.is_symlink():
            raise _link(entry.path)
        if entry.is_dir(follow_symlinks=False):
            for inner in _entries(entry.path):
                if inner.is_symlink():
                    raise _link(inner.path)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []  # whoever needs it will say so


def _settle(path: str, root: str) -> None:
    """Write down which folder this state is of; refuse it where it is another one's.

    A folder that was moved keeps its inode; a copy gets another one. One that was restored at its
    place (a cache of CI, a backup) is that place's. Raises RecordError.
    """
    place = os.path.join(path, _PLACE)
    status = os.stat(path)
    own = {"root": root, "device": status.st_dev, "inode": status.st_ino}
    known = _place(place)
    if known == own:
        return
    moved = (known.get("device"), known.get("inode")) == (own["device"], own["inode"])
    if known and known.get("root") != root and not moved:
        raise _refused(
            f"{path} is a copy of the state of {known.get('root')}",
            f"Remove the copy, and begin anew here: rm -r {path}",
        )
    write_atomic(place, json.dumps(own).encode())


def _place(path: str) -> dict[str, object]:
    """What is written down; empty where there is nothing, as in a state of older versions."""
    try:
        known = parse_json(read_text(path, _LARGEST_PLACE))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, ConfigError):
        known = None
    if isinstance(known, dict):
        return known
    raise _refused(f"{path} is damaged", f"Remove it, if the project is where it was: rm {path}")


def _link(path: str) -> RecordError:
    return _refused(
        f"{path} is a link to {os.readlink(path)}: Shipway keeps its state in folders of its own",
        f"Remove the link: rm {path}",
    )


def _refused(message: str, remedy: str) -> RecordError:
    return RecordError(message, remedy, code="state-refused")
