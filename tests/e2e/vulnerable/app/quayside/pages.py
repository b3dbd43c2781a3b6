"""Pages for people."""

from flask import Blueprint, Response, render_template, render_template_string, request
from jinja2 import Environment, FileSystemLoader, select_autoescape
from markupsafe import Markup, escape

blueprint = Blueprint("pages", __name__)

letters = Environment(loader=FileSystemLoader("letters"), autoescape=False)
signs = Environment(loader=FileSystemLoader("signs"), autoescape=select_autoescape())


@blueprint.get("/")
def home():
    return render_template("home.html", name=request.args.get("name", ""))


@blueprint.get("/greeting")
def greeting():
    name = request.args.get("name", "")
    return render_template_string("<p>Welcome aboard, " + name + "</p>")


@blueprint.get("/farewell")
def farewell():
    name = request.args.get("name", "")
    return render_template_string("<p>Fair winds, {{ name }}</p>", name=name)


@blueprint.get("/note")
def note():
    return render_template("note.html", note=Markup(request.args.get("note", "")))


@blueprint.get("/remark")
def remark():
    shown = Markup("<em>{}</em>").format(request.args.get("remark", ""))
    return render_template("note.html", note=shown)


@blueprint.get("/search")
def search():
    wanted = request.args.get("q", "")
    return Response(f"<h1>Nothing found for {wanted}</h1>", mimetype="text/html")


@blueprint.get("/found")
def found():
    wanted = escape(request.args.get("q", ""))
    return Response(f"<h1>Found {wanted}</h1>", mimetype="text/html")


@blueprint.get("/board")
def board():
    return render_template(
        "board.html",
        notice=request.args.get("notice", ""),
        tide=request.args.get("tide", ""),
        ship=request.args.get("ship", ""),
    )
