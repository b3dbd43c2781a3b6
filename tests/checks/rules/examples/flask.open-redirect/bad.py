import logging
from urllib.parse import urlsplit

from flask import Blueprint, redirect, request

log = logging.getLogger(__name__)
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


@bp.get("/counted")
def counted():
    address = request.args.get("next", "/")
    log.info("to the page %r", urlsplit(address).path)
    # ruleid: shipway.flask.open-redirect
    return redirect(address)
