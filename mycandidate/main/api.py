"""The JSON API. main.openapi describes it, and a test compares the two."""

from collections.abc import Mapping
from typing import NoReturn, TypedDict

from flask import Blueprint, Response, abort, current_app, jsonify, request, url_for

from main import metrics
from main.cache import get_or_load
from main.candidates import CandidateView, ElectionView, WardCandidates, candidates_in_ward
from main.extensions import limiter
from main.http_cache import cacheable
from main.openapi import build_document
from main.query_parameters import parse_search
from main.wards import WardPage, WardSearch, WardView, find_wards, ward_by_code

bp = Blueprint("api", __name__)


class WardLinks(TypedDict):
    """The URLs of a ward."""

    self: str
    candidates: str
    page: str


class WardResource(TypedDict):
    """A ward."""

    code: str
    number: int
    name: str
    municipality: str
    municipality_code: str
    province: str
    links: WardLinks


class WardPageResource(TypedDict):
    """A page of wards. `links` has null for a page that does not exist."""

    items: list[WardResource]
    total: int
    page: int
    pages: int
    per_page: int
    links: dict[str, str | None]


class ElectionResource(TypedDict):
    """An election; `held_on` is a date in ISO format."""

    name: str
    held_on: str
    sample: bool


class PartyResource(TypedDict):
    """A party."""

    name: str
    abbreviation: str | None


class CandidateResource(TypedDict):
    """A candidate. An independent candidate has no party."""

    election: ElectionResource
    ballot: str
    position: int
    name: str
    age: int | None
    party: PartyResource | None


class WardCandidatesResource(TypedDict):
    """A ward and all its candidates."""

    ward: WardResource
    sample: bool
    items: list[CandidateResource]
    total: int


# Flask-Limiter parses the limit for every request, even if the request is exempt.
_UNUSED_RATE_LIMIT = "1 per second"


def _rate_limit() -> str:
    return _UNUSED_RATE_LIMIT if _is_unlimited() else str(current_app.config["API_RATE_LIMIT"])


def _is_unlimited() -> bool:
    return bool(current_app.config["API_RATE_LIMIT"] == "off")


# A shared limit counts the requests of a client to all routes together, not to each route.
limiter.shared_limit(_rate_limit, scope="api", exempt_when=_is_unlimited)(bp)


# The endpoints are named here because the metrics have them as the values of a dimension: renaming
# a function must not start a new metric.
@bp.get("/wards", endpoint="wards")
def list_wards() -> Response:
    """Search and list wards."""
    search = parse_search(request.args, reject_unknown=True)
    page = find_wards(search)
    return _json_response(
        WardPageResource(
            items=[_ward_resource(ward) for ward in page.wards],
            total=page.total,
            page=page.number,
            pages=page.page_count,
            per_page=page.per_page,
            links=_page_links(search, page),
        )
    )


@bp.get("/wards/<code>", endpoint="ward")
def get_ward(code: str) -> Response:
    """One ward."""
    ward = get_or_load(f"ward:{code}", lambda: ward_by_code(code))
    if ward is None:
        _abort_unknown_ward()
    return _json_response(_ward_resource(ward))


@bp.get("/wards/<code>/candidates", endpoint="candidates")
def list_candidates(code: str) -> Response:
    """The candidates of one ward."""
    ward_candidates = candidates_in_ward(code)
    metrics.looked_up(ward_candidates)
    if ward_candidates is None:
        _abort_unknown_ward()
    return _json_response(_ward_candidates_resource(ward_candidates))


@bp.get("/openapi.json", endpoint="openapi")
def get_document() -> Response:
    """The OpenAPI document of this API."""
    return _json_response(build_document())


def _abort_unknown_ward() -> NoReturn:
    abort(404, "There is no ward with this code. Search at /api/v1/wards?q=.")


def _json_response(content: Mapping[str, object]) -> Response:
    return cacheable(jsonify(content))


def _ward_resource(ward: WardView) -> WardResource:
    return WardResource(
        code=ward.code,
        number=ward.number,
        name=ward.name,
        municipality=ward.municipality,
        municipality_code=ward.municipality_code,
        province=ward.province,
        links={
            "self": url_for("api.ward", code=ward.code),
            "candidates": url_for("api.candidates", code=ward.code),
            "page": url_for("pages.ward", code=ward.code),
        },
    )


def _ward_candidates_resource(ward_candidates: WardCandidates) -> WardCandidatesResource:
    items = [
        _candidate_resource(_election_resource(election), ballot.ballot, candidate)
        for election in ward_candidates.elections
        for ballot in election.ballots
        for candidate in ballot.candidates
    ]
    return WardCandidatesResource(
        ward=_ward_resource(ward_candidates.ward),
        sample=ward_candidates.sample,
        items=items,
        total=len(items),
    )


def _election_resource(election: ElectionView) -> ElectionResource:
    return ElectionResource(
        name=election.name, held_on=election.held_on.isoformat(), sample=election.sample
    )


def _candidate_resource(
    election: ElectionResource, ballot: str, candidate: CandidateView
) -> CandidateResource:
    party: PartyResource | None = None
    if candidate.party is not None:
        party = {"name": candidate.party, "abbreviation": candidate.party_abbreviation}
    return CandidateResource(
        election=election,
        ballot=ballot,
        position=candidate.position,
        name=candidate.name,
        age=candidate.age,
        party=party,
    )


def _page_links(search: WardSearch, page: WardPage) -> dict[str, str | None]:
    numbers = {
        "self": page.number,
        "first": 1,
        "previous": page.number - 1,
        "next": page.number + 1,
        "last": page.page_count,
    }
    return {
        relation: (
            _page_url(search, number)
            if number == page.number or 1 <= number <= page.page_count
            else None
        )
        for relation, number in numbers.items()
    }


def _page_url(search: WardSearch, number: int) -> str:
    return url_for(
        "api.wards",
        # Flask leaves out a parameter that is None.
        q=search.text or None,
        province=search.province or None,
        municipality=search.municipality or None,
        page=number,
        per_page=search.per_page,
    )
