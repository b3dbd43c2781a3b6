import os
import socket

from flask import Flask

app = Flask(__name__)
listener = socket.socket()
listener.bind(("127.0.0.1", 8080))

if __name__ == "__main__":
    app.run(host=os.environ.get("HOST", "127.0.0.1"), port=8080)
