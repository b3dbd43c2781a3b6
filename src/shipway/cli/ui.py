"""`shipway ui`: the words it takes."""

from __future__ import annotations

import errno
import os
import socket
import sys
import threading
import webbrowser
from argparse import BooleanOptionalAction
from html import escape

import uvicorn

from shipway.cli.parser import Parser, number
from shipway.cli.project import open_project
from shipway.cli.ui_workspace import ProjectWorkspace
from shipway.errors import Busy
from shipway.system.clock import SystemClock
from shipway.system.files import write_atomic
from shipway.system.process import SystemProcesses
from shipway.ui.access import Access
from shipway.ui.application import UiServer
from shipway.ui.commands import CommandRunner
from shipway.ui.pages import Pages

_HOST = "127.0.0.1"
_NO_IPV6 = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)
_PORT = 4747  # where nobody has asked for another, and nobody has it
_SCREENS = ("DISPLAY", "WAYLAND_DISPLAY")


def ui(*, directory: str, port: int, open: bool | None) -> int:
    """Serve the pages until a signal comes; the exit code."""
    project = open_project(directory)
    folder = os.path.join(project.state, "ui")
    project.record.close()
    listeners = _listen(port)
    access = Access(listeners[0].getsockname()[1])
    clock = SystemClock()
    workspace = ProjectWorkspace(directory, clock)
    commands = CommandRunner(project.root, folder, SystemProcesses(), clock, dict(os.environ))
    ui_server = UiServer(
        access=access,
        pages=Pages(workspace, commands, clock, access.token),
        commands=commands,
        name=workspace.application,
        stopping=lambda: server.should_exit,
    )
    server = uvicorn.Server(
        uvicorn.Config(
            ui_server.application(),
            log_level="warning",
            access_log=False,
            lifespan="off",
            http="h11",
            ws="none",
            loop="asyncio",
            server_header=False,
            timeout_graceful_shutdown=1,
        )
    )
    print(
        f"{workspace.application}: {access.address}\n"
        "Ctrl-C ends these pages and nothing else: what goes on goes on.",
        flush=True,
    )
    if _wants_browser() if open is None else open:
        _open_browser(access, folder)
    try:
        server.run(sockets=listeners)
    except KeyboardInterrupt:  # how it is meant to end
        pass
    finally:
        for listener in listeners:
            listener.close()
    return 0


def _listen(port: int) -> list[socket.socket]:
    """Sockets on this machine, at one port. port: 0 for the usual one or, where that is taken, any.
    Raises Busy.

    Browsers take a name below localhost for ::1 first: another user's server there would be sent
    what is meant for the pages.
    """
    for candidate in (port,) if port else (_PORT, 0):
        listeners: list[socket.socket] = []
        for family, host in ((socket.AF_INET, _HOST), (socket.AF_INET6, "::1")):
            chosen = listeners[0].getsockname()[1] if listeners else candidate
            try:
                listeners.append(_listener(family, host, chosen))
            except OSError as error:
                if listeners and error.errno in _NO_IPV6:
                    continue
                for listener in listeners:
                    listener.close()
                shown = f"[{host}]" if ":" in host else host
                problem = f"{shown}:{chosen}: {error.strerror}"
                break
        else:
            return listeners
    raise Busy(
        f"the pages cannot be served at {problem}",
        "Leave --port out, or give it a free port.",
        code="port-taken",
    )


def _listener(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


def _wants_browser() -> bool:
    """Whether a person sits here, with a screen."""
    return sys.stdout.isatty() and (
        sys.platform == "darwin" or any(os.environ.get(name) for name in _SCREENS)
    )


def _open_browser(access: Access, folder: str) -> None:
    """By a file that only this user can read: what stands in a command line, everybody can."""
    path = os.path.join(folder, "open.html")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    page = f'<meta http-equiv="refresh" content="0;url={escape(access.address)}">'
    write_atomic(path, page.encode(), 0o600)
    threading.Thread(target=webbrowser.open, args=(f"file://{path}",), daemon=True).start()


def add_to(commands: Parser) -> None:
    """Add the command."""
    commands.add_command("ui", _ui, ui)


def _ui(parser: Parser) -> None:
    """Serve pages for this machine: environments, rollouts and runs as they go on, and history.

    The address that it prints ends with a key, made anew at each start; without it nothing is
    shown. Buttons resume, cancel and roll back, by the commands of these names, which go on when
    this one ends.

    Example: shipway ui --port 4800
    """
    parser.add(
        "--port",
        type=number(int, least=0, most=65535),
        default=0,
        metavar="NUMBER",
        help=f"Where to serve. Default: {_PORT}, or another one where that is taken.",
    )
    parser.add(
        "--open",
        action=BooleanOptionalAction,
        default=None,
        help="Open a browser. Default: at a terminal with a screen.",
    )
