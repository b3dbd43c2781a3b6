"""Completion after Tab, in bash, zsh and fish: answers the shell, and teaches it to ask."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from shipway.cli.parser import Parser
from shipway.errors import ConfigError
from shipway.system.files import write_atomic

_SHELLS = ("bash", "zsh", "fish")
# What the shell runs at its start has this line in it, or the script is never read.
_START = {
    "bash": (".bashrc", "source '{script}'"),
    "zsh": (".zshrc", "fpath+=~/.zfunc; autoload -Uz compinit; compinit"),
}
_SCRIPTS = {
    "bash": ".bash_completions/shipway.sh",
    "zsh": ".zfunc/_shipway",
    "fish": ".config/fish/completions/shipway.fish",
}


def offer(parser: Parser) -> None:
    """Answer the shell and end the process. parser: of what stands before the command."""
    from argcomplete import autocomplete
    from argcomplete.lexers import split_line

    point = int(os.environ["COMP_POINT"])
    before = split_line(os.environ["COMP_LINE"], point)[3]  # whole words, the program first
    directory = "."
    rest = before[1:]
    with suppress(SystemExit):  # what cannot be parsed yet is completed where it stands
        while parser.commands:
            options, after = parser.split(rest)
            directories = [
                option.partition("=")[2] for option in options if option.startswith("--directory=")
            ]
            directory = directories[-1] if directories else directory
            if not after or after[0] not in parser.commands:
                break
            parser, rest = parser.command(after[0]), after[1:]
    if parser.commands:
        names = list(parser.commands)
        parser.add("command", complete=lambda **_: names, help="")
    parser.set_defaults(directory=os.path.expanduser(directory))
    for option in parser.options:
        option.help = (option.help or "").replace("%", "%%")  # argcomplete formats it
    # The word with which argcomplete begins to count, from 1: the command's own name.
    os.environ["_ARGCOMPLETE"] = str(len(before) - len(rest))
    autocomplete(parser, always_complete_options=False)


def show() -> int:
    """Print the script that this shell needs."""
    sys.stdout.write(_script(_shell()))
    return 0


def install() -> int:
    """Write that script where this shell looks for it, and say where."""
    shell = _shell()
    home = Path.home()
    path = home / _SCRIPTS[shell]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(os.fspath(path), _script(shell).encode())
    if shell in _START:
        name, line = _START[shell]
        _ensure(home / name, line.format(script=path))
    print(f"{shell} completion is installed in {path}: it begins in the next shell.")
    return 0


def _script(shell: str) -> str:
    from argcomplete.shell_integration import shellcode

    return str(shellcode(["shipway"], shell=shell)).lstrip()


def _ensure(path: Path, line: str) -> None:
    """Append a line to a file that does not have it yet."""
    lines = path.read_text().splitlines() if path.exists() else []
    if line not in lines:
        with path.open("a") as file:
            file.write(f"\n{line}\n")


def _shell() -> str:
    for name in (*_ancestors(), os.path.basename(os.environ.get("SHELL", ""))):
        if name in _SHELLS:
            return name
    raise ConfigError(
        "it is not clear for which shell", f"Start it from {', '.join(_SHELLS[:-1])} or fish."
    )


def _ancestors() -> Iterator[str]:
    """The names of the programs that this one was started by, the nearest first."""
    process = os.getppid()
    with suppress(OSError):  # no /proc: another system than Linux
        while process > 1:
            stat = Path(f"/proc/{process}/stat").read_text(errors="replace")
            name, _, fields = stat.partition("(")[2].rpartition(")")
            yield name
            process = int(fields.split()[1])
