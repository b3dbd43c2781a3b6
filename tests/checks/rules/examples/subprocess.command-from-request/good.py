import shlex
import subprocess

from flask import Blueprint, request

bp = Blueprint("tools", __name__)
HOSTS = ("one.example", "two.example")


@bp.get("/ping")
def ping():
    host = request.args["host"]
    if host not in HOSTS:
        return {}, 400
    subprocess.run(["ping", "-c", "1", host], check=True)
    return {}


@bp.get("/pages/<int:number>")
def pages(number: int):
    subprocess.run(["pages", str(number)], check=True)
    return {}


@bp.post("/convert")
def convert():
    source = shlex.quote(request.form["source"])
    subprocess.run(["ssh", "worker", "convert -- " + source], check=True)
    subprocess.run(["convert", "-"], input=request.get_data(), check=True)
    return {}
