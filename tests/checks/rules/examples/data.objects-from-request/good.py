import json

import yaml
from flask import Blueprint, request

bp = Blueprint("import", __name__)


@bp.post("/import")
def take():
    return {"names": json.loads(request.get_data())}


@bp.post("/settings")
def settings():
    return {"settings": yaml.safe_load(request.files["settings"])}


@bp.post("/other")
def other():
    return {"settings": yaml.load(request.get_data(), Loader=yaml.SafeLoader)}
