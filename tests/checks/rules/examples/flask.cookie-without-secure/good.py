from flask import make_response, request

OPTIONS = {"secure": True, "httponly": True, "samesite": "Lax"}


def remember(ward):
    response = make_response({"ward": ward})
    response.set_cookie("ward", ward, secure=True, httponly=True, samesite="Lax")
    response.set_cookie("last", ward, secure=request.is_secure, httponly=True, samesite="Lax")
    response.set_cookie("seen", "yes", **OPTIONS)
    response.set_cookie("gone", "", max_age=0)
    response.delete_cookie("old")
    jar.set_cookie(make_cookie("ward"))
    return response
