import zipfile

from flask import Blueprint, request

bp = Blueprint("import", __name__)


@bp.post("/import")
def take():
    with zipfile.ZipFile(request.files["names"]) as archive:
        # ruleid: shipway.data.archive-from-request
        archive.extractall("/srv/import")
    return {}


@bp.post("/other")
def other():
    upload = request.files["names"]
    archive = zipfile.ZipFile(upload.stream)
    # ruleid: shipway.data.archive-from-request
    archive.extractall("/srv/import")
    return {}
