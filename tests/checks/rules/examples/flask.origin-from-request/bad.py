from flask import Blueprint, make_response, request

bp = Blueprint("api", __name__)


@bp.after_request
def allow(response):
    # ruleid: shipway.flask.origin-from-request
    response.headers["Access-Control-Allow-Origin"] = request.headers.get("Origin")
    response.headers["Access-Control-Allow-Credentials"] = "true"
    return response


@bp.get("/wards")
def wards():
    origin = request.headers["Origin"]
    response = make_response({"wards": []})
    # ruleid: shipway.flask.origin-from-request
    response.headers.add("Access-Control-Allow-Origin", origin)
    return response
