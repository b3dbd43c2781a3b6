import os

from flask import Flask

app = Flask(__name__)
app.secret_key = os.environ["SECRET_KEY"]
app.config["SECRET_KEY"] = os.environ.get("SECRET_KEY", "")
app.config.from_prefixed_env()


def create_app(settings):
    app.config.update(SECRET_KEY=settings.secret_key)
    return app


class TestConfig:
    TESTING = True
    SECRET_KEY = "only in tests"
