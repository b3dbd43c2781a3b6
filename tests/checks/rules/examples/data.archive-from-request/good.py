import zipfile

from flask import Blueprint, request

bp = Blueprint("import", __name__)
LIMIT = 10_000_000


@bp.post("/import")
def take():
    with zipfile.ZipFile(request.files["names"]) as archive:
        if not is_allowed(archive):
            return {}, 413
        archive.extractall("/srv/import")
    return {}


@bp.post("/names")
def names():
    with zipfile.ZipFile(request.files["names"]) as archive:
        return {"names": archive.namelist()}


def is_allowed(archive):
    return sum(one.file_size for one in archive.infolist()) < LIMIT
