from flask import Flask
from jinja2 import Environment

app = Flask(__name__)
# ruleid: shipway.jinja.escaping-off
app.jinja_env.autoescape = False
# ruleid: shipway.jinja.escaping-off
app.jinja_options = {"autoescape": False, "trim_blocks": True}
# ruleid: shipway.jinja.escaping-off
environment = Environment(trim_blocks=True, autoescape=False)
