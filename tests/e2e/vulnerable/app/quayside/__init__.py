"""Quayside: berths, arrivals and papers of a small harbour."""

from flask import Flask
from flask_cors import CORS
from flask_wtf.csrf import CSRFProtect

from quayside import accounts, admin, berths, documents, exchange, feeds, pages, settings

csrf = CSRFProtect()


def create_app():
    app = Flask(__name__)
    app.config.from_object(settings)
    csrf.init_app(app)
    CORS(app, resources={r"/public/*": {"origins": "*"}}, supports_credentials=True)
    CORS(
        feeds.blueprint,
        resources={r"/feeds/*": {"origins": ["https://tides.quayside.test"]}},
        supports_credentials=True,
    )
    for part in (accounts, admin, berths, documents, exchange, feeds, pages):
        app.register_blueprint(part.blueprint)
    csrf.exempt(accounts.change_address)
    return app
