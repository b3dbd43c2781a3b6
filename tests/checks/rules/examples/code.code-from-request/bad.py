import importlib

from flask import Blueprint, request

bp = Blueprint("sums", __name__)


@bp.get("/sum")
def add():
    # ruleid: shipway.code.code-from-request
    return {"sum": eval(request.args["sum"])}


@bp.post("/run")
def run():
    code = request.get_json()["code"]
    # ruleid: shipway.code.code-from-request
    exec(code, {})
    return {}


@bp.get("/load/<name>")
def load(name):
    # ruleid: shipway.code.code-from-request
    return {"doc": importlib.import_module(f"plugins.{name}").__doc__}
