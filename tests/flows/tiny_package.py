"""An application of one module, to be installed and packaged."""

from __future__ import annotations

from pathlib import Path

from tests.flows.shop import workshop

from shipway.core.config import Application, Config
from shipway.core.step import Kind, Step
from shipway.flows.workshop import Workshop


def package_step(*files: str) -> Step:
    return Step(
        "package", "build", Kind.ACTION, {"action": "package"}, inputs=files or ("**",)
    )  # fmt: skip


def shop_for(root: Path, lock: str = "requirements.txt", version: str = "1.0") -> Workshop:
    application = Application(name="tiny", version=version, lock=lock)
    return workshop(root, config=Config(application), commit="abcdef0123")
