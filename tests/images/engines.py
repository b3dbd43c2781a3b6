"""Real builders for tests, on storage of their own, and images that are quick to build.

buildah keeps its layers below ~/.cache/shipway-tests, so that the base is there the next time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.e2e import engine
from tests.left_out import leave_out, need

SMALL = (
    'FROM scratch\nCOPY main /app/main\nCOPY data /app/data\nUSER 10001\nCMD ["/app/main/run"]\n'
)
BASE = "localhost/shipway-tests/base:bookworm"


def storage(folder: Path, driver: str = "vfs") -> dict[str, str]:
    """Variables under which buildah works in a folder of its own. Skips where it cannot.

    vfs leaves no mounts behind, so that the folder can be removed; overlay is quick with a base.
    """
    need("buildah")
    folder.mkdir(parents=True, exist_ok=True)
    configuration = folder / "storage.conf"
    configuration.write_text(
        f'[storage]\ndriver = "{driver}"\ngraphroot = "{folder / "graph"}"\n'
        f'runroot = "{folder / "run"}"\n'
    )
    variables = {"CONTAINERS_STORAGE_CONF": str(configuration), "BUILDAH_ISOLATION": "chroot"}
    if _buildah(variables, "info").returncode:
        leave_out("buildah", f"it may not work here with {driver}")
    return variables


def _buildah(variables: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ("buildah", *words),
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def buildah(variables: dict[str, str], *words: str) -> str:
    """What buildah prints."""
    done = _buildah(variables, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def with_base(folder: Path) -> dict[str, str]:
    """`storage` with Debian and Python in it, which trusts the certificates that this machine does.

    A machine behind a proxy has certificates of its own, without which pip fetches nothing.
    """
    variables = storage(folder, "overlay")
    if _buildah(variables, "inspect", "--type", "image", BASE).returncode:
        context = folder / "base"
        context.mkdir(exist_ok=True)
        shutil.copyfile(engine.base_tar(), context / "root.tar")
        copied = ""
        if trusted := os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE"):
            shutil.copyfile(trusted, context / "trusted.crt")
            copied = "ADD trusted.crt /etc/ssl/certs/trusted.crt\n"
            copied += "ENV PIP_CERT=/etc/ssl/certs/trusted.crt\n"
        (context / "Dockerfile").write_text(
            f'FROM scratch\nADD root.tar /\n{copied}CMD ["python3"]\n'
        )
        buildah(variables, "build", "--tag", BASE, str(context))
        shutil.rmtree(context)
    return variables


def docker() -> dict[str, str]:
    """Docker's engine, started where it is not yet. Skips where there is none."""
    engine.engine()
    return {}
