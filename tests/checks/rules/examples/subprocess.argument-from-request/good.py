import subprocess

from flask import Blueprint, request

bp = Blueprint("tools", __name__)
HOSTS = ("one.example", "two.example")


@bp.get("/lookup/<name>")
def lookup(name):
    return {"found": subprocess.check_output(["grep", "--", name, "names.txt"], text=True)}


@bp.get("/ping")
def ping():
    host = request.args["host"]
    if host in HOSTS:
        subprocess.run(["ping", "-c", "1", host], check=True)
    subprocess.run(["ping", "-c", request.args.get("times", type=int), "one.example"], check=True)
    subprocess.run(["convert", f"png:{host}"], check=True)
    return {}
