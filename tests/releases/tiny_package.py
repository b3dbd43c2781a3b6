"""An application of one module, to be installed and packaged."""

from __future__ import annotations

from pathlib import Path

from tests.pipeline.contexts import workshop

from shipway.config.schema import Application, Config
from shipway.pipeline.step import Step, StepKind
from shipway.pipeline.step_context import StepContext


def package_step(*files: str) -> Step:
    return Step(
        name="package",
        stage="build",
        kind=StepKind.ACTION,
        work={"action": "package"},
        inputs=files or ("**",),
    )


def shop_for(root: Path, lock: str = "requirements.txt", version: str = "1.0") -> StepContext:
    application = Application(name="tiny", version=version, lock=lock)
    return workshop(root, config=Config(application=application), commit="abcdef0123")
