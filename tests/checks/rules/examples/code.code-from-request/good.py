import ast
import json

from flask import Blueprint, request

bp = Blueprint("sums", __name__)
ACTIONS = {"add": sum, "most": max}


@bp.get("/sum")
def add():
    return {"sum": sum(json.loads(request.args["numbers"]))}


@bp.post("/run")
def run():
    return {"result": ACTIONS[request.args["action"]]([1, 2])}


@bp.get("/literal")
def literal():
    return {"value": ast.literal_eval(request.args["value"])}
