"""What the tests of rollouts and of stacks stand on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.local_site import Site
    from tests.infrastructure.ministack import Here


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """An environment on this machine; what it started is stopped."""
    from tests.e2e.local_site import Site

    site = Site(tmp_path)
    yield site
    site.platform().down()
    site.record.close()


@pytest.fixture(scope="session")
def ministack_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    """One MiniStack for all tests of a worker."""
    from tests.infrastructure.ministack import Here, ministack
    from tests.infrastructure.ministack_proxy import Difference, mended

    differences: list[Difference] = []
    folder = tmp_path_factory.mktemp("ministack")
    with ministack(folder) as bare, mended(bare, lambda: differences) as address:
        here = Here(address)
        here.differences = differences
        yield here


@pytest.fixture
def aws(ministack_server: Here) -> Here:
    """An account with nothing in it."""
    ministack_server.reset()
    return ministack_server
