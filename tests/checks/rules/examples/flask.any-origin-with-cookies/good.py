from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from flask import Flask
from flask_cors import CORS

app = Flask(__name__)
CORS(app)
CORS(app, origins="*")
CORS(app, origins=["https://town.example"], supports_credentials=True)
CORS(app, resources={r"/api/*": {"origins": "*"}})
CORS(app, resources={r"/a/*": {"origins": ["https://a.example"]}}, supports_credentials=True)

api = FastAPI()
api.add_middleware(CORSMiddleware, allow_origins=["*"])
api.add_middleware(
    CORSMiddleware, allow_origins=["https://town.example"], allow_credentials=True
)
