"""Tides, weather and other harbours, asked over the network."""

import ssl
import urllib.request
from ftplib import FTP
from http.server import BaseHTTPRequestHandler, HTTPServer

import paramiko
import requests
from flask import Blueprint, abort, jsonify, request

blueprint = Blueprint("feeds", __name__, url_prefix="/feeds")

TIDES = "https://tides.quayside.test/today.json"
HARBOURS = {
    "north": "https://north.quayside.test/berths.json",
    "south": "https://south.quayside.test/berths.json",
}


@blueprint.get("/tides")
def tides():
    return jsonify(requests.get(TIDES, timeout=5, verify=False).json())


@blueprint.get("/weather")
def weather():
    return jsonify(requests.get("https://weather.quayside.test/now.json").json())


@blueprint.get("/other")
def other():
    url = request.args["url"]
    return requests.get(url, timeout=5).text, 200, {"Content-Type": "text/plain"}


@blueprint.get("/harbour")
def harbour():
    url = HARBOURS.get(request.args["name"])
    if url is None:
        abort(404)
    return jsonify(requests.get(url, timeout=5, verify="/etc/ssl/quayside.pem").json())


def radar():
    context = ssl._create_unverified_context()
    return urllib.request.urlopen("https://radar.quayside.test/", timeout=5, context=context)


def beacon():
    context = ssl.create_default_context()
    return urllib.request.urlopen("https://beacon.quayside.test/", timeout=5, context=context)


def old_tunnel():
    context = ssl.SSLContext(ssl.PROTOCOL_TLSv1)
    context.load_default_certs()
    return context


def tunnel():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_default_certs()
    return context


def crane():
    client = paramiko.SSHClient()
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    client.connect("crane.quayside.test", timeout=5)
    return client


def lock():
    client = paramiko.SSHClient()
    client.load_system_host_keys()
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    client.connect("lock.quayside.test", timeout=5)
    return client


def charts(user, word):
    with FTP("charts.quayside.test", timeout=5) as server:
        server.login(user, word)
        return server.nlst()


def figures():
    return HTTPServer(("0.0.0.0", 9100), BaseHTTPRequestHandler)


def health():
    return HTTPServer(("127.0.0.1", 9101), BaseHTTPRequestHandler)
