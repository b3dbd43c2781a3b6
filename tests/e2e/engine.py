"""Docker for tests: the engine, a base image of Debian's own packages, and a tiny application's.

No registry of base images is asked: mmdebstrap makes the base once, and it is kept below
~/.cache/shipway-tests. Where the engine or mmdebstrap is missing, tests are left out by name.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network
from pathlib import Path

from tests.left_out import leave_out, need

BASE = "shipway-tests/base:bookworm"
KEPT = Path.home() / ".cache" / "shipway-tests"
PACKAGES = "python3,python3-venv,ca-certificates"

SERVER = """
import os, signal, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
if os.environ.get("CRASH") or "{crash}":
    sys.exit("this release cannot start")
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        if self.path == "/slow":
            time.sleep(1)
        body = b'{"ok": true}'
        self.send_response(200)
        self.send_header("X-Release", os.environ["RELEASE"])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
host, _, port = os.environ["BIND"].rpartition(":")
server = ThreadingHTTPServer((host, int(port)), Handler)
server.daemon_threads = False
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
print("serving", flush=True)
server.serve_forever()
server.server_close()
"""


def docker(*words: str, **options: object) -> str:
    """What docker prints. Raises CalledProcessError with what it said."""
    done = subprocess.run(
        ("docker", *words), capture_output=True, text=True, check=False, **options
    )  # type: ignore[call-overload]  # subprocess's own options
    if done.returncode:
        raise AssertionError(f"docker {' '.join(words[:2])}: {done.stderr.strip()}")
    return str(done.stdout.strip())


def engine() -> None:
    """It answers; started where it does not yet. Leaves the test out where there is none."""
    need("docker")
    with _alone("engine"):
        if _answers():
            return
        if os.getuid() != 0:
            leave_out("docker", "the engine does not answer, and only root may start it")
        KEPT.mkdir(parents=True, exist_ok=True)
        with (KEPT / "dockerd.log").open("ab") as log:
            subprocess.Popen(("dockerd",), stdout=log, stderr=log, start_new_session=True)
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if _answers():
                return
            time.sleep(0.3)
    leave_out("docker", f"the engine does not start here: {KEPT / 'dockerd.log'}")


def gateway() -> str:
    """This machine's address as containers see it."""
    found = json.loads(docker("network", "inspect", "bridge", "--format", "{{json .IPAM.Config}}"))
    network = found[0]
    # An engine that has made up its network itself tells of its own address only when started anew.
    return str(network.get("Gateway") or next(ip_network(network["Subnet"]).hosts()))


def base() -> str:
    """The base image's name; made where it is not there yet (about 40 s)."""
    with _alone("base"):
        if docker("images", "--quiet", BASE):
            return BASE
        tar = base_tar()
        docker("import", "--change", 'CMD ["python3"]', str(tar), BASE)
        return BASE


def base_tar() -> Path:
    """Debian with Python and venv, as a tar of a root file system."""
    need("mmdebstrap")
    path = KEPT / "bookworm.tar"
    with _alone("tar"):
        if not path.exists():
            KEPT.mkdir(parents=True, exist_ok=True)
            made = path.with_suffix(".part.tar")
            subprocess.run(
                (
                    "mmdebstrap",
                    "--quiet",
                    "--variant=minbase",
                    f"--include={PACKAGES}",
                    "bookworm",
                    str(made),
                ),
                check=True,
            )
            made.rename(path)
    return path


def image(folder: Path, *, crash: bool = False) -> str:
    """A tiny application's image, by its id."""
    folder.mkdir(parents=True)
    (folder / "server.py").write_text(SERVER.replace("{crash}", "yes" if crash else ""))
    (folder / "Dockerfile").write_text(
        f'FROM {base()}\nCOPY server.py /server.py\nCMD ["python3", "/server.py"]\n'
    )
    return docker("build", "--quiet", str(folder), env={**os.environ, "DOCKER_BUILDKIT": "0"})


def _answers() -> bool:
    return subprocess.run(("docker", "info"), capture_output=True, check=False).returncode == 0


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """One of all test processes of this machine."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / f"{name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
