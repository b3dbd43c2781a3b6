from flask import Blueprint, request

bp = Blueprint("api", __name__)
ALLOWED = frozenset({"https://town.example"})


@bp.after_request
def allow(response):
    origin = request.headers.get("Origin", "")
    if origin in ALLOWED:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Vary"] = "Origin"
    return response


@bp.get("/wards")
def wards():
    return {"wards": []}, 200, {"Access-Control-Allow-Origin": "https://town.example"}
