from flask import Blueprint, abort
from flask_login import current_user

bp = Blueprint("admin", __name__)


@bp.post("/close")
def close():
    if not current_user.is_admin:
        abort(403)
    ward = find()
    assert ward is not None
    return {"ward": ward.code}
