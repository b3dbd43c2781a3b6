"""How far a reader has to go: three walks through the code grow no longer unseen."""

from __future__ import annotations

import pytest
from bench.walks import WALKS, Walk

# `bench/walks.py` counts 21, 79 (51 within EcsPlatform.deploy) and 18. There is room for a new idea
# or two, so that branches that are merged at the same time do not fail here; not for a new layer.
MOST = {"finding": 25, "deploy": 90, "window": 22}
MOST_WITHIN_PLATFORM = 56
STATIONS = {
    "finding": (
        "checks/bandit.py",
        "pipeline/gates.py",
        "findings/deduplication.py",
        "reports/html.py",
    ),
    "deploy": (
        "cli/parser.py",
        "cli/attestation.py",
        "rollouts/ecs/platform.py",
        "rollouts/ecs/preflight/checklist.py",
        "rollouts/ecs/rollout.py",
        "rollouts/ecs/deployment_watcher.py",
        "reports/html.py",
    ),
    "window": ("rollouts/analysis/judge.py", "rollouts/local/proxy.py"),
}


@pytest.fixture(scope="module")
def walks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Walk]:
    """All three, taken once."""
    return {name: walk(tmp_path_factory.mktemp(name)) for name, walk in WALKS.items()}


@pytest.mark.parametrize("name", WALKS)
def test_a_walk_passes_what_it_must_and_few_files_besides(
    name: str, walks: dict[str, Walk]
) -> None:
    files = walks[name].files
    assert [file for file in files if file in STATIONS[name]] == list(STATIONS[name])
    assert len(files) <= MOST[name], files


def test_what_only_stand_ins_or_imports_call_does_not_count(walks: dict[str, Walk]) -> None:
    # The stand-in for ECS goes by Shipway's state machine; on ECS, Shipway itself does not.
    walk = walks["deploy"]
    assert "rollouts/state_machine.py" not in walk.files
    assert "checks/registry.py" not in walk.files


def test_what_a_platform_is_given_to_call_is_passed_within_it(walks: dict[str, Walk]) -> None:
    walk = walks["deploy"]
    assert {
        "rollouts/ecs/preflight/network.py",
        "rollouts/ecs/one_off_task.py",
        "rollouts/ecs/deployment_watcher.py",
        "rollouts/analysis/judge.py",
    } <= walk.within
    assert "cli/parser.py" not in walk.within
    assert len(walk.within) <= MOST_WITHIN_PLATFORM, walk.within
