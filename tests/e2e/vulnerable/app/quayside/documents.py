"""Papers of ships: kept, shown, packed and unpacked."""

import os
import tarfile
import tempfile
from pathlib import Path

from flask import Blueprint, abort, current_app, request, send_file, send_from_directory
from werkzeug.utils import secure_filename

blueprint = Blueprint("documents", __name__, url_prefix="/papers")


@blueprint.get("/text")
def show():
    name = request.args["name"]
    with open(os.path.join(current_app.config["PAPERS"], name)) as paper:
        return paper.read(), 200, {"Content-Type": "text/plain"}


@blueprint.get("/file")
def download():
    return send_file(current_app.config["PAPERS"] + "/" + request.args["name"])


@blueprint.get("/kept/<name>")
def kept(name):
    return send_from_directory(current_app.config["PAPERS"], secure_filename(name))


@blueprint.get("/plan")
def plan():
    folder = Path(current_app.config["PAPERS"]).resolve()
    wanted = (folder / request.args["name"]).resolve()
    if not wanted.is_relative_to(folder):
        abort(404)
    return wanted.read_text(), 200, {"Content-Type": "text/plain"}


@blueprint.post("/upload")
def upload():
    paper = request.files["paper"]
    paper.save(os.path.join(current_app.config["PAPERS"], paper.filename))
    return "", 204


@blueprint.post("/photo")
def photo():
    picture = request.files["photo"]
    name = secure_filename(picture.filename)
    if Path(name).suffix.lower() not in {".jpg", ".png"}:
        abort(400)
    picture.save(os.path.join(current_app.config["PAPERS"], name))
    return "", 204


def unpack(archive, folder):
    with tarfile.open(archive) as papers:
        papers.extractall(folder)


def unpack_safely(archive, folder):
    with tarfile.open(archive) as papers:
        papers.extractall(folder, filter="data")


def scratch():
    return open(tempfile.mktemp(suffix=".pdf"), "wb")


def draft():
    return tempfile.NamedTemporaryFile(suffix=".pdf", delete=False)


def share(path):
    os.chmod(path, 0o777)


def keep(path):
    os.chmod(path, 0o600)
