import httpx
import requests
from flask import Blueprint, request

bp = Blueprint("fetch", __name__)
WARDS = "https://wards.example"
SOURCES = {"wards": "https://wards.example/list"}


@bp.get("/fetch")
def fetch():
    return requests.get(SOURCES[request.args["source"]], timeout=5).text


@bp.get("/ward/<code>")
def ward(code):
    one = httpx.get(f"https://wards.example/{code}").json()
    two = requests.get(f"{WARDS}/{code}", timeout=5).json()
    three = requests.get("https://wards.example/" + code, timeout=5).json()
    return {"one": one, "two": two, "three": three}


@bp.get("/search")
def search():
    return requests.get("https://wards.example", params={"q": request.args["q"]}, timeout=5).json()


@bp.post("/listed")
def listed():
    address = request.form["address"]
    if not is_allowed_host(address):
        return {}, 400
    return requests.get(address, timeout=5).text


def other(session, cache, request):
    return cache.get(request.args["key"])
