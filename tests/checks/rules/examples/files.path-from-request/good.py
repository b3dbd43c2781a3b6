import os
from pathlib import Path

from flask import Blueprint, abort, request, send_file, send_from_directory
from werkzeug.utils import safe_join, secure_filename

bp = Blueprint("files", __name__)
FOLDER = Path("/srv/files")
TEXTS = {"help": "help.txt"}


@bp.get("/file/<path:name>")
def file(name):
    return send_from_directory("/srv/files", name)


@bp.get("/text")
def text():
    with open(os.path.join("/srv/texts", TEXTS[request.args["name"]]), encoding="utf-8") as found:
        return {"text": found.read()}


@bp.get("/joined/<path:name>")
def joined(name):
    path = safe_join("/srv/files", name)
    return send_file(path)


@bp.get("/page/<int:number>")
def page(number):
    with open(f"/srv/pages/{number}.txt", encoding="utf-8") as found:
        return {"text": found.read()}


@bp.post("/note")
def note():
    name = secure_filename(request.form["name"])
    (FOLDER / name).write_text(request.form["text"], encoding="utf-8")
    return {}


@bp.get("/within/<path:name>")
def within(name):
    path = (FOLDER / name).resolve()
    if not path.is_relative_to(FOLDER):
        abort(404)
    return send_file(path)
