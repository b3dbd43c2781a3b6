import logging

from flask import Blueprint, request

bp = Blueprint("search", __name__)
log = logging.getLogger(__name__)


@bp.get("/search")
def search():
    log.info("somebody looks for %r", request.args["q"])
    log.info("page %s", request.args.get("page", type=int))
    log.warning("nothing found", extra={"wanted": request.args["q"]})
    log.warning(f"nothing found for {request.args['q']!r}")
    return {}


@bp.post("/enter")
def enter():
    row = database.execute("SELECT id FROM users WHERE name = ?", (request.form["name"],)).fetchone()
    log.info("welcome, user %s", row["id"])
    return {}
