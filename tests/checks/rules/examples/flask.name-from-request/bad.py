from operator import attrgetter

from flask import Blueprint, request

bp = Blueprint("people", __name__)


@bp.get("/people")
def people():
    # ruleid: shipway.flask.name-from-request
    column = getattr(Person, request.args.get("sort", "name"))
    return {"people": session.scalars(select(Person).order_by(column)).all()}


@bp.get("/do/<action>")
def do(action):
    # ruleid: shipway.flask.name-from-request
    return globals()[action]()


@bp.get("/field")
def field():
    # ruleid: shipway.flask.name-from-request
    return {"value": attrgetter(request.args["field"])(find())}
