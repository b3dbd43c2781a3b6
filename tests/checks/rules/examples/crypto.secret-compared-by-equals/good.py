import hashlib
import hmac

from flask import Blueprint, abort, request

bp = Blueprint("hooks", __name__)


@bp.post("/hook")
def hook():
    expected = hmac.new(KEY, request.get_data(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, request.headers["X-Signature"]):
        abort(403)
    return {}


@bp.get("/kind")
def kind():
    if request.headers.get("Authorization") == "":
        abort(401)
    if len(request.headers["X-Api-Key"]) != 32:
        abort(400)
    return {"html": request.headers.get("Accept") == "text/html"}
