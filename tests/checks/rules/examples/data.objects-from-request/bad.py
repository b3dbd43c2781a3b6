import base64
import pickle

import yaml
from flask import Blueprint, request

bp = Blueprint("import", __name__)


@bp.post("/import")
def take():
    # ruleid: shipway.data.objects-from-request
    return {"names": pickle.loads(request.get_data())}


@bp.get("/basket")
def basket():
    kept = base64.b64decode(request.cookies["basket"])
    # ruleid: shipway.data.objects-from-request
    return {"basket": pickle.loads(kept)}


@bp.post("/settings")
def settings():
    # ruleid: shipway.data.objects-from-request
    return {"settings": yaml.load(request.files["settings"], Loader=yaml.Loader)}
