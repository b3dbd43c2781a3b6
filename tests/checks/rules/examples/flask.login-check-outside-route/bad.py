from flask import Blueprint
from flask_login import login_required

bp = Blueprint("account", __name__)


# ruleid: shipway.flask.login-check-outside-route
@login_required
@bp.get("/account")
def account():
    return {"secret": True}


# ruleid: shipway.flask.login-check-outside-route
@login_required
@bp.route("/account/<int:number>", methods=["POST"])
@bp.route("/accounts/<int:number>", methods=["POST"])
def change(number):
    return {"changed": number}
