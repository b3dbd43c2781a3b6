from flask import Blueprint, request

bp = Blueprint("people", __name__)
COLUMNS = {"name": Person.name, "street": Person.street}


@bp.get("/people")
def people():
    column = COLUMNS.get(request.args.get("sort", "name"), Person.name)
    return {"people": session.scalars(select(Person).order_by(column)).all()}


@bp.get("/people/by/<name>")
def by(name):
    if name not in COLUMNS:
        return {}, 404
    return {"value": getattr(find(), name)}


@bp.get("/kind")
def kind():
    return {"kind": getattr(request, "kind", "none")}
