from flask import Flask
from jinja2 import Environment, select_autoescape

app = Flask(__name__)
app.jinja_env.autoescape = True
app.jinja_options = {"trim_blocks": True}
environment = Environment(autoescape=select_autoescape())
other = Environment(autoescape=True)
