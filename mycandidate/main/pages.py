"""The pages people read."""

from typing import Any

from flask import Blueprint, Response, abort, make_response, render_template, request, url_for

from main import metrics, stylesheet
from main.candidates import candidates_in
from main.holdings import holdings
from main.http_cache import kept_briefly, kept_forever
from main.openapi import document, operations
from main.ward_query import BadQuery, read_search
from main.wards import WardPage, WardSearch, find_wards

bp = Blueprint("pages", __name__)


@bp.app_context_processor
def _stylesheet_address() -> dict[str, str]:
    return {"stylesheet": url_for("pages.styles", digest=stylesheet.DIGEST)}


@bp.get("/")
def home() -> Response:
    """Where everybody begins: find your ward."""
    return _page("home.html", holdings=holdings())


@bp.get("/wards")
def results() -> Response:
    """The wards that match, a page at a time."""
    try:
        search = read_search(request.args)
    except BadQuery as error:
        abort(400, str(error))
    found = find_wards(search)
    if search.page == 1:
        metrics.searched(found.total)
    if search.page > found.pages:
        abort(404, f"The list of wards ends at page {found.pages}.")
    return _page(
        "results.html",
        search=search,
        found=found,
        municipality=_municipality_name(search, found),
        sample=holdings().sample,
        addresses=_page_addresses(search, found),
    )


@bp.get("/wards/<code>")
def ward(code: str) -> Response:
    """Who stands in this ward."""
    standing = candidates_in(code)
    metrics.looked_up(standing)
    if standing is None:
        abort(404, "There is no ward with this code. Codes look like 79700012.")
    metrics.viewed_ward()
    return _page("ward.html", standing=standing, sample=standing.sample)


@bp.get("/about")
def about() -> Response:
    """Where the data comes from and what it holds."""
    return _page("about.html", holdings=holdings())


@bp.get("/api/docs")
def api_docs() -> Response:
    """The OpenAPI document as people read it."""
    described = document()
    return _page("api_docs.html", document=described, operations=operations(described))


@bp.get("/assets/style-<digest>.css")
def styles(digest: str) -> Response:
    """The stylesheet.

    While a release rolls out, a page of one release may ask the other for its stylesheet: what we
    have is better than none, but must not be kept under an address that is not its own.
    """
    response = Response(stylesheet.CONTENT, mimetype="text/css")
    if digest != stylesheet.DIGEST:
        response.cache_control.no_store = True
        return response
    return kept_forever(response)


def _page(template: str, **context: Any) -> Response:
    return kept_briefly(make_response(render_template(template, **context)))


def _municipality_name(search: WardSearch, found: WardPage) -> str:
    """The name that goes with the municipality asked for: links carry its code, as names recur."""
    if search.municipality and found.wards:
        return found.wards[0].municipality
    return search.municipality


def _page_addresses(search: WardSearch, found: WardPage) -> dict[str, str]:
    """The addresses of the neighbouring pages, as far as there are any."""
    wanted = {"previous": found.page - 1, "next": found.page + 1}
    return {
        name: url_for("pages.results", **_arguments(search, page))
        for name, page in wanted.items()
        if 1 <= page <= found.pages
    }


def _arguments(search: WardSearch, page: int) -> dict[str, Any]:
    chosen = {
        "q": search.text,
        "province": search.province,
        "municipality": search.municipality,
        "page": page if page > 1 else None,
        "per_page": search.per_page if search.per_page != WardSearch.per_page else None,
    }
    return {name: value for name, value in chosen.items() if value}
