from flask import Flask

app = Flask(__name__)
# ruleid: shipway.flask.session-cookie-unprotected
app.config["SESSION_COOKIE_HTTPONLY"] = False
# ruleid: shipway.flask.session-cookie-unprotected
app.config["REMEMBER_COOKIE_SECURE"] = False
# ruleid: shipway.flask.session-cookie-unprotected
app.config.update(SESSION_COOKIE_SECURE=False, SESSION_COOKIE_NAME="town")


class Config:
    # ruleid: shipway.flask.session-cookie-unprotected
    SESSION_COOKIE_SECURE = False
