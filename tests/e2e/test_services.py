"""Real PostgreSQL and Redis, as this machine or PyPI has them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.pipeline.contexts import BESIDE, workshop
from tests.pipeline.redis_service import left, outside

from shipway.config.schema import Application, Config
from shipway.config.tables import Service
from shipway.pipeline.service_kinds import KINDS
from shipway.pipeline.services import start_services
from shipway.system.network import service_answers

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("path", ["/usr/bin:/bin", os.environ["PATH"]], ids=["PyPI", "PATH"])
def test_both_answer_and_are_gone_afterwards(tmp_path: Path, path: str) -> None:
    config = Config(
        application=Application(name="tiny"),
        services={"postgres": Service("16"), "redis": Service("9")},
    )
    environment = {**os.environ, "PATH": f"{BESIDE}:{path}"}
    context = workshop(tmp_path, config=config, environment=environment)
    said: list[str] = []
    with start_services(context, said.append, outside(), {}) as provided:
        for name, kind in KINDS.items():
            port = int(provided.variables[kind.variable].rpartition(":")[2].split("/")[0])
            assert service_answers(name, "127.0.0.1", port)
        assert provided.hidden[0] in provided.variables["DATABASE_URL"]
    assert left(tmp_path) == []
    assert [line.split(":")[0] for line in said if not line.startswith("warning")] == list(KINDS)
