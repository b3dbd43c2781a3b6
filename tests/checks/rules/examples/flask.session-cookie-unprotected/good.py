from flask import Flask

app = Flask(__name__)
app.config["SESSION_COOKIE_SECURE"] = True
app.config["SESSION_REFRESH_EACH_REQUEST"] = False
app.config.update(SESSION_COOKIE_SECURE=True, SESSION_COOKIE_SAMESITE="Lax")


class TestConfig:
    TESTING = True
    SESSION_COOKIE_SECURE = False
