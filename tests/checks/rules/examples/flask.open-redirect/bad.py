from flask import Blueprint, redirect, request

bp = Blueprint("session", __name__)


@bp.post("/login")
def login():
    # ruleid: shipway.flask.open-redirect
    return redirect(request.args["next"])


@bp.get("/leave")
def leave():
    address = request.form.get("next", "").strip() or "/"
    # ruleid: shipway.flask.open-redirect
    return redirect(address, code=303)


@bp.get("/to/<path:address>")
def to(address: str):
    # ruleid: shipway.flask.open-redirect
    return redirect("https://" + address)


@bp.get("/back")
def back():
    # ruleid: shipway.flask.open-redirect
    return redirect(request.referrer)
