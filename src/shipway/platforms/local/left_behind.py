"""The proxy of a project whose folder was deleted while it ran: nothing knows of it any more."""

from __future__ import annotations

import glob
import os

_LISTENING = "0A"  # proc_pid_net(5): the state of a socket in /proc/net/tcp, in hexadecimal


def left_behind(port: int) -> tuple[int, str] | None:
    """The pid of a proxy of Shipway's that listens on `port`, and its folder, which is gone.

    None where nobody or anybody else listens, and on systems without Linux's /proc.
    """
    sockets = _sockets(port)
    for path in glob.glob("/proc/[0-9]*/cmdline") if sockets else ():
        folder = _folder(path)
        if folder and not os.path.exists(folder) and sockets & _open(os.path.dirname(path)):
            return int(path.split("/")[2]), folder
    return None


def _folder(path: str) -> str:
    """The folder of the settings that a proxy was started with, empty for any other program."""
    try:
        with open(path, "rb") as file:
            words = os.fsdecode(file.read()).split("\0")
    except OSError:  # it has ended meanwhile
        return ""
    settings = next((word for word in words if word.endswith("/bootstrap.json")), "")
    return os.path.dirname(settings) if "--use-dynamic-base-id" in words else ""


def _sockets(port: int) -> set[str]:
    """What /proc calls the sockets that listen on this port."""
    found: set[str] = set()
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        if os.path.exists(path):
            with open(path, encoding="ascii") as file:
                rows = [line.split() for line in file][1:]
            found.update(
                f"socket:[{row[9]}]"
                for row in rows
                if row[3] == _LISTENING and int(row[1].rpartition(":")[2], 16) == port
            )
    return found


def _open(process: str) -> set[str]:
    """What this process has open, as far as we may know."""
    found: set[str] = set()
    for path in glob.glob(f"{process}/fd/*"):
        try:
            found.add(os.readlink(path))
        except OSError:  # closed meanwhile, or another user's
            continue
    return found
