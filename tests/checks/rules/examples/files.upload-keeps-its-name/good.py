import os
from uuid import uuid4

from flask import Blueprint, request
from werkzeug.utils import secure_filename

bp = Blueprint("upload", __name__)


@bp.post("/upload")
def upload():
    file = request.files["file"]
    file.save(os.path.join("/srv/uploads", secure_filename(file.filename)))
    return {"name": file.filename}


@bp.post("/other")
def other():
    file = request.files["file"]
    file.save(os.path.join("/srv/uploads", uuid4().hex))
    return {}


def read(found):
    with open(found.filename, encoding="utf-8") as file:
        return file.read()
