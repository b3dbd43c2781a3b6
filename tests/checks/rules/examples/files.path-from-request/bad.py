import os
from pathlib import Path

from flask import Blueprint, request, send_file

bp = Blueprint("files", __name__)


@bp.get("/file")
def file():
    # ruleid: shipway.files.path-from-request
    return send_file(os.path.join("/srv/files", request.args["name"]))


@bp.get("/text/<path:name>")
def text(name):
    # ruleid: shipway.files.path-from-request
    with open(f"/srv/texts/{name}", encoding="utf-8") as found:
        return {"text": found.read()}


@bp.get("/note/<name>")
def note(name: str):
    path = Path("/srv/notes") / name
    # ruleid: shipway.files.path-from-request
    return {"note": path.read_text(encoding="utf-8")}


@bp.delete("/file")
def remove():
    # ruleid: shipway.files.path-from-request
    os.remove("/srv/files/" + request.json["name"])
    return {}
