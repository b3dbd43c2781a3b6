from flask import Blueprint, Response, jsonify, make_response, render_template, request
from markupsafe import escape

bp = Blueprint("pages", __name__)


@bp.get("/search")
def search():
    wanted = request.args.get("q", "").strip()
    return render_template("results.html", wanted=wanted)


@bp.get("/escaped")
def escaped():
    wanted = request.args.get("q", "")
    return f"<h1>Nothing found for {escape(wanted)}</h1>"


@bp.get("/page")
def page():
    number = request.args.get("page", 1, type=int)
    return f"<p>Page {number}</p>"


@bp.get("/json/<name>")
def as_json(name):
    return jsonify({"name": name, "greeting": f"Hello, {name}"})


@bp.get("/plain")
def plain():
    return Response("Hello, " + request.args["name"], mimetype="text/plain")


@bp.get("/dictionary/<name>")
def dictionary(name: str):
    return {"name": name}


@bp.get("/constant")
def constant():
    return make_response("<p>Hello</p>")
