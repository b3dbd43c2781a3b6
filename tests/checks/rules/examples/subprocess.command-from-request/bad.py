import os
import subprocess

from flask import Blueprint, request

bp = Blueprint("tools", __name__)


@bp.get("/ping")
def ping():
    # ruleid: shipway.subprocess.command-from-request
    os.system("ping -c 1 " + request.args["host"])
    return {}


@bp.get("/lookup/<name>")
def lookup(name):
    # ruleid: shipway.subprocess.command-from-request
    return {"found": subprocess.check_output([name, "--version"], text=True)}


@bp.get("/disk/<name>")
def disk(name):
    command = ["sh", "-c", "du " + name]
    # ruleid: shipway.subprocess.command-from-request
    return {"found": subprocess.check_output(command, text=True)}


@bp.post("/convert")
def convert():
    command = f"convert {request.form['source']} out.png"
    # ruleid: shipway.subprocess.command-from-request
    subprocess.run(command, shell=True, check=True)
    return {}
