"""The HTML pages."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, abort, make_response, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from main import languages, markdown, metrics, stylesheet
from main.ballots import ballot_papers
from main.candidates import candidates_in_ward
from main.dataset import summarize_dataset
from main.election_day import relevant
from main.http_cache import cacheable, immutable
from main.languages import gettext
from main.openapi import build_document, list_operations
from main.places import WARD_FINDER, match_place, municipality_by_code, province_name
from main.query_parameters import InvalidQuery, parse_search
from main.wards import DEFAULT_PER_PAGE, WardPage, WardSearch, find_wards

bp = Blueprint("pages", __name__)
bp.add_app_template_filter(markdown.render, "markdown")
bp.add_app_template_filter(markdown.render_inline, "markdown_inline")
bp.add_app_template_filter(province_name, "province")
bp.before_request(languages.redirect_to_preferred)

View = Callable[..., BaseResponse]


def _page_route(path: str) -> Callable[[View], View]:
    """Register a page under this path in the default language, and under /<language> in others."""

    def register(view: View) -> View:
        others = ",".join(languages.OTHERS)
        bp.add_url_rule(path, view_func=view, defaults={"language": languages.DEFAULT.code})
        bp.add_url_rule(f"/<any({others}):language>{path}", view_func=view)
        return view

    return register


@bp.app_context_processor
def _template_variables() -> dict[str, str]:
    return {
        "stylesheet": url_for("pages.styles", digest=stylesheet.DIGEST),
        "ward_finder": WARD_FINDER,
    }


@_page_route("/")
def home() -> Response:
    """The home page: search for a ward, or browse by municipality."""
    return _page("home.html", dataset=summarize_dataset())


@_page_route("/wards")
def results() -> Response:
    """The wards that match a search, one page at a time.

    If no ward has such a number, code or name, the text may be the name of a place.
    """
    try:
        search = parse_search(request.args)
    except InvalidQuery as error:
        abort(400, str(error))
    ward_page = find_wards(search)
    match = None
    if search.text and not (ward_page.total or search.province or search.municipality):
        match = match_place(search.text)
    narrowed = match.narrow(search) if match else None
    if narrowed:
        ward_page = find_wards(narrowed)
    if search.page == 1:
        metrics.searched(ward_page.total)
    if search.page > ward_page.page_count:
        abort(
            404,
            gettext("The list of wards ends at page %(page)s.", page=ward_page.page_count),
        )
    dataset = summarize_dataset()
    return _page(
        "results.html",
        search=search,
        ward_page=ward_page,
        municipality=_municipality_name(search, ward_page),
        match=match,
        known_municipalities={municipality.code for municipality in dataset.municipalities},
        sample=dataset.sample,
        links=_page_links(search, ward_page),
    )


@_page_route("/wards/<code>")
def ward(code: str) -> Response:
    """A ward and its candidates."""
    ward_candidates = candidates_in_ward(code)
    metrics.looked_up(ward_candidates)
    if ward_candidates is None:
        abort(404, gettext("There is no ward with this code. Codes look like 79700012."))
    metrics.viewed_ward()
    municipality = municipality_by_code(ward_candidates.ward.municipality_code)
    return _page(
        "ward.html",
        ward=ward_candidates.ward,
        place=municipality,
        ballot_papers=ballot_papers(municipality),
        relevant_election=relevant(ward_candidates.elections),
        elections=ward_candidates.elections,
        sample=ward_candidates.sample,
    )


@_page_route("/about")
def about() -> Response:
    """About the data: what it contains, and how to read it."""
    return _page("about.html", dataset=summarize_dataset(), ballot_papers=ballot_papers(None))


@_page_route("/api/docs")
def api_docs() -> Response:
    """The reference of the API, rendered from its OpenAPI document."""
    document = build_document()
    return _page("api_docs.html", document=document, operations=list_operations(document))


@bp.get("/assets/style-<digest>.css")
def styles(digest: str) -> Response:
    """The stylesheet.

    While a release rolls out, a page of one release can request the stylesheet from the other. Any
    stylesheet is better than none, but a cache must not store it under the URL of another one.
    """
    response = Response(stylesheet.CONTENT, mimetype="text/css")
    if digest != stylesheet.DIGEST:
        response.cache_control.no_store = True
        return response
    return immutable(response)


def _page(template: str, **context: Any) -> Response:
    return cacheable(make_response(render_template(template, **context)))


def _municipality_name(search: WardSearch, ward_page: WardPage) -> str:
    """The name of the municipality to show. Links have its code, because names are not unique."""
    if search.municipality and ward_page.wards:
        return ward_page.wards[0].municipality
    return search.municipality


def _page_links(search: WardSearch, ward_page: WardPage) -> dict[str, str]:
    """The URLs of the previous and the next page, if they exist."""
    numbers = {"previous": ward_page.number - 1, "next": ward_page.number + 1}
    return {
        relation: _page_url(search, number)
        for relation, number in numbers.items()
        if 1 <= number <= ward_page.page_count
    }


def _page_url(search: WardSearch, number: int) -> str:
    return url_for(
        "pages.results",
        # Flask leaves out a parameter that is None.
        q=search.text or None,
        province=search.province or None,
        municipality=search.municipality or None,
        page=number if number > 1 else None,
        per_page=search.per_page if search.per_page != DEFAULT_PER_PAGE else None,
    )
