from flask import make_response


def remember(ward):
    response = make_response({"ward": ward})
    # ruleid: shipway.flask.cookie-open-to-scripts
    response.set_cookie("ward", ward, secure=True, samesite="Lax")
    # ruleid: shipway.flask.cookie-open-to-scripts
    response.set_cookie("last", ward, secure=True, httponly=False, samesite="Lax")
    return response
