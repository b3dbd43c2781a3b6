import subprocess

from flask import Blueprint, request

bp = Blueprint("tools", __name__)


@bp.get("/lookup/<name>")
def lookup(name):
    # ruleid: shipway.subprocess.argument-from-request
    return {"found": subprocess.check_output(["nslookup", name], text=True)}


@bp.post("/convert")
def convert():
    command = ["convert", "-resize", "50%", request.form["source"], "out.png"]
    # ruleid: shipway.subprocess.argument-from-request
    subprocess.run(command, check=True)
    return {}
