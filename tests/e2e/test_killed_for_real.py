"""A deploying process that dies at each kind of action; real Envoy, gunicorn and clients.

Every writing of every strategy: `make soak` (tests/e2e/soak.py).
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.e2e.dying import Death
from tests.e2e.local_site import GOOD, Client
from tests.e2e.ordeal import WRONG, Ordeal

from shipway.pipeline.outcome import Verdict

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def ordeal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ordeal]:
    """One for all: each rollout leaves one release with all requests, as the next one needs."""
    ordeal = Ordeal(tmp_path_factory.mktemp("ordeal"))
    yield ordeal
    ordeal.close()


@pytest.mark.parametrize(
    ("strategy", "during", "nth", "before", "command"),
    [
        ("rolling", "start new", 2, True, "resume"),  # started, and its pid not written down
        ("rolling", "join new", 1, False, "deploy"),
        ("canary", "shift", 1, True, "resume"),  # shifted, and not written down
        ("blue-green", "shift test", 1, True, "cancel"),
        ("blue-green", "smoke", 0, False, "rollback"),
        ("linear", "watch", 0, False, "cancel"),
        ("canary", "retire old", 2, True, "resume"),  # stopped, and not written down
    ],
)
def test_killed_at_an_action_no_request_fails_and_the_next_command_ends_it(
    ordeal: Ordeal, strategy: str, during: str, nth: int, before: bool, command: str
) -> None:
    ordeal.set(strategy)
    release = ordeal.release(GOOD)
    with Client(ordeal.site.port) as client:
        assert ordeal.kill(release, Death(nth, during, before))
        assert ordeal.end(release, command) is not None
    assert client.failed == 0, client.seen
    assert sum(client.seen.values()) > 100


@pytest.mark.parametrize("during", ["start old", "retire new"])
def test_killed_while_it_rolls_back_it_is_rolled_back_by_the_next_command(
    ordeal: Ordeal, during: str
) -> None:
    ordeal.set("rolling")
    old, release = ordeal.serving, ordeal.release(WRONG)
    with Client(ordeal.site.port) as client:
        assert ordeal.kill(release, Death(2, during))
        receipt = ordeal.end(release, "resume", good=False)
    assert receipt is not None and receipt.verdict is Verdict.ROLLED_BACK
    assert ordeal.serving.digest == old.digest
    assert client.failed == 0, client.seen
