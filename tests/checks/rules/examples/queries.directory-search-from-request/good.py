import ldap
from flask import Blueprint, request
from ldap.filter import escape_filter_chars

bp = Blueprint("people", __name__)


@bp.get("/people")
def people():
    connection = ldap.initialize("ldaps://people.example")
    wanted = f"(uid={escape_filter_chars(request.args['name'])})"
    return {"people": connection.search_s("dc=town", ldap.SCOPE_SUBTREE, wanted)}
