"""What tests share stays as it was."""

import pytest
from flask import Flask
from sqlalchemy import delete
from sqlalchemy.exc import OperationalError

from main.extensions import db
from main.models import Ward


def test_a_shared_town_cannot_be_changed(town: Flask) -> None:
    with town.app_context(), pytest.raises(OperationalError, match="readonly"):
        db.session.execute(delete(Ward))
