from flask import Blueprint, request

bp = Blueprint("people", __name__)


@bp.post("/login")
def login():
    given = request.get_json()
    person = people.find_one({"name": str(given["name"])})
    return {"known": person is not None}


@bp.get("/search")
def search():
    return {"people": list(people.find({"name": request.args["name"]}))}
