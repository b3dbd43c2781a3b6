import hashlib
import hmac

from flask import Blueprint, abort, request

bp = Blueprint("hooks", __name__)


@bp.post("/hook")
def hook():
    expected = hmac.new(KEY, request.get_data(), hashlib.sha256).hexdigest()
    # ruleid: shipway.crypto.secret-compared-by-equals
    if expected != request.headers["X-Signature"]:
        abort(403)
    return {}


@bp.post("/import")
def take():
    token = request.headers.get("X-Api-Key", "")
    # ruleid: shipway.crypto.secret-compared-by-equals
    if token == TOKEN:
        return {}
    abort(403)
