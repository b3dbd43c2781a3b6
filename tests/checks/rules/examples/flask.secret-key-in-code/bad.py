import os

from flask import Flask

app = Flask(__name__)
# ruleid: shipway.flask.secret-key-in-code
app.secret_key = "do not tell"
# ruleid: shipway.flask.secret-key-in-code
app.config["SECRET_KEY"] = "do not tell"
# ruleid: shipway.flask.secret-key-in-code
app.config.update(SECRET_KEY="do not tell")
# ruleid: shipway.flask.secret-key-in-code
app.config["SECRET_KEY"] = os.environ.get("SECRET_KEY", "dev")


class Config:
    # ruleid: shipway.flask.secret-key-in-code
    SECRET_KEY = os.getenv("SECRET_KEY") or "change me"
