import os

from flask import Blueprint, request

bp = Blueprint("upload", __name__)


@bp.post("/upload")
def upload():
    file = request.files["file"]
    # ruleid: shipway.files.upload-keeps-its-name
    file.save(os.path.join("/srv/uploads", file.filename))
    return {}


@bp.post("/other")
def other():
    for file in request.files.getlist("files"):
        path = f"/srv/uploads/{file.filename}"
        # ruleid: shipway.files.upload-keeps-its-name
        file.save(path)
    return {}


def keep(upload):
    # ruleid: shipway.files.upload-keeps-its-name
    upload.save("/srv/uploads/" + upload.filename)


@bp.post("/written")
def written():
    upload = request.files["file"]
    # ruleid: shipway.files.upload-keeps-its-name
    with open(f"/srv/uploads/{upload.filename}", "wb") as file:
        file.write(upload.read())
    return {}
