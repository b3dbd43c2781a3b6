from flask import make_response


def remember(ward):
    response = make_response({"ward": ward})
    # ruleid: shipway.flask.cookie-without-secure
    response.set_cookie("ward", ward, httponly=True, samesite="Lax")
    # ruleid: shipway.flask.cookie-without-secure
    response.set_cookie("last", ward, secure=False, httponly=True, samesite="Lax")
    return response
