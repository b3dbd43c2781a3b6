"""The harbour master's office."""

import ast
import os
import subprocess
import traceback

from flask import Blueprint, abort, jsonify, request, session
from ldap3 import Connection
from ldap3.utils.conv import escape_filter_chars

from quayside.accounts import User
from quayside.database import connection

blueprint = Blueprint("admin", __name__, url_prefix="/admin")


def master():
    if "user" not in session or User.of(session["user"]).role != "master":
        abort(403)


@blueprint.post("/fees")
def fees():
    user = User.of(session["user"])
    assert user.role == "master", "only the harbour master"
    connection().execute("UPDATE fees SET amount = ?", (request.form["amount"],))
    return "", 204


@blueprint.post("/users/<int:number>/delete")
def delete_user(number):
    connection().execute("DELETE FROM users WHERE id = ?", (number,))
    return "", 204


@blueprint.post("/berths/<int:number>/delete")
def delete_berth(number):
    master()
    connection().execute("DELETE FROM berths WHERE id = ?", (number,))
    return "", 204


@blueprint.get("/ping")
def ping():
    master()
    code = os.system("ping -c 1 " + request.args["host"])
    return jsonify(code=code)


@blueprint.get("/lookup")
def lookup():
    master()
    name = request.args["name"]
    done = subprocess.run(f"host {name}", shell=True, capture_output=True, text=True, timeout=5)
    return jsonify(answer=done.stdout)


@blueprint.get("/disk")
def disk():
    master()
    done = subprocess.run(["/bin/df", "-h", "/"], capture_output=True, text=True, timeout=5)
    return jsonify(answer=done.stdout)


@blueprint.get("/space")
def space():
    master()
    command = "/usr/bin/du -s /var/lib/quayside | /usr/bin/cut -f1"
    size = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=5)
    return jsonify(answer=size.stdout)


@blueprint.get("/tariff")
def tariff():
    master()
    return jsonify(total=eval(request.args["formula"]))


@blueprint.post("/script")
def script():
    master()
    result = {}
    exec(request.get_data(as_text=True), result)
    return jsonify(sorted(result))


@blueprint.get("/limits")
def limits():
    master()
    return jsonify(ast.literal_eval(request.args["limits"]))


@blueprint.get("/crew")
def crew():
    master()
    directory = Connection("ldaps://directory.quayside.test", auto_bind=True)
    name = request.args["name"]
    directory.search("ou=crew,dc=quayside", f"(&(kind=sailor)(uid={name}))")
    return jsonify([entry.entry_dn for entry in directory.entries])


@blueprint.get("/pilots")
def pilots():
    master()
    directory = Connection("ldaps://directory.quayside.test", auto_bind=True)
    name = escape_filter_chars(request.args["name"])
    directory.search("ou=crew,dc=quayside", f"(&(kind=pilot)(uid={name}))")
    return jsonify([entry.entry_dn for entry in directory.entries])


@blueprint.get("/report")
def report():
    master()
    try:
        rows = connection().execute("SELECT SUM(amount) FROM fees").fetchone()
        return jsonify(total=rows[0])
    except Exception:
        return jsonify(error=traceback.format_exc()), 500
