from flask import make_response


def remember(ward):
    response = make_response({"ward": ward})
    # ruleid: shipway.flask.cookie-for-other-sites
    response.set_cookie("ward", ward, secure=True, httponly=True)
    # ruleid: shipway.flask.cookie-for-other-sites
    response.set_cookie("last", ward, secure=True, httponly=True, samesite="None")
    return response
