from flask import Flask
from sqlalchemy import create_engine

engine = create_engine("sqlite://")
quiet = create_engine("sqlite://", echo=False)
hidden = create_engine("sqlite://", echo=True, hide_parameters=True)
app = Flask(__name__)
app.config["SQLALCHEMY_ECHO"] = False
