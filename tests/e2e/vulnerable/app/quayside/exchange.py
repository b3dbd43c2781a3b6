"""What is exchanged with shipping lines."""

import base64
import json
import pickle

import yaml
from defusedxml import ElementTree
from flask import Blueprint, jsonify, request
from lxml import etree

blueprint = Blueprint("exchange", __name__, url_prefix="/exchange")


@blueprint.post("/draft")
def draft():
    state = base64.b64decode(request.cookies["draft"])
    return jsonify(pickle.loads(state))


@blueprint.post("/order")
def order():
    return jsonify(json.loads(request.get_data()))


@blueprint.post("/schedule")
def schedule():
    return jsonify(yaml.load(request.get_data(), Loader=yaml.UnsafeLoader))


@blueprint.post("/calendar")
def calendar():
    return jsonify(yaml.safe_load(request.get_data()))


@blueprint.post("/manifest")
def manifest():
    parser = etree.XMLParser(resolve_entities=True, load_dtd=True, no_network=False)
    goods = etree.fromstring(request.get_data(), parser)
    return jsonify([item.text for item in goods])


@blueprint.post("/notice")
def notice():
    goods = ElementTree.fromstring(request.get_data())
    return jsonify([item.text for item in goods])
