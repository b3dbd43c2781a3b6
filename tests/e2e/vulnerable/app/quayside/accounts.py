"""Accounts: passwords, sessions, tokens."""

import hashlib
import hmac
import logging
import random
import secrets
from urllib.parse import urlsplit

import jwt
from flask import Blueprint, abort, make_response, redirect, request, session, url_for
from werkzeug.security import check_password_hash, generate_password_hash

from quayside.database import connection
from quayside.settings import SIGNING_KEY

blueprint = Blueprint("accounts", __name__)
log = logging.getLogger(__name__)

TIPS = ["Mind the tide.", "Call channel 12.", "Fenders out."]


def old_digest(password):
    return hashlib.md5(password.encode()).hexdigest()


def pin_digest(pin):
    hashed_pin = hashlib.sha1(pin.encode())
    return hashed_pin.hexdigest()


def page_tag(body):
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def reset_token():
    return "".join(random.choice("abcdefghjkmnpqrstuvwxyz23456789") for _ in range(20))


def invitation():
    return secrets.token_hex(16)


def tip_of_the_day():
    return random.choice(TIPS)


@blueprint.post("/login")
def login():
    name, password = request.form["name"], request.form["password"]
    row = connection().execute("SELECT * FROM users WHERE name = ?", (name,)).fetchone()
    if row is None or not check_password_hash(row["password"], password):
        log.warning("login failed for %s with password %s", row and row["id"], password)
        abort(403)
    session["user"] = row["id"]
    log.info("password accepted for user %s", row["id"])
    return redirect(url_for("pages.home"))


@blueprint.get("/after-login")
def after_login():
    target = request.args.get("next", "/")
    return redirect(target)


@blueprint.get("/after-logout")
def after_logout():
    wanted = request.args.get("next", "/")
    parts = urlsplit(wanted)
    if parts.scheme or parts.netloc or not wanted.startswith("/") or "\\" in wanted:
        wanted = url_for("pages.home")
    return redirect(wanted)


@blueprint.post("/register")
def register():
    digest = generate_password_hash(request.form["password"])
    connection().execute(
        "INSERT INTO users (name, password) VALUES (?, ?)", (request.form["name"], digest)
    )
    return redirect(url_for("pages.home"))


@blueprint.post("/address")
def change_address():
    if "user" not in session:
        abort(401)
    connection().execute(
        "UPDATE users SET address = ? WHERE id = ?", (request.form["address"], session["user"])
    )
    return "", 204


@blueprint.post("/profile")
def profile():
    if "user" not in session:
        abort(401)
    user = User.of(session["user"])
    for field, value in request.get_json().items():
        setattr(user, field, value)
    user.save()
    return "", 204


@blueprint.get("/remember")
def remember():
    answer = make_response("", 204)
    answer.set_cookie("remember", secrets.token_urlsafe(24), httponly=True, samesite="Lax")
    return answer


@blueprint.get("/device")
def device():
    answer = make_response("", 204)
    answer.set_cookie("device", secrets.token_urlsafe(24), secure=True, samesite="Lax")
    return answer


@blueprint.get("/language")
def language():
    answer = make_response("", 204)
    answer.set_cookie("language", "en", secure=True, httponly=True, samesite="Strict")
    return answer


def reader(token):
    return jwt.decode(token, options={"verify_signature": False})["sub"]


def writer(token):
    return jwt.decode(token, SIGNING_KEY, algorithms=["HS256"])["sub"]


def crane_may_move(given, expected_token):
    return given == expected_token


def lock_may_open(given, expected_token):
    return hmac.compare_digest(given, expected_token)


class User:
    def __init__(self, number, name, role="guest", address=""):
        self.number, self.name, self.role, self.address = number, name, role, address

    @classmethod
    def of(cls, number):
        row = connection().execute("SELECT * FROM users WHERE id = ?", (number,)).fetchone()
        return cls(row["id"], row["name"], row["role"], row["address"])

    def save(self):
        connection().execute(
            "UPDATE users SET name = ?, role = ?, address = ? WHERE id = ?",
            (self.name, self.role, self.address, self.number),
        )
