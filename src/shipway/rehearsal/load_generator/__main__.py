"""The load's own process: the plan comes as the first line on standard input.

    python -m shipway.rehearsal.load_generator FILE

Writes a line a request to FILE, ten times a second. Ends at the plan's end or when standard
input ends, which it also does when whoever started it is killed.
"""

from __future__ import annotations

import asyncio
import gc
import resource
import sys
from typing import TextIO

from shipway.rehearsal.load import LoadPlan, LoadResponse, load_plan_from_json, response_to_json
from shipway.rehearsal.load_generator.client import LoadSender
from shipway.system.network import raise_if_foreign

_FLUSH = 0.1  # seconds


def main() -> None:
    """Carry out one load."""
    plan = load_plan_from_json(sys.stdin.readline())
    raise_if_foreign(plan.host)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 2 * plan.most_open)), hard))
    gc.freeze()  # what is loaded by now is never garbage: collections are shorter
    with open(sys.argv[1], "a", encoding="utf-8") as file:
        asyncio.run(_send(plan, file))


async def _send(plan: LoadPlan, file: TextIO) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), lambda: _at_end(stop, loop))
    waiting: list[LoadResponse] = []
    sending = loop.create_task(LoadSender(plan, waiting.append).send(stop))
    while not sending.done():
        await asyncio.wait((sending,), timeout=_FLUSH)
        file.write("".join(f"{response_to_json(request)}\n" for request in waiting))
        file.flush()
        waiting.clear()
    sending.result()  # raises what went wrong in it


def _at_end(stop: asyncio.Event, loop: asyncio.AbstractEventLoop) -> None:
    """Nothing more is ever written there: it can be read when it has ended."""
    loop.remove_reader(sys.stdin.fileno())
    stop.set()


if __name__ == "__main__":
    main()
