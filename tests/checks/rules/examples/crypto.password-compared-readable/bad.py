from flask import Blueprint, request

bp = Blueprint("session", __name__)


@bp.post("/login")
def login():
    user = find(request.form["name"])
    # ruleid: shipway.crypto.password-compared-readable
    if user.password != request.form["password"]:
        return {}, 403
    # ruleid: shipway.crypto.password-compared-readable
    return {"admin": request.form["password"] == user.admin_password}
