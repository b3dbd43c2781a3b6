import logging

from flask import Blueprint, abort

bp = Blueprint("wards", __name__)
log = logging.getLogger(__name__)


@bp.get("/wards")
def wards():
    try:
        return {"wards": load()}
    except Exception as error:
        log.exception("the wards could not be loaded: %r", error)
        return {"error": "The wards cannot be shown right now."}, 500


@bp.post("/wards")
def add():
    try:
        return {"ward": parse()}
    except ValueError as error:
        return {"error": str(error)}, 400


@bp.get("/boats")
def boats():
    try:
        return {"boats": load()}
    except Exception:
        abort(500)


def load():
    try:
        return read()
    except Exception as error:
        raise RuntimeError(str(error)) from error
