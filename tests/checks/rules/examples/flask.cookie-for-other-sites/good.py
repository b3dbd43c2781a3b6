from flask import make_response

OPTIONS = {"secure": True, "httponly": True, "samesite": "Lax"}


def remember(ward):
    response = make_response({"ward": ward})
    response.set_cookie("ward", ward, secure=True, httponly=True, samesite="Strict")
    response.set_cookie("seen", "yes", **OPTIONS)
    response.set_cookie("gone", "", max_age=0)
    return response
