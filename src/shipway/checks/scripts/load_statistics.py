"""A second locustfile, beside the application's own: writes the statistics of the whole load.

Locust's `--csv` writes once a second and not at the end: it leaves out the last second, and with
it the requests that took longest. Its `--json-file` takes the place of the summary for people.
"""

import csv
from typing import Any

from locust import events  # type: ignore[import-not-found]  # only where Locust runs
from locust.stats import StatsCSV  # type: ignore[import-not-found]  # likewise

PERCENTILES = [0.5, 0.95, 0.99]


def add_option(parser: Any, **_: Any) -> None:
    """`--statistics FILE`"""
    parser.add_argument("--statistics", required=True)


def write_at_the_end(environment: Any, **_: Any) -> None:
    """When all users have stopped."""

    def write(**_: Any) -> None:
        path = environment.parsed_options.statistics
        with open(path, "w", encoding="utf-8", newline="") as file:
            StatsCSV(environment, PERCENTILES).requests_csv(csv.writer(file))

    environment.events.quit.add_listener(write)


events.init_command_line_parser.add_listener(add_option)
events.init.add_listener(write_at_the_end)
