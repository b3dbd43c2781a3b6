from urllib.parse import urlsplit

from flask import Blueprint, abort, redirect, request, url_for

bp = Blueprint("session", __name__)
PLACES = {"home": "/", "help": "/help"}


@bp.post("/login")
def login():
    return redirect(url_for("pages.ward", code=request.args["code"]))


@bp.get("/leave")
def leave():
    return redirect(PLACES[request.args["next"]])


@bp.get("/left")
def left():
    return redirect(PLACES.get(request.args["next"], "/"))


@bp.get("/safe")
def safe():
    address = request.args.get("next", "/")
    if not is_safe_address(address):
        abort(400)
    return redirect(address)


@bp.get("/listed")
def listed():
    address = request.args.get("next", "/")
    if address not in ("/", "/help"):
        abort(400)
    return redirect(address)


@bp.get("/taken-apart")
def taken_apart():
    address = request.args.get("next", "/")
    parts = urlsplit(address)
    if parts.scheme or parts.netloc or not address.startswith("/"):
        address = url_for("pages.home")
    return redirect(address)


@bp.get("/asked")
def asked():
    address = request.args.get("next")
    if not address or urlsplit(address).netloc != "":
        address = url_for("pages.home")
    return redirect(address)


@bp.get("/wards/<code>/old")
def old(code: str):
    return redirect(f"/wards/{code}")


@bp.get("/map/<code>")
def map_of(code: str):
    return redirect("https://maps.example.org/ward/" + code)


@bp.get("/page/<int:number>")
def page(number: int):
    return redirect(f"?page={number}")


@bp.get("/help")
def help_page():
    return redirect("https://help.example.org/")


def is_safe_address(address):
    return address.startswith("/") and not address.startswith("//")
