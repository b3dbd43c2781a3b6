from flask import Flask, request
from werkzeug.middleware.proxy_fix import ProxyFix

app = Flask(__name__)
app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1)


@app.before_request
def limit():
    language = request.headers.get("Accept-Language")
    return count(request.remote_addr, language)
