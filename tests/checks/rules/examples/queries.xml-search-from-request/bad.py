from flask import Blueprint, request
from lxml import etree

bp = Blueprint("people", __name__)


@bp.get("/people")
def people():
    tree = etree.parse("people.xml")
    # ruleid: shipway.queries.xml-search-from-request
    found = tree.xpath(f"//person[@name='{request.args['name']}']")
    return {"people": len(found)}
