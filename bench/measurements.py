"""What MyCandidate's measurements cost a request: off, and on, against the code without them.

    cd mycandidate && uv run python ../bench/measurements.py

Three applications over one database are asked in turns, so that a busy machine is busy for all of
them; the figures are medians of batches, in processor time. `without` has the calls in views
taken out as well.
"""

from __future__ import annotations

import logging
import sys
import tempfile
import time
from io import StringIO
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parent.parent / "mycandidate"
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
BATCHES, REQUESTS = 40, 50


def main() -> None:
    """Print microseconds a request, and the difference."""
    from main import api, create_app, metrics, pages
    from main.settings import Settings
    from town import FULL_WARD, settle

    class Silent:
        """Stands where the calls in views were."""

        @staticmethod
        def looked_up(_standing: Any) -> None: ...

        @staticmethod
        def viewed_ward() -> None: ...

        @staticmethod
        def searched(_total: int) -> None: ...

    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/town.sqlite3"
        plain = Settings(app_env="test", database_url=url, api_rate_limit="off")
        on = Settings(
            app_env="test", database_url=url, api_rate_limit="off", metrics_namespace="bench/x"
        )
        apps = {"without": create_app(plain), "off": create_app(plain), "on": create_app(on)}
        settle(apps["off"])
        for handler in logging.getLogger("main").handlers:
            handler.setStream(StringIO())  # type: ignore[attr-defined]
        clients = {name: app.test_client() for name, app in apps.items()}
        taken: dict[str, list[float]] = {name: [] for name in apps}
        for _ in range(BATCHES):
            for name, client in clients.items():
                for module in (api, pages):
                    module.metrics = Silent if name == "without" else metrics
                begun = time.thread_time()
                for _ in range(REQUESTS):
                    client.get(f"/wards/{FULL_WARD}")
                taken[name].append((time.thread_time() - begun) / REQUESTS * 1e6)
    base = median(taken["without"])
    print(f"a ward's page {base:8.0f} µs without measurements")
    for name in ("off", "on"):
        more = median(a - b for a, b in zip(taken[name], taken["without"], strict=True))
        print(f"  {name:<4} {more:+8.1f} µs ({100 * more / base:+.1f} %)")


if __name__ == "__main__":
    main()
