from flask import Blueprint, Flask, send_from_directory

app = Flask(__name__, static_folder="static")
pages = Blueprint("pages", __name__, static_folder="public")


@app.get("/files/<path:name>")
def files(name):
    return send_from_directory("static", name)
