import xml.etree.ElementTree as ET

from flask import Blueprint, request
from lxml import etree

bp = Blueprint("import", __name__)


@bp.post("/import")
def take():
    # ruleid: shipway.data.xml-from-request
    root = ET.fromstring(request.get_data())
    return {"names": [one.text for one in root]}


@bp.post("/file")
def from_file():
    # ruleid: shipway.data.xml-from-request
    tree = etree.parse(request.files["names"])
    return {"root": tree.getroot().tag}
