"""The languages of the pages: which there are, which a visitor gets, and how a visitor switches.

Every page has an address in each language: /about in English, /af/about in Afrikaans. An address
without a language leads to the visitor's language: the one chosen by the switch, which a cookie
remembers, or else the one that the browser asks for (Accept-Language).
"""

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import flask_babel
from babel.dates import format_date
from babel.numbers import format_decimal
from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    g,
    has_request_context,
    redirect,
    request,
    url_for,
)
from werkzeug.wrappers import Response as BaseResponse

COOKIE = "language"
_COOKIE_SECONDS = 365 * 24 * 60 * 60
# Programs read these, and files have no language.
_ALWAYS_DEFAULT = ("/api/v1", "/health/", "/assets/", "/static/")


@dataclass(frozen=True)
class Language:
    """A language. `tag` is for HTML and HTTP, `locale` for Babel; `name` is in the language."""

    code: str
    tag: str
    locale: str
    name: str


DEFAULT = Language("en", "en-ZA", "en_ZA", "English")
LANGUAGES = {
    language.code: language for language in (DEFAULT, Language("af", "af-ZA", "af", "Afrikaans"))
}
OTHERS = tuple(code for code in LANGUAGES if code != DEFAULT.code)

bp = Blueprint("languages", __name__)


def init_app(app: Flask) -> None:
    """Translate the pages of `app`, and give them addresses in each language."""
    flask_babel.Babel(
        app,
        default_locale=DEFAULT.locale,
        default_timezone="UTC",
        locale_selector=lambda: current_language().locale,
    )
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.add_template_filter(format_day, "day")
    app.add_template_filter(format_number, "number")
    app.url_value_preprocessor(_take_language)
    app.url_defaults(_add_language)
    app.context_processor(_template_variables)
    app.after_request(_add_headers)
    app.register_blueprint(bp)


def gettext(message: str, **variables: object) -> str:
    """The message in the language of the request."""
    return str(flask_babel.gettext(message, **variables))


def lazy_gettext(message: str) -> Any:
    """The message; it is translated whenever it is converted to a string."""
    return flask_babel.lazy_gettext(message)


def format_day(day: date) -> str:
    """A date in the language of the request: 4 November 2026."""
    return format_date(day, format="d MMMM y", locale=current_language().locale)


def format_number(number: int) -> str:
    """A number, with the thousands separated as the language of the request separates them."""
    return format_decimal(number, locale=current_language().locale)


def current_language() -> Language:
    """The language of the request; outside of a request, the default."""
    language: Language = g.get("language", DEFAULT) if has_request_context() else DEFAULT
    return language


def preferred_language() -> Language:
    """The language that the visitor has chosen, or else asks for by Accept-Language."""
    chosen = LANGUAGES.get(request.cookies.get(COOKIE, ""))
    if chosen:
        return chosen
    return LANGUAGES[request.accept_languages.best_match(LANGUAGES, DEFAULT.code)]


def redirect_to_preferred() -> BaseResponse | None:
    """A redirect to the same page in the visitor's language, if its address has no language."""
    if not g.get("negotiated") or (language := preferred_language()) == DEFAULT:
        return None
    query = request.query_string.decode("latin-1")
    response = redirect(urlunsplit(("", "", localized(request.path, language), query, "")))
    response.cache_control.no_store = True
    return response


def localized(path: str, language: Language) -> str:
    """The path of the same page in another language."""
    prefix = "" if language == DEFAULT else f"/{language.code}"
    return f"{prefix}{unlocalized(path)}"


def unlocalized(path: str) -> str:
    """The path without its language. It begins with exactly one slash."""
    first, _, rest = path.lstrip("/").partition("/")
    # Never two slashes: a browser would take what follows them for another site.
    return "/" + (rest.lstrip("/") if first in OTHERS else path.lstrip("/"))


@bp.get("/language/<any({}):code>".format(",".join(LANGUAGES)))
def choose(code: str) -> BaseResponse:
    """Remember the language, and go back to the page `next` of this site, in that language."""
    language = LANGUAGES[code]
    response = redirect(_own_page(request.args.get("next", ""), language))
    response.cache_control.no_store = True
    response.set_cookie(
        COOKIE,
        code,
        max_age=_COOKIE_SECONDS,
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )
    return response


def _own_page(target: str, language: Language) -> str:
    home = url_for("pages.home", language=language.code)
    try:
        parts = urlsplit(target)
    except ValueError:  # a client can send anything
        return home
    if parts.scheme or parts.netloc or "\\" in target or not parts.path.startswith("/"):
        return home
    return urlunsplit(("", "", localized(parts.path, language), parts.query, ""))


def _take_language(endpoint: str | None, values: dict[str, Any] | None) -> None:
    """Set the language of the request. Views do not have it as a parameter."""
    if values and "language" in values:
        g.language = LANGUAGES[values.pop("language")]
        g.negotiated = g.language == DEFAULT
    elif request.path.startswith(_ALWAYS_DEFAULT):
        g.language = DEFAULT
    else:  # an error page
        first = request.path.lstrip("/").partition("/")[0]
        g.negotiated = first not in OTHERS
        g.language = preferred_language() if g.negotiated else LANGUAGES[first]


def _add_language(endpoint: str, values: dict[str, Any]) -> None:
    if current_app.url_map.is_endpoint_expecting(endpoint, "language"):
        values.setdefault("language", current_language().code)


def _template_variables() -> dict[str, object]:
    return {"language": current_language(), "languages": tuple(LANGUAGES.values())}


def _add_headers(response: Response) -> Response:
    """Tell caches and browsers what the language depends on, and which one it is."""
    if response.mimetype == "text/html" and "language" in g:
        response.content_language.add(current_language().tag)
    if g.get("negotiated"):
        response.vary.update(("Accept-Language", "Cookie"))
    return response
