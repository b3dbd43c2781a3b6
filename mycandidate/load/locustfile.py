"""The two addresses that must be fast on the day before an election, asked for without pause.

    locust -f load/locustfile.py --headless -u 8 -r 8 -t 20s -H http://127.0.0.1:8080

The API's rate limit has to be off (API_RATE_LIMIT=off), or most answers are 429.
"""

import os
import random

from locust import FastHttpUser, constant, task

SEED = int(os.environ.get("LOAD_SEED", "20261104"))
PER_PAGE = 100
# Enough wards that a cache of a few popular ones does not flatter the figures.
MOST_PAGES = 10


class Voter(FastHttpUser):
    """Somebody who looks wards up, one after the other, as fast as they are answered."""

    wait_time = constant(0)
    users = 0

    def on_start(self) -> None:
        """Learn which wards there are; each user then walks them in its own seeded order."""
        Voter.users += 1
        self.chance = random.Random(SEED + Voter.users)  # noqa: S311 - which ward is no secret
        self.codes = self._ward_codes()

    @task
    def ward_page(self) -> None:
        """The page of some ward."""
        self.client.get(f"/wards/{self._ward()}", name="ward page")

    @task
    def candidates(self) -> None:
        """The candidates of some ward, for programs."""
        self.client.get(f"/api/v1/wards/{self._ward()}/candidates", name="candidates API")

    def _ward(self) -> str:
        return self.chance.choice(self.codes)

    def _ward_codes(self) -> list[str]:
        codes: list[str] = []
        page, pages = 1, 1
        while page <= min(pages, MOST_PAGES):
            address = f"/api/v1/wards?per_page={PER_PAGE}&page={page}"
            answer = self.client.get(address, name="setup")
            answer.raise_for_status()
            found = answer.json()
            codes += [ward["code"] for ward in found["items"]]
            page, pages = page + 1, found["pages"]
        if not codes:
            raise RuntimeError("There are no wards to ask for: import the sample data first.")
        return codes
