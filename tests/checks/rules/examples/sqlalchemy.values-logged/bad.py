from flask import Flask
from sqlalchemy import create_engine

# ruleid: shipway.sqlalchemy.values-logged
engine = create_engine("sqlite://", echo=True)
app = Flask(__name__)
# ruleid: shipway.sqlalchemy.values-logged
app.config["SQLALCHEMY_ECHO"] = True
