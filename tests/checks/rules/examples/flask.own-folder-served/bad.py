from flask import Flask, send_from_directory

# ruleid: shipway.flask.own-folder-served
app = Flask(__name__, static_folder=".")
# ruleid: shipway.flask.own-folder-served
other = Flask(__name__, static_url_path="", static_folder="../")


@app.get("/files/<path:name>")
def files(name):
    # ruleid: shipway.flask.own-folder-served
    return send_from_directory(".", name)
