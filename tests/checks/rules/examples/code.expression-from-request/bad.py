import re

from flask import Blueprint, request

bp = Blueprint("search", __name__)


@bp.get("/search")
def search():
    # ruleid: shipway.code.expression-from-request
    return {"found": [one for one in names() if re.search(request.args["q"], one)]}


@bp.get("/match/<wanted>")
def match(wanted):
    # ruleid: shipway.code.expression-from-request
    expression = re.compile("^" + wanted, re.IGNORECASE)
    return {"found": [one for one in names() if expression.match(one)]}
