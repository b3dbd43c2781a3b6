from flask import Blueprint, request
from sqlalchemy import update

bp = Blueprint("people", __name__)
FIELDS = ("name", "street")


@bp.post("/people")
def create():
    given = request.get_json()
    session.add(Person(name=given["name"], street=given["street"]))
    return {}, 201


@bp.post("/people/schema")
def create_by_schema():
    session.add(Person(**PersonSchema().load(request.get_json())))
    return {}, 201


@bp.patch("/people/<int:number>")
def change(number: int):
    given = request.get_json()
    values = {name: given[name] for name in FIELDS if name in given}
    session.execute(update(Person).where(Person.id == number).values(**values))
    return {}


@bp.put("/people/<int:number>")
def replace(number: int):
    person = session.get(Person, number)
    for name, value in request.json.items():
        if name in FIELDS:
            setattr(person, name, value)
    return {}
