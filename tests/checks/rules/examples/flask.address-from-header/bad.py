from flask import Blueprint, request

bp = Blueprint("limits", __name__)


@bp.before_request
def limit():
    # ruleid: shipway.flask.address-from-header
    address = request.headers.get("X-Forwarded-For", request.remote_addr)
    # ruleid: shipway.flask.address-from-header
    other = request.headers["X-Real-IP"]
    # ruleid: shipway.flask.address-from-header
    third = request.environ.get("HTTP_X_FORWARDED_FOR")
    return count(address, other, third)
