"""Carries out the command behind a button of `shipway ui`, and leaves its exit code.

`python -m shipway.cli.ui_command FILE ARGUMENTS…`: started by shipway/ui/commands.py, never typed.
It outlives the server that started it: a rollout is not undone because a page was closed.
"""

from __future__ import annotations

import sys
from contextlib import suppress

from shipway.cli.dispatch import invoke
from shipway.system.files import write_atomic
from shipway.system.interruption import ignore_interruptions, interruptions


def carry_out(file: str, argv: list[str]) -> int:
    """Invoke a command line; its exit code, which is in the file by then."""
    code = 130
    try:
        code = invoke(argv)
    except SystemExit as ended:  # wrong usage: argparse has said so
        code = ended.code if isinstance(ended.code, int) else 2
    finally:
        ignore_interruptions()
        with suppress(OSError):  # on a full disk the page says that no code is known
            write_atomic(file, f"{code}\n".encode(), 0o600)
    return code


if __name__ == "__main__":
    with interruptions():
        sys.exit(carry_out(sys.argv[1], sys.argv[2:]))
