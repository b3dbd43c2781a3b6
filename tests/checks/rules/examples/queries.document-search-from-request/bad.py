from flask import Blueprint, request

bp = Blueprint("people", __name__)


@bp.post("/login")
def login():
    given = request.get_json()
    # ruleid: shipway.queries.document-search-from-request
    person = people.find_one({"name": given["name"], "password": given["password"]})
    return {"known": person is not None}


@bp.post("/search")
def search():
    # ruleid: shipway.queries.document-search-from-request
    return {"people": list(people.find(request.json))}
