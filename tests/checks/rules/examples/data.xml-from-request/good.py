import xml.etree.ElementTree as ET

from defusedxml.ElementTree import fromstring
from flask import Blueprint, request

bp = Blueprint("import", __name__)


@bp.post("/import")
def take():
    root = fromstring(request.get_data())
    return {"names": [one.text for one in root]}


def own():
    return ET.parse("settings.xml")
