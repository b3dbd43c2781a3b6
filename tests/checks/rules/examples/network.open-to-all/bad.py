import socket

from flask import Flask

app = Flask(__name__)
listener = socket.socket()
# ruleid: shipway.network.open-to-all
listener.bind(("0.0.0.0", 8080))

if __name__ == "__main__":
    # ruleid: shipway.network.open-to-all
    app.run(host="0.0.0.0", port=8080)
