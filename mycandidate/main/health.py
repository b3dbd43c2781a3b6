"""Health checks: the process is running (live), and can serve requests (ready)."""

from functools import cache

from alembic.config import Config
from alembic.script import ScriptDirectory
from flask import Blueprint, Response, json, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from main.database import MIGRATIONS
from main.extensions import db, limiter

bp = Blueprint("health", __name__, url_prefix="/health")
limiter.exempt(bp)


@bp.get("/live")
def live() -> Response:
    """The process is running."""
    return jsonify(status="live")


@bp.get("/ready")
def ready() -> Response:
    """The database is reachable, and its schema is the one that this release needs."""
    try:
        revisions = set(db.session.scalars(text("SELECT version_num FROM alembic_version")))
    except SQLAlchemyError as error:
        return _not_ready(
            f"The database cannot be asked for its schema ({type(error).__name__}).",
            remedy="Check DATABASE_URL, then run: flask --app main db upgrade",
        )
    heads = _head_revisions()
    if revisions != set(heads):
        return _not_ready(
            f"The schema is at {sorted(revisions)}, this release wants {sorted(heads)}.",
            remedy="Run: flask --app main db upgrade",
        )
    return jsonify(status="ready")


@cache
def _head_revisions() -> tuple[str, ...]:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return tuple(ScriptDirectory.from_config(config).get_heads())


def _not_ready(detail: str, *, remedy: str) -> Response:
    problem = {
        "type": "about:blank",
        "title": "Not ready",
        "status": 503,
        "detail": detail,
        "remedy": remedy,
    }
    return Response(json.dumps(problem), status=503, mimetype="application/problem+json")
