"""What each address costs the database, the first time and again: exactly, whatever it holds."""

from collections.abc import Callable

import pytest
from flask import Flask
from town import EMPTY_WARD, FULL_WARD, counted_queries

# address: queries while nothing is remembered, and once what can be remembered is
COSTS = {
    "/": (2, 0),
    "/about": (2, 0),
    "/wards": (4, 2),
    "/wards?per_page=100": (4, 2),
    "/wards?q=johannesburg+2&province=gauteng&municipality=JHB": (4, 2),
    "/wards?q=nowhere": (4, 2),
    "/wards?q=durban": (6, 4),  # no ward of this name, then those of the municipality
    "/wards?q=Berea": (4, 2),  # a name in several municipalities
    f"/wards/{FULL_WARD}": (2, 0),
    f"/wards/{EMPTY_WARD}": (2, 0),
    "/wards/nope": (1, 1),
    "/nowhere": (0, 0),
    "/api/docs": (0, 0),
    "/language/af?next=/about": (0, 0),
    "/health/live": (0, 0),
    "/health/ready": (1, 1),
    "/api/v1/wards?per_page=1": (2, 2),
    "/api/v1/wards?per_page=100": (2, 2),
    "/api/v1/wards?q=johannesburg+2&province=gauteng&municipality=JHB": (2, 2),
    "/api/v1/wards?page=0": (0, 0),
    f"/api/v1/wards/{FULL_WARD}": (1, 0),
    f"/api/v1/wards/{FULL_WARD}/candidates": (2, 0),
    f"/api/v1/wards/{EMPTY_WARD}/candidates": (2, 0),
    "/api/v1/wards/nope": (1, 1),
    "/api/v1/wards/nope/candidates": (1, 1),
    "/api/v1/openapi.json": (0, 0),
}


@pytest.mark.parametrize("candidates", [1, 50])
@pytest.mark.parametrize("address", COSTS)
def test_the_number_of_queries_is_fixed(
    town_of: Callable[[int], Flask], address: str, candidates: int
) -> None:
    town = town_of(candidates)
    for expected in COSTS[address]:
        with counted_queries(town) as sent:
            town.test_client().get(address)
        assert len(sent) == expected, sent


def test_every_address_has_its_cost_written_down(app: Flask) -> None:
    adapter = app.url_map.bind("localhost")
    priced = {adapter.match(path.partition("?")[0])[0] for path in COSTS if path != "/nowhere"}
    free = {"static", "pages.styles"}  # files
    assert priced == {rule.endpoint for rule in app.url_map.iter_rules()} - free
