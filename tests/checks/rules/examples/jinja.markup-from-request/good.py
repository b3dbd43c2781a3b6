import nh3
from flask import Blueprint, render_template, request
from markupsafe import Markup, escape

bp = Blueprint("notes", __name__)


@bp.get("/search")
def search():
    return render_template("search.html", wanted=request.args["q"])


@bp.get("/hello/<name>")
def hello(name):
    greeting = Markup("<b>{}</b>").format(name)
    return render_template("hello.html", greeting=greeting, name=escape(name))


@bp.post("/note")
def note():
    return render_template("note.html", note=Markup(nh3.clean(request.form["note"])))
