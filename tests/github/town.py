"""A town's pipeline with everything that GitHub can have of it."""

from __future__ import annotations

from shipway.config.aws import Ecs
from shipway.config.schema import Application, Config, Environment
from shipway.config.tables import GitHub, Scanners

ECS = Environment(platform="ecs", ecs=Ecs(timeout=3600))
DIGEST = "sha256:" + "5" * 64
ALL = Scanners("1.1301.0", DIGEST, DIGEST, ecr=True, secret_scanning=True)
CONFIG = Config(
    application=Application(name="town"),
    environments={"local": Environment(), "development": ECS, "staging": ECS, "production": ECS},
    github=GitHub(codecov=True, scanners=ALL),
)
