import sqlite3

from flask import Blueprint, request
from sqlalchemy import desc, func, select, text, update

bp = Blueprint("wards", __name__)
COLUMNS = {"name": "name", "code": "code"}


@bp.get("/wards")
def wards():
    wanted = request.args.get("q", "")
    found = session.execute(text("SELECT * FROM wards WHERE name = :name"), {"name": wanted})
    return {"wards": list(found)}


@bp.get("/wards/<code>")
def ward(code):
    with sqlite3.connect("town.sqlite3") as connection:
        rows = connection.execute("SELECT * FROM wards WHERE code = ?", (code,))
        return {"ward": rows.fetchone()}


@bp.get("/wards/orm/<code>")
def by_orm(code: str):
    query = select(Ward).where(Ward.code == code)
    return {"ward": session.execute(query).scalar_one()}


@bp.get("/search")
def search():
    pattern = f"%{request.args['q']}%"
    query = select(Ward).where(Ward.name.ilike(pattern)).limit(20)
    names = request.args.getlist("name")
    more = session.scalars(select(Ward).filter(Ward.name.in_(names)))
    lower = session.scalars(select(Ward).where(func.lower(Ward.name) == pattern.lower()))
    session.execute(update(Ward).where(Ward.name == pattern).values(seen=pattern))
    return {"wards": session.scalars(query).all(), "more": more, "lower": lower}


@bp.get("/sorted")
def in_order():
    order = COLUMNS[request.args["sort"]]
    rows = session.execute(select(Ward).order_by(desc(text(order))))
    return {"wards": list(rows)}


@bp.get("/page")
def page():
    number = int(request.args["page"])
    statement = f"SELECT * FROM wards LIMIT 20 OFFSET {number * 20}"
    return {"wards": session.execute(text(statement)).all()}


@bp.post("/count")
def count():
    table = request.form["table"]
    if table not in ("wards", "people"):
        return {}, 400
    return {"rows": session.execute(text("SELECT count(*) FROM " + table)).scalar()}
