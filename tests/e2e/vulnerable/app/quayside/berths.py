"""Berths and arrivals: search and change."""

import re

from flask import Blueprint, abort, jsonify, request, session
from sqlalchemy import text

from quayside.database import connection, engine, newest, rows_where

blueprint = Blueprint("berths", __name__)

ORDERS = {"name": "name ASC", "length": "length DESC"}


@blueprint.get("/berths")
def find():
    name = request.args.get("name", "")
    rows = connection().execute(f"SELECT * FROM berths WHERE name = '{name}'").fetchall()
    return jsonify([dict(row) for row in rows])


@blueprint.get("/berths/longer")
def longer():
    cursor = connection().cursor()
    cursor.execute("SELECT * FROM berths WHERE length > %s" % request.args["metres"])
    return jsonify([dict(row) for row in cursor.fetchall()])


@blueprint.get("/berths/owner")
def owned():
    owner = request.args["owner"]
    with engine().connect() as link:
        rows = link.execute(text("SELECT id, name FROM berths WHERE owner = '" + owner + "'"))
        return jsonify([tuple(row) for row in rows])


@blueprint.get("/arrivals")
def arrivals():
    ship = request.args.get("ship", "")
    return jsonify([dict(row) for row in rows_where(f"ship = '{ship}'")])


@blueprint.get("/arrivals/newest")
def newest_arrivals():
    return jsonify([dict(row) for row in newest(20)])


@blueprint.get("/berths/free")
def free():
    found = connection().execute(
        "SELECT * FROM berths WHERE free = 1 AND length >= ?", (request.args["metres"],)
    )
    return jsonify([dict(row) for row in found])


@blueprint.get("/berths/sorted")
def in_order():
    order = ORDERS.get(request.args.get("by"), "name ASC")
    rows = connection().execute(f"SELECT * FROM berths ORDER BY {order}")
    return jsonify([dict(row) for row in rows])


@blueprint.get("/berths/near")
def near():
    with engine().connect() as link:
        found = text("SELECT id, name FROM berths WHERE basin = :basin")
        rows = link.execute(found, {"basin": request.args["basin"]})
        return jsonify([tuple(row) for row in rows])


@blueprint.get("/bookings/<int:number>")
def booking(number):
    if "user" not in session:
        abort(401)
    row = connection().execute("SELECT * FROM bookings WHERE id = ?", (number,)).fetchone()
    return jsonify(dict(row)) if row else ("", 404)


@blueprint.get("/my/bookings/<int:number>")
def my_booking(number):
    if "user" not in session:
        abort(401)
    row = (
        connection()
        .execute(
            "SELECT * FROM bookings WHERE id = ? AND owner = ?",
            (number, session["user"]),
        )
        .fetchone()
    )
    return jsonify(dict(row)) if row else ("", 404)


@blueprint.get("/ships/check")
def check_name():
    if not re.match(r"^([A-Za-z]+\s?)+$", request.args.get("name", "")):
        abort(400)
    return {"valid": True}


@blueprint.get("/ships/call-sign")
def check_call_sign():
    if not re.fullmatch(r"[A-Z0-9]{4,7}", request.args.get("sign", "")):
        abort(400)
    return {"valid": True}
