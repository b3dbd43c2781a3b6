from flask import Blueprint, request
from lxml import etree

bp = Blueprint("people", __name__)


@bp.get("/people")
def people():
    tree = etree.parse("people.xml")
    found = tree.xpath("//person[@name=$name]", name=request.args["name"])
    return {"people": len(found)}
