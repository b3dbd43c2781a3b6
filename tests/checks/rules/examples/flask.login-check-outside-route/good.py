from flask import Blueprint
from flask_login import login_required

bp = Blueprint("account", __name__)


@bp.get("/account")
@login_required
def account():
    return {"secret": True}


@login_required
def helper():
    return None


@bp.get("/open")
def anybody():
    return {"secret": False}
