import ldap
import ldap3
from flask import Blueprint, request

bp = Blueprint("people", __name__)


@bp.get("/people")
def people():
    connection = ldap.initialize("ldaps://people.example")
    wanted = f"(uid={request.args['name']})"
    # ruleid: shipway.queries.directory-search-from-request
    return {"people": connection.search_s("dc=town", ldap.SCOPE_SUBTREE, wanted)}


@bp.get("/people/<name>")
def person(name):
    connection = ldap3.Connection("people.example")
    # ruleid: shipway.queries.directory-search-from-request
    connection.search("dc=town", "(uid=" + name + ")")
    return {"people": connection.entries}
