"""Flask's extensions, made here and bound to the application by create_app."""

from flask_caching import Cache
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import DeclarativeBase


class Base(DeclarativeBase):
    """What every model derives from."""


db = SQLAlchemy(model_class=Base)
migrate = Migrate()
cache = Cache()
limiter = Limiter(get_remote_address)
