"""The JSON API; what it promises is written in main.openapi and compared by a test."""

from typing import Any, NoReturn

from flask import Blueprint, Response, abort, current_app, jsonify, request, url_for

from main import metrics
from main.candidates import ElectionView, WardCandidates, candidates_in
from main.extensions import limiter
from main.http_cache import kept_briefly
from main.openapi import document
from main.remembered import remembered
from main.ward_query import read_search
from main.wards import WardPage, WardSearch, WardView, find_wards, ward_by_code

bp = Blueprint("api", __name__)


# Read for every request, even for one that is exempt: it must be a limit that can be read.
_NEVER_COUNTED = "1 per second"


def _rate_limit() -> str:
    return _NEVER_COUNTED if _unlimited() else str(current_app.config["API_RATE_LIMIT"])


def _unlimited() -> bool:
    return bool(current_app.config["API_RATE_LIMIT"] == "off")


# Shared: a client has one allowance for the whole API, not one for each address.
limiter.shared_limit(_rate_limit, scope="api", exempt_when=_unlimited)(bp)


@bp.get("/wards")
def wards() -> Response:
    """Search and list wards."""
    search = read_search(request.args, only_known=True)
    found = find_wards(search)
    return _json(
        {
            "items": [_ward(view) for view in found.wards],
            "total": found.total,
            "page": found.page,
            "pages": found.pages,
            "per_page": found.per_page,
            "links": _page_links(search, found),
        }
    )


@bp.get("/wards/<code>")
def ward(code: str) -> Response:
    """One ward."""
    view = remembered(f"ward:{code}", lambda: ward_by_code(code))
    if view is None:
        _no_such_ward()
    return _json(_ward(view))


@bp.get("/wards/<code>/candidates")
def candidates(code: str) -> Response:
    """Who stands in one ward."""
    standing = candidates_in(code)
    metrics.looked_up(standing)
    if standing is None:
        _no_such_ward()
    return _json(_standing(standing))


@bp.get("/openapi.json")
def openapi() -> Response:
    """The description of this API."""
    return _json(document())


def _no_such_ward() -> NoReturn:
    abort(404, "There is no ward with this code. Search at /api/v1/wards?q=.")


def _json(content: dict[str, Any]) -> Response:
    return kept_briefly(jsonify(content))


def _ward(view: WardView) -> dict[str, Any]:
    return {
        "code": view.code,
        "number": view.number,
        "name": view.name,
        "municipality": view.municipality,
        "municipality_code": view.municipality_code,
        "province": view.province,
        "links": {
            "self": url_for("api.ward", code=view.code),
            "candidates": url_for("api.candidates", code=view.code),
            "page": url_for("pages.ward", code=view.code),
        },
    }


def _standing(standing: WardCandidates) -> dict[str, Any]:
    items = [item for election in standing.elections for item in _candidates(election)]
    return {
        "ward": _ward(standing.ward),
        "sample": standing.sample,
        "items": items,
        "total": len(items),
    }


def _candidates(election: ElectionView) -> list[dict[str, Any]]:
    about = {
        "name": election.name,
        "held_on": election.held_on.isoformat(),
        "sample": election.sample,
    }
    return [
        {
            "election": about,
            "ballot": ballot.ballot,
            "position": candidate.position,
            "name": candidate.name,
            "age": candidate.age,
            "party": (
                None
                if candidate.party is None
                else {"name": candidate.party, "abbreviation": candidate.party_abbreviation}
            ),
        }
        for ballot in election.ballots
        for candidate in ballot.candidates
    ]


def _page_links(search: WardSearch, found: WardPage) -> dict[str, str | None]:
    wanted = {
        "self": found.page,
        "first": 1,
        "previous": found.page - 1,
        "next": found.page + 1,
        "last": found.pages,
    }
    return {
        name: (
            _page_address(search, page) if page == found.page or 1 <= page <= found.pages else None
        )
        for name, page in wanted.items()
    }


def _page_address(search: WardSearch, page: int) -> str:
    filters = {
        "q": search.text,
        "province": search.province,
        "municipality": search.municipality,
    }
    chosen: dict[str, Any] = {name: value for name, value in filters.items() if value}
    return url_for("api.wards", **chosen, page=page, per_page=search.per_page)
