"""However many ask, and whatever they send, the metrics that are paid for stay few."""

from pathlib import Path
from random import Random

from application import application
from emf_schema import SCHEMA, distinct, targets
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from measuring import measure
from town import FULL_WARD, settle

from main import metrics
from main.extensions import db
from main.models import Ward

VALID = Draft202012Validator(SCHEMA)
# Enough: a dimension that took what visitors send, or a ward's code, would have more than a
# hundred values well before the end, and a hundred is the limit.
REQUESTS, WARDS = 2_000, 400


def test_two_thousand_requests_over_four_hundred_wards_feed_few_metrics(tmp_path: Path) -> None:
    """Visitors send what they like: other wards, words, agents, methods, addresses."""
    random = Random(7)  # noqa: S311  # the same visitors every time, no secret
    found: set[tuple[str, ...]] = set()
    shapes: set[tuple[str, ...]] = set()
    with application(tmp_path / "town.sqlite3") as app:
        settle(app)
        with app.app_context():
            db.session.add_all(_wards())
            db.session.commit()
        read, client = measure(app), app.test_client()
        for _ in range(REQUESTS):
            _visit(client, random)
        for line in read():
            found |= distinct(line)
            assert targets(line) == []
            shape = tuple(line)
            if shape not in shapes:  # lines with the same members are alike to the schema
                shapes.add(shape)
                assert list(VALID.iter_errors(line)) == []
        routes = {rule.endpoint for rule in app.url_map.iter_rules()}
    names = {one[1] for one in found}
    assert {"RequestCount", "WardLookups", "CandidatesShown", "Searches", "WardViews"} <= names
    by_route = 3 * (1 + len(routes) + 1)  # three metrics, all routes and none of them
    assert len(found) <= by_route + (10 * 2 + 1) + 10 + 2 + 4 + 5 < 100


def _wards() -> list[Ward]:
    provinces = [*sorted(metrics.PROVINCES), "Atlantis", "Lemuria"]
    return [
        Ward(
            code=f"799{place:05d}", number=place + 1, name=f"Ward {place}", municipality="Town",
            municipality_code="TWN", province=provinces[place % len(provinces)],
        )
        for place in range(WARDS)
    ]  # fmt: skip


def _visit(client: FlaskClient, random: Random) -> None:
    ward = f"799{random.randrange(400):05d}"
    address = random.choice(
        ["/", "/about", f"/wards/{ward}", f"/wards/{ward}", f"/wards/{FULL_WARD}",
         f"/wards?q=ward+{random.randrange(400)}", f"/wards?q={random.random()}",
         f"/api/v1/wards/{ward}/candidates", f"/api/v1/wards/{ward}", f"/wards/{random.random()}",
         f"/{random.random()}", f"/assets/style-{random.randrange(99)}.css"]
    )  # fmt: skip
    headers = {
        "User-Agent": random.choice(["Mobile iPhone", f"agent-{random.random()}", ""]),
        "Referer": random.choice(["http://localhost/wards", f"https://{random.random()}.org/", ""]),
    }
    client.open(address, method=random.choice(["GET", "GET", "HEAD", "POST"]), headers=headers)
