from flask import Flask

app = Flask(__name__)
# ruleid: shipway.flask.debug-enabled
app.debug = True
# ruleid: shipway.flask.debug-enabled
app.config["DEBUG"] = True
# ruleid: shipway.flask.debug-enabled
app.config.update(DEBUG=True, TESTING=False)

if __name__ == "__main__":
    # ruleid: shipway.flask.debug-enabled
    app.run(port=8000, debug=True)
