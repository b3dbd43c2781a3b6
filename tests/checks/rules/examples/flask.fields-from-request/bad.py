from flask import Blueprint, request
from sqlalchemy import update

bp = Blueprint("people", __name__)


@bp.post("/people")
def create():
    # ruleid: shipway.flask.fields-from-request
    person = Person(**request.get_json())
    session.add(person)
    return {}, 201


@bp.post("/people/form")
def create_by_form():
    fields = request.form.to_dict()
    # ruleid: shipway.flask.fields-from-request
    session.add(Person(**fields))
    return {}, 201


@bp.patch("/people/<int:number>")
def change(number: int):
    # ruleid: shipway.flask.fields-from-request
    session.execute(update(Person).where(Person.id == number).values(**request.json))
    return {}


@bp.put("/people/<int:number>")
def replace(number: int):
    person = session.get(Person, number)
    for name, value in request.json.items():
        # ruleid: shipway.flask.fields-from-request
        setattr(person, name, value)
    return {}
