from flask import Blueprint, Response, make_response, request

bp = Blueprint("pages", __name__)


@bp.get("/search")
def search():
    wanted = request.args.get("q", "")
    page = f"<h1>Nothing found for {wanted}</h1>"
    # ruleid: shipway.flask.page-from-request
    return page


@bp.get("/hello/<name>")
def hello(name):
    # ruleid: shipway.flask.page-from-request
    return "<p>Hello, " + name + "</p>", 200


@bp.get("/percent")
def percent():
    # ruleid: shipway.flask.page-from-request
    return make_response("<p>%s</p>" % request.args["q"])


@bp.get("/format")
def formatted():
    # ruleid: shipway.flask.page-from-request
    return Response("<p>{}</p>".format(request.form["q"]))
