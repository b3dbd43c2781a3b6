from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from flask import Flask
from flask_cors import CORS

app = Flask(__name__)
# ruleid: shipway.flask.any-origin-with-cookies
CORS(app, supports_credentials=True)
# ruleid: shipway.flask.any-origin-with-cookies
CORS(app, origins="*", supports_credentials=True)
# ruleid: shipway.flask.any-origin-with-cookies
CORS(app, origins=["https://town.example", "*"], supports_credentials=True)
# ruleid: shipway.flask.any-origin-with-cookies
CORS(app, resources={r"/api/*": {"origins": "*"}}, supports_credentials=True)

api = FastAPI()
# ruleid: shipway.flask.any-origin-with-cookies
api.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True)
