"""What the application is configured with."""

import os

SECRET_KEY = "{{FLASK_SECRET_KEY}}"
SIGNING_KEY = os.environ["QUAYSIDE_SIGNING_KEY"]
SQLALCHEMY_DATABASE_URI = "postgresql://quayside:{{DATABASE_PASSWORD}}@db.quayside.test/quayside"
REPLICA_URI = os.environ.get("QUAYSIDE_REPLICA", "postgresql:///quayside")

SESSION_COOKIE_SECURE = False
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
MAX_CONTENT_LENGTH = 8 * 1024 * 1024

PAPERS = os.environ.get("QUAYSIDE_PAPERS", "/var/lib/quayside/papers")
HARBOUR_ID = "6f1c2a52-0b0e-4d57-9d3f-5c1f6a3f9b10"
MAP_KEY = "{{GOOGLE_API_KEY}}"
PASSWORD_FIELD = "password"
