from flask import Blueprint, current_app, render_template_string, request
from jinja2 import Template

bp = Blueprint("notes", __name__)


@bp.get("/preview")
def preview():
    # ruleid: shipway.flask.template-from-request
    return render_template_string(request.args["text"])


@bp.post("/hello/<name>")
def hello(name):
    text = f"<h1>Hello, {name}</h1>"
    # ruleid: shipway.flask.template-from-request
    return render_template_string(text)


@bp.post("/mail")
def mail():
    # ruleid: shipway.flask.template-from-request
    return Template("Dear " + request.form["name"]).render()


@bp.post("/letter")
def letter():
    # ruleid: shipway.flask.template-from-request
    template = current_app.jinja_env.from_string(request.get_json()["template"])
    return template.render()
