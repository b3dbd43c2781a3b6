import urllib.request

import httpx
import requests
from flask import Blueprint, request

bp = Blueprint("fetch", __name__)


@bp.get("/fetch")
def fetch():
    # ruleid: shipway.network.address-from-request
    return requests.get(request.args["url"], timeout=5).text


@bp.get("/host/<host>")
def from_host(host):
    # ruleid: shipway.network.address-from-request
    return {"text": httpx.get(f"https://{host}/wards").text}


@bp.post("/hook")
def hook():
    address = request.get_json()["address"]
    # ruleid: shipway.network.address-from-request
    with urllib.request.urlopen(address, timeout=5) as answer:
        return {"status": answer.status}


@bp.post("/image")
def image():
    with requests.Session() as client:
        # ruleid: shipway.network.address-from-request
        return client.get("https:" + request.form["image"], timeout=5).content
