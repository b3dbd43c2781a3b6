"""A town's pipeline with everything that GitHub can have of it."""

from __future__ import annotations

from shipway.core.config import Application, Config, Environment
from shipway.core.settings.aws import Ecs
from shipway.core.settings.github import GitHub, Scanners

ECS = Environment(platform="ecs", ecs=Ecs(timeout=3600))
DIGEST = "sha256:" + "5" * 64
ALL = Scanners("1.1301.0", DIGEST, DIGEST, ecr=True, secret_scanning=True)
CONFIG = Config(
    Application(name="town"),
    environments={"local": Environment(), "development": ECS, "staging": ECS, "production": ECS},
    github=GitHub(codecov=True, scanners=ALL),
)
