import logging

from flask import Blueprint, request

bp = Blueprint("search", __name__)
log = logging.getLogger(__name__)


@bp.get("/search")
def search():
    # ruleid: shipway.logs.line-from-request
    log.info("somebody looks for %s", request.args["q"])
    # ruleid: shipway.logs.line-from-request
    log.warning(f"nothing found for {request.args['q']}")
    return {}
