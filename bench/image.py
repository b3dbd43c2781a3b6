"""MyCandidate's image: size and build time against two common ways, and what a code change costs.

    python bench/image.py [--docker]

Compared, all by buildah on the same base (Debian with Python, made by mmdebstrap):
- Shipway: the Dockerfile of mycandidate/, as `shipway image build` builds it;
- single stage: `COPY . .` and then `pip install`, in one stage;
- base + pip install: `pip install` of the requirements, then `COPY . .`, as most tutorials do.
Cold means no layer but the base's; what pip fetches comes through the network each time. Then one
line of code changes. Sent is what a registry that has the image before lacks, compressed.
The same commit twice: in storages that know nothing of each other, as buildah alone has it and as
Shipway makes it of that. --docker: by docker's classic builder, too, whose engine has to run.
Times of a busy machine say little: beside them stand the CPU seconds of all that ran, and the share
of all cores that others had.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from tests.images.engines import BASE, buildah, docker, with_base  # noqa: E402  # needs the path

APPLICATION = ROOT / "mycandidate"
SHIPWAY = str(Path(sys.executable).parent / "shipway")
SINGLE = """ARG PYTHON_IMAGE
FROM ${PYTHON_IMAGE}
WORKDIR /app
COPY . .
RUN python3 -m venv /venv && /venv/bin/pip install -r requirements.txt
CMD ["/venv/bin/gunicorn", "-c", "gunicorn.conf.py", "main.wsgi:app"]
"""
PIP = """ARG PYTHON_IMAGE
FROM ${PYTHON_IMAGE}
WORKDIR /app
COPY requirements.txt .
RUN python3 -m venv /venv && /venv/bin/pip install -r requirements.txt
COPY . .
CMD ["/venv/bin/gunicorn", "-c", "gunicorn.conf.py", "main.wsgi:app"]
"""
_DATE = "2026-01-01T00:00:00Z"
_NAME = "shipway/mycandidate:built"  # what `shipway image build` lets builders call it
WAYS = {"single stage": SINGLE, "base + pip install": PIP}


@dataclass(frozen=True)
class Image:
    """digest; layers: compressed size by digest; added: bytes above the base, unpacked."""

    digest: str
    layers: Mapping[str, int]
    added: int


@dataclass(frozen=True)
class Took:
    """Seconds by the clock, and of CPU."""

    seconds: float
    cpu: float


@dataclass(frozen=True)
class Row:
    """One way: cold and after a change of code; MB added to the base; MB sent for the change."""

    name: str
    cold: Took
    changed: Took
    added: float
    sent: float


def main(words: list[str]) -> None:
    """Print both tables."""
    with tempfile.TemporaryDirectory(prefix="bench-image-") as folder:
        work = Path(folder)
        kept = with_base(Path.home() / ".cache" / "shipway-tests" / "buildah")
        archive = work / "base.tar"
        buildah(kept, "push", BASE, f"docker-archive:{archive}:{BASE}")
        fresh = [_fresh(work / f"storage{number}", archive) for number in range(2)]
        busy = _others()
        rows = [_shipway(work / "shipway", fresh[0])]
        rows += [_plain(name, text, work / name, fresh[0]) for name, text in WAYS.items()]
        print(f"others had {busy():.0%} of both cores\n")
        _table(rows)
        print("\nthe same commit twice")
        _twice(work, fresh, by_docker="--docker" in words, archive=archive)
        for one in fresh:
            _gone(one)


def _shipway(folder: Path, variables: Mapping[str, str]) -> Row:
    tree = _checkout(folder, "buildah")
    cold, first = _timed(lambda: _built(tree, variables))
    _change(tree)
    changed, second = _timed(lambda: _built(tree, variables))
    return Row("Shipway", cold, changed, first.added / 1e6, _sent(first, second) / 1e6)


def _plain(name: str, text: str, folder: Path, variables: Mapping[str, str]) -> Row:
    tree = _checkout(folder, "buildah")
    (tree / "Dockerfile").write_text(text)
    (tree / ".dockerignore").write_text(".git\n.shipway\ntests\n")
    cold, first = _timed(lambda: _by_buildah(tree, variables))
    _change(tree)
    changed, second = _timed(lambda: _by_buildah(tree, variables))
    return Row(name, cold, changed, first.added / 1e6, _sent(first, second) / 1e6)


def _twice(work: Path, fresh: list[dict[str, str]], *, by_docker: bool, archive: Path) -> None:
    tree = _checkout(work / "twice", "buildah")
    digests = {}
    for number, variables in enumerate(fresh, 1):
        shutil.rmtree(tree / ".shipway", ignore_errors=True)
        made = _built(tree, variables).digest
        digests[f"buildah alone, storage {number}"] = _raw(variables)
        digests[f"Shipway with buildah, storage {number}"] = made
    if by_docker:
        docker()
        subprocess.run(("docker", "load", "--input", archive), check=True, capture_output=True)
        settings = (tree / "shipway.toml").read_text().replace('"buildah"', '"docker"')
        (tree / "shipway.toml").write_text(settings)
        _commit(tree)
        for number in (1, 2):
            _forget()
            shutil.rmtree(tree / ".shipway", ignore_errors=True)
            made = _built(tree, {}).digest
            inspect = ("docker", "image", "inspect", "--format", "{{.Id}}", _NAME)
            digests[f"docker classic alone, build {number}"] = _run(inspect, tree, {}).strip()
            digests[f"Shipway with docker classic, build {number}"] = made
    for name in sorted(digests):
        print(f"{name:<40} {digests[name][:26]}…")


def _raw(variables: Mapping[str, str]) -> str:
    """The digest that buildah itself gives to what it built."""
    said = buildah(dict(variables), "inspect", "--type", "image", f"localhost/{_NAME}")
    return str(json.loads(said)["FromImageDigest"])


def _built(tree: Path, variables: Mapping[str, str]) -> Image:
    done = _run((SHIPWAY, "image", "build", "--json"), tree, variables)
    found = json.loads(done)
    layout = tree / ".shipway" / "image" / "blobs" / "sha256"
    manifest = json.loads((layout / found["digest"][7:]).read_text())
    layers = {one["digest"]: one["size"] for one in manifest["layers"]}
    return Image(found["digest"], layers, found["added"])


def _by_buildah(tree: Path, variables: Mapping[str, str]) -> Image:
    """By buildah alone, as a person would: with its cache of layers."""
    name, base = "localhost/bench:built", ("--build-arg", f"PYTHON_IMAGE={BASE}")
    buildah(dict(variables), "build", "--layers", "--tag", name, *base, str(tree))
    with tempfile.TemporaryDirectory() as folder:
        buildah(dict(variables), "push", name, f"oci:{folder}/x")
        blobs = Path(folder, "x", "blobs", "sha256")
        index = json.loads(Path(folder, "x", "index.json").read_text())
        digest = index["manifests"][0]["digest"]
        layers = json.loads((blobs / digest[7:]).read_text())["layers"]
        sizes = [_unpacked(blobs / one["digest"][7:]) for one in layers]
        return Image(digest, {one["digest"]: one["size"] for one in layers}, sum(sizes[1:]))


def _unpacked(path: Path) -> int:
    with subprocess.Popen(("gzip", "-dc", path), stdout=subprocess.PIPE) as pipe:
        assert pipe.stdout is not None
        return sum(len(data) for data in iter(lambda: pipe.stdout.read(1 << 20), b""))  # type: ignore[union-attr]  # asserted above


def _sent(before: Image, after: Image) -> int:
    return sum(size for digest, size in after.layers.items() if digest not in before.layers)


def _checkout(folder: Path, builder: str) -> Path:
    """MyCandidate as a repository of its own, with one commit."""
    shutil.copytree(
        APPLICATION, folder, ignore=shutil.ignore_patterns(".shipway", ".venv", "__pycache__")
    )
    text = (folder / "shipway.toml").read_text().replace("[image]", "#")
    text = "\n".join(line for line in text.splitlines() if not line.startswith("added_mb"))
    image = f'\n[image]\nbuilder = "{builder}"\npython_image = "{BASE}"\n'
    (folder / "shipway.toml").write_text(text + image)
    _git(folder, "init", "--quiet")
    _commit(folder)
    return folder


def _change(tree: Path) -> None:
    with (tree / "main" / "pages.py").open("a") as file:
        file.write("# one more line\n")
    _commit(tree)


def _commit(tree: Path) -> None:
    _git(tree, "add", "--all")
    _git(tree, "-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-qm", "work")


def _git(tree: Path, *words: str) -> None:
    when = {"GIT_AUTHOR_DATE": _DATE, "GIT_COMMITTER_DATE": _DATE}  # the same commit each time
    subprocess.run(
        ("git", *words), cwd=tree, check=True, capture_output=True, env={**os.environ, **when}
    )


def _fresh(folder: Path, archive: Path) -> dict[str, str]:
    """A storage of buildah's with nothing but the base."""
    folder.mkdir()
    configuration = folder / "storage.conf"
    configuration.write_text(
        f'[storage]\ndriver = "overlay"\ngraphroot = "{folder / "graph"}"\n'
        f'runroot = "{folder / "run"}"\n'
    )
    variables = {"CONTAINERS_STORAGE_CONF": str(configuration), "BUILDAH_ISOLATION": "chroot"}
    buildah(variables, "pull", f"docker-archive:{archive}")
    return variables


def _gone(variables: Mapping[str, str]) -> None:
    """Take a storage's mounts away, so that its folder can be removed."""
    graph = Path(variables["CONTAINERS_STORAGE_CONF"]).parent / "graph" / "overlay"
    buildah(dict(variables), "rm", "--all")
    subprocess.run(("umount", "--lazy", graph), capture_output=True, check=False)


def _forget() -> None:
    """Let docker's classic builder know no layer."""
    for words in (("rmi", "--force", _NAME), ("image", "prune", "--force")):
        subprocess.run(("docker", *words), capture_output=True, check=False)


def _run(words: tuple[str, ...], tree: Path, variables: Mapping[str, str]) -> str:
    done = subprocess.run(
        words,
        cwd=tree,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}: {done.stderr[-2000:]}")
    return done.stdout


def _timed(work: Callable[[], Image]) -> tuple[Took, Image]:
    began, cpu = time.monotonic(), _children()
    image = work()
    return Took(time.monotonic() - began, _children() - cpu), image


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _others() -> Callable[[], float]:
    """The share of all cores that was in use by others since now."""
    began, cpu, own = time.monotonic(), _cpu(), sum(os.times()[:4])

    def share() -> float:
        cores = os.cpu_count() or 1
        used = _cpu() - cpu - (sum(os.times()[:4]) - own)
        return max(0.0, used / (cores * (time.monotonic() - began)))

    return share


def _cpu() -> float:
    """Seconds of CPU that all processes have had (proc(5), /proc/stat: user, nice, system)."""
    with open("/proc/stat", encoding="ascii") as file:
        fields = file.readline().split()[1:4]
    return sum(map(int, fields)) / os.sysconf("SC_CLK_TCK")


def _table(rows: list[Row]) -> None:
    head = ("", "cold", "(CPU)", "code changed", "(CPU)", "added to base", "sent again")
    print("{:<20}{:>10}{:>10}{:>14}{:>10}{:>15}{:>12}".format(*head))
    for row in rows:
        print(
            f"{row.name:<20}{row.cold.seconds:>8.1f} s{row.cold.cpu:>8.1f} s"
            f"{row.changed.seconds:>12.1f} s{row.changed.cpu:>8.1f} s{row.added:>12.1f} MB"
            f"{row.sent:>9.2f} MB"
        )
    first = rows[0]
    for row in rows[1:]:
        cold, changed = (
            one.seconds / other.seconds
            for one, other in ((first.cold, row.cold), (first.changed, row.changed))
        )
        print(
            f"Shipway ÷ {row.name}: cold {cold:.2f}, code changed {changed:.2f}, "
            f"added {first.added / row.added:.2f}, sent {first.sent / row.sent:.3f}"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
