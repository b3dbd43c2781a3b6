import traceback

from flask import Blueprint, abort, jsonify

bp = Blueprint("wards", __name__)


@bp.get("/wards")
def wards():
    try:
        return {"wards": load()}
    except Exception as error:
        # ruleid: shipway.flask.error-shown
        return {"error": str(error)}, 500


@bp.get("/people")
def people():
    try:
        return {"people": load()}
    except Exception as error:
        # ruleid: shipway.flask.error-shown
        return jsonify(error=f"failed: {error}")


@bp.get("/boats")
def boats():
    try:
        return {"boats": load()}
    except Exception as error:
        # ruleid: shipway.flask.error-shown
        abort(500, description=str(error))


@bp.errorhandler(500)
def failed(error):
    # ruleid: shipway.flask.error-shown
    return "<pre>" + traceback.format_exc() + "</pre>", 500
