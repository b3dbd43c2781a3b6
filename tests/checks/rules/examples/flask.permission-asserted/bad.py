from flask import Blueprint, session
from flask_login import current_user

bp = Blueprint("admin", __name__)


@bp.post("/close")
def close():
    # ruleid: shipway.flask.permission-asserted
    assert current_user.is_admin
    return {}


@bp.post("/open")
def reopen():
    # ruleid: shipway.flask.permission-asserted
    assert session["role"] == "clerk", "clerks only"
    return {}
