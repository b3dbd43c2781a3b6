from flask import Blueprint, request
from werkzeug.security import check_password_hash

bp = Blueprint("session", __name__)


@bp.post("/login")
def login():
    user = find(request.form["name"])
    if not check_password_hash(user.password_hash, request.form["password"]):
        return {}, 403
    return {}


@bp.post("/register")
def register():
    if request.form["password"] != request.form["repeat"]:
        return {}, 400
    user = find(request.form["name"])
    if user.password == "" or user.password == None:
        return {}, 400
    return {}
