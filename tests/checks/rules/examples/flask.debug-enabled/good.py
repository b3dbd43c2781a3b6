import os

from flask import Flask

app = Flask(__name__)
app.debug = False
app.config["DEBUG"] = os.environ.get("FLASK_DEBUG") == "1"
app.config.update(TESTING=True)


class Pipeline:
    def run(self, debug=False):
        return debug


if __name__ == "__main__":
    app.run(port=8000)
    Pipeline().run(debug=True)
