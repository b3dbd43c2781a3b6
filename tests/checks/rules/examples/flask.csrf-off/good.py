from flask import Flask
from flask_wtf.csrf import CSRFProtect

app = Flask(__name__)
app.config["WTF_CSRF_ENABLED"] = True
csrf = CSRFProtect(app)


class TestConfig:
    TESTING = True
    WTF_CSRF_ENABLED = False


@app.post("/transfer")
def transfer():
    return {}


@duties.exempt
def donate():
    return None
