"""An environment in which everything is as it should be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws
from tests.rollouts.ecs.environment import Standing


@pytest.fixture
def standing(tmp_path: Path) -> Iterator[Standing]:
    with mock_aws():
        yield Standing(tmp_path)
