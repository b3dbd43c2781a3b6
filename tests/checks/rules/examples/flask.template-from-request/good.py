from flask import Blueprint, render_template, render_template_string, request
from jinja2 import Template

bp = Blueprint("notes", __name__)
LETTERS = {"welcome": "Welcome, {{ name }}", "bye": "Bye, {{ name }}"}


@bp.get("/preview")
def preview():
    return render_template("preview.html", text=request.args["text"])


@bp.post("/hello/<name>")
def hello(name):
    return render_template_string("<h1>Hello, {{ name }}</h1>", name=name)


@bp.post("/mail")
def mail():
    return Template("Dear {{ name }}").render(name=request.form["name"])


@bp.post("/letter")
def letter():
    return render_template_string(LETTERS[request.args["kind"]], name="Ann")
