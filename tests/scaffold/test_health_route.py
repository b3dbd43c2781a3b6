"""The address that says whether an application is well."""

from __future__ import annotations

import pytest

from shipway.scaffold.survey import health_route, preferred_routes

FLASK = '@app.route("/x")\ndef x(): ...\n'


@pytest.mark.parametrize(
    ("framework", "text", "urls", "path"),
    [
        ("flask", FLASK + '@app.route("/healthz")\ndef h(): ...', "", "/healthz"),
        ("flask", FLASK + '@app.get("/")\ndef h(): ...', "", "/"),
        ("flask", FLASK, "", "/x"),
        ("flask", '@app.route("/<id>")\ndef h(id): ...', "", "/"),
        ("flask", '@app.route("/a", methods=["POST"])\ndef h(): ...', "", "/"),
        ("flask", 'b = Blueprint("b", url_prefix="/b")\n@b.route("/c")\ndef h(): ...', "", "/b/c"),
        (
            "fastapi",
            'r = APIRouter(prefix="/v1")\n@r.get("/x")\nasync def h(): ...',
            "",
            "/openapi.json",
        ),
        ("fastapi", '@app.get("/ready")\nasync def h(): ...', "", "/ready"),
        ("fastapi", "not python (", "", "/openapi.json"),
        ("django", "", 'path("", index), path("admin/", admin)', "/"),
        ("django", "", 'path("admin/", admin.site.urls)', "/admin/login/"),
        ("django", "", 'url(r"^$", index)', "/"),
        ("django", "", 'path("api/", include("api.urls")), path("<int:x>/", y)', "/"),
        ("django", "", 'path("about/", about)', "/about/"),
    ],
)
def test_the_best_route_is_taken(framework: str, text: str, urls: str, path: str) -> None:
    found, reason = health_route(framework, [("a.py", text)], urls)
    assert found == path
    assert reason


def test_routes_are_asked_from_the_usual_to_the_shortest() -> None:
    routes = ["/about/", "/auth/login", "/", "/a", "/api/ping", "/healthz", "/auth/logout", "/a"]
    assert preferred_routes(routes) == [
        "/healthz",
        "/api/ping",
        "/",
        "/auth/login",
        "/a",
        "/about/",
    ]
