"""Waits for the end of a command that rolls out, and takes its rollout back if it was killed.

A share of traffic that nobody judges must not stay: SIGKILL and the kernel's out-of-memory killer
leave the command itself no time to go back. A process of its own waits for its end, then for the
environment's `lease_duration`, in which somebody may `resume`, and then becomes the program that
takes the rollout back. It holds no lock, and decides nothing: that program finds out what is
left. A command that ends its rollout ends its supervisor, too.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence

from shipway.ports import Command, Server
from shipway.system.process import SystemProcesses

LOOK = 0.5  # seconds between looks whether the command still runs


def supervisor_command(deployer: Server, lease_duration: float, successor: Command) -> Command:
    """What is started beside a rollout. successor: takes it back."""
    argv = (
        sys.executable,
        "-P",  # a module of the project is not taken for one of Python's
        "-m",
        "shipway.rollouts.local.supervisor",
        str(deployer.pid),
        deployer.born,
        str(lease_duration),
        *successor.argv,
    )
    return Command(argv, successor.cwd, successor.env)


def supervise(deployer: Server, lease_duration: float, successor: Sequence[str]) -> None:
    """Wait, and become the successor."""
    processes = SystemProcesses()
    while processes.alive(deployer):
        time.sleep(LOOK)
    time.sleep(lease_duration)
    os.execv(successor[0], list(successor))


if __name__ == "__main__":
    pid, born, duration, *rest = sys.argv[1:]
    supervise(Server(int(pid), born), float(duration), rest)
