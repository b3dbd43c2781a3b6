from django.utils.safestring import mark_safe
from flask import Blueprint, render_template, request
from markupsafe import Markup

bp = Blueprint("notes", __name__)


@bp.get("/search")
def search():
    # ruleid: shipway.jinja.markup-from-request
    return render_template("search.html", wanted=Markup(request.args["q"]))


@bp.get("/hello/<name>")
def hello(name):
    greeting = "<b>" + name + "</b>"
    # ruleid: shipway.jinja.markup-from-request
    return render_template("hello.html", greeting=Markup(greeting), name=mark_safe("x"))


@bp.get("/bye/<name>")
def bye(name):
    # ruleid: shipway.jinja.markup-from-request
    return render_template("bye.html", name=mark_safe(name))
