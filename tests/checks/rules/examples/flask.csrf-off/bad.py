from django.views.decorators.csrf import csrf_exempt
from flask import Flask
from flask_wtf.csrf import CSRFProtect

app = Flask(__name__)
# ruleid: shipway.flask.csrf-off
app.config["WTF_CSRF_ENABLED"] = False
csrf = CSRFProtect(app)


class Config:
    # ruleid: shipway.flask.csrf-off
    WTF_CSRF_ENABLED = False


# ruleid: shipway.flask.csrf-off
@csrf.exempt
@app.post("/transfer")
def transfer():
    return {}


# ruleid: shipway.flask.csrf-off
@csrf_exempt
def donate(request):
    return None
