import re

from flask import Blueprint, request

bp = Blueprint("search", __name__)


@bp.get("/search")
def search():
    wanted = re.escape(request.args["q"])
    return {"found": [one for one in names() if re.search(wanted, one)]}


@bp.get("/match/<wanted>")
def match(wanted):
    return {"found": re.findall(r"\w+", wanted), "clean": re.sub(r"\W", "", wanted)}
