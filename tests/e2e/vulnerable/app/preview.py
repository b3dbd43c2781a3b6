"""Start the application for a look on this machine."""

from quayside import create_app

if __name__ == "__main__":
    create_app().run(host="127.0.0.1", port=8001, debug=False)
