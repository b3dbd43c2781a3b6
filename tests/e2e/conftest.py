"""What the tests of rollouts stand on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.test_local_platform import Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """An environment on this machine; what it started is stopped."""
    from tests.e2e.test_local_platform import Site

    site = Site(tmp_path)
    yield site
    site.platform().down()
    site.record.close()
