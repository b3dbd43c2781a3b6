import sqlite3

from flask import Blueprint, request
from sqlalchemy import select, text

bp = Blueprint("wards", __name__)


@bp.get("/wards")
def wards():
    wanted = request.args.get("q", "")
    # ruleid: shipway.sqlalchemy.query-from-request
    found = session.execute(text(f"SELECT * FROM wards WHERE name = '{wanted}'"))
    return {"wards": list(found)}


@bp.get("/wards/<code>")
def ward(code):
    query = "SELECT * FROM wards WHERE code = '" + code + "'"
    with sqlite3.connect("town.sqlite3") as connection:
        # ruleid: shipway.sqlalchemy.query-from-request
        return {"ward": connection.execute(query).fetchone()}


@bp.get("/sorted")
def in_order():
    # ruleid: shipway.sqlalchemy.query-from-request
    rows = session.execute(select(Ward).order_by(text(request.args["sort"])))
    return {"wards": list(rows)}


@bp.post("/query")
def query():
    words = request.get_json()["query"].strip()
    # ruleid: shipway.sqlalchemy.query-from-request
    return {"rows": session.connection().exec_driver_sql(words).all()}


@bp.post("/count")
def count():
    statement = "SELECT count(*) FROM %s" % request.form["table"]
    # ruleid: shipway.sqlalchemy.query-from-request
    cursor.execute(statement)
    return {"count": cursor.fetchone()}
