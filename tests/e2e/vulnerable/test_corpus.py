"""The answer sheet, the planted application and the advisories agree with each other."""

from __future__ import annotations

import ast
import base64
import json
import re
import subprocess
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from .plant import APP, HERE, PLACEHOLDER, Spot, answers, places, plant
from .synthetic import EXPONENT, github_checksum, rsa_numbers, values

FAULTS = answers()["fault"]
NEAR_MISSES = answers()["near_miss"]
ADVISORIES = {path.stem: json.loads(path.read_text()) for path in HERE.glob("advisories/*.json")}
FIELDS = {"id", "kind", "file", "match", "needs", "source", "words"}
MAY_HAVE = {"also", "commit", "whole_file", "advisory"}
PUBLIC = re.compile(r"CWE-\d+|CVE-\d+-\d+|CIS (AWS|Docker) \d|GitHub hardening: |Docker build best")
PEM = r"-----BEGIN NAME-----\n[\w+/=\n]+\n-----END NAME-----"
SHAPES = {
    "AWS_ACCESS_KEY_ID": r"AKIA[A-Z2-7]{16}",
    "AWS_SECRET_ACCESS_KEY": r"[A-Za-z0-9+/]{40}",
    "DATABASE_PASSWORD": r"[A-Za-z0-9]{22}",
    "FLASK_SECRET_KEY": r"[0-9a-f]{48}",
    "GITHUB_TOKEN": r"ghp_[A-Za-z0-9]{36}",
    "GOOGLE_API_KEY": r"AIza[A-Za-z0-9_-]{35}",
    "IMAGE_DIGEST": r"[0-9a-f]{64}",
    "JWT": r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]{43}",
    "PAYMENT_PASSWORD": r"[A-Za-z0-9]{22}",
    "PYPI_TOKEN": r"pypi-AgEIcHlwaS5vcmc[\w-]{85,}",
    "RDS_PASSWORD": r"[A-Za-z0-9]{22}",
    "RSA_PRIVATE_KEY": PEM.replace("NAME", "RSA PRIVATE KEY"),
    "RSA_PUBLIC_KEY": PEM.replace("NAME", "PUBLIC KEY"),
    "SENDGRID_KEY": r"SG\.[\w-]{22}\.[\w-]{43}",
    "SLACK_BOT_TOKEN": r"xoxb-\d{12}-\d{13}-[A-Za-z0-9]{24}",
    "SLACK_WEBHOOK": r"https://hooks\.slack\.com/services/T0\w{9}/B0\w{9}/[A-Za-z0-9]{24}",
    "STRIPE_LIVE_KEY": r"sk_live_[A-Za-z0-9]{24}",
}
NO_SECRETS = {"IMAGE_DIGEST", "RSA_PUBLIC_KEY"}
SUBJECTS = [
    "Containers, infrastructure and deployment",
    "Check and release in workflows",
    "The mail key comes from the environment",
    "Notices by mail and chat",
    "Publish the client as a package",
    "Berths, arrivals and papers",
]


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planted") / "quayside"
    plant(folder)
    return folder


def git(folder: Path, *words: str) -> str:
    command = ["git", "-C", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def files(folder: Path) -> list[Path]:
    everything = (path for path in folder.rglob("*") if path.is_file())
    return [path for path in everything if not {".git", "__pycache__"} & set(path.parts)]


# --- The answer sheet


def test_there_are_enough_faults_kinds_and_near_misses() -> None:
    kinds = Counter(fault["kind"] for fault in FAULTS)
    outdated = kinds.pop("outdated-dependency")
    secrets = [kind for kind in kinds if kind.startswith("secret-")]
    assert sum(kinds.values()) + min(outdated, 5) >= 44
    assert len(kinds) - len(secrets) + 1 >= 22, "with the secrets of every shape as one kind"
    assert len(NEAR_MISSES) >= 20
    assert len(secrets) >= 6


def test_every_entry_is_complete() -> None:
    for fault in FAULTS:
        assert FIELDS <= set(fault) <= FIELDS | MAY_HAVE, fault["id"]
        assert fault["needs"] in {"line", "flow", "meaning"}, fault["id"]
        assert PUBLIC.search(fault["source"]), fault["id"]
    for miss in NEAR_MISSES:
        needed = {"id", "like", "file", "match", "why"}
        assert needed <= set(miss) <= needed | {"also", "advisory"}, miss["id"]
        assert miss["like"] in {fault["kind"] for fault in FAULTS}, miss["id"]


def test_ids_are_unique() -> None:
    counted = Counter(entry["id"] for entry in FAULTS + NEAR_MISSES)
    assert [name for name, count in counted.items() if count > 1] == []


def test_every_match_is_one_line(planted: Path) -> None:
    found = places(planted)
    assert len(found) == len(FAULTS) + len(NEAR_MISSES)
    assert all(place.spot.line >= 1 for place in found.values())


def test_no_two_faults_of_a_kind_share_a_line(planted: Path) -> None:
    found = places(planted)
    where = Counter((found[fault["id"]].spot, fault["kind"]) for fault in FAULTS)
    assert [spot for spot, count in where.items() if count > 1] == []


def test_no_near_miss_shares_a_line_with_a_fault(planted: Path) -> None:
    found = places(planted)

    def spots(entries: list[dict[str, Any]]) -> set[Spot]:
        here = (found[entry["id"]] for entry in entries)
        return {spot for place in here if not place.commit for spot in (place.spot, *place.also)}

    assert spots(FAULTS) & spots(NEAR_MISSES) == set()


def test_a_match_does_not_depend_on_a_secret() -> None:
    text = (HERE / "faults.toml").read_text()
    assert [name for name, secret in values().items() if secret in text] == []


# --- The planted application


def test_the_python_files_compile_and_no_placeholder_is_left(planted: Path) -> None:
    for path in files(planted):
        assert not PLACEHOLDER.search(path.read_text()), path
        if path.suffix == ".py":
            ast.parse(path.read_text(), str(path))


def test_every_file_of_the_application_is_planted(planted: Path) -> None:
    names = {path.relative_to(APP) for path in files(APP)}
    assert names == {path.relative_to(planted) for path in files(planted)}


def test_nothing_in_the_files_says_that_it_is_planted() -> None:
    telling = re.compile(
        r"\bfault|vulnerab|insecure|exploit|nosec|noqa|shipway|unsafe(?!Loader)", re.I
    )
    for path in files(APP):
        assert not telling.search(path.read_text()), path


def test_planting_needs_an_empty_folder(planted: Path) -> None:
    with pytest.raises(FileExistsError):
        plant(planted)


def test_planting_twice_gives_the_same_commits(
    planted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / ".config/git").mkdir(parents=True)
    (home / ".gitconfig").write_text("[commit]\n\tgpgsign = true\n[core]\n\tautocrlf = true\n")
    (home / ".config/git/ignore").write_text("*\n")
    (home / ".config/git/attributes").write_text("* text eol=crlf\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    plant(tmp_path / "again")
    monkeypatch.delenv("GIT_DIR")
    assert git(tmp_path / "again", "rev-parse", "HEAD") == git(planted, "rev-parse", "HEAD")


# --- The secrets


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_a_secret_has_its_shape(name: str) -> None:
    assert re.fullmatch(SHAPES[name], values()[name])


def test_every_secret_has_a_shape_here() -> None:
    assert set(values()) == set(SHAPES)


def test_the_token_of_github_has_its_checksum() -> None:
    token = values()["GITHUB_TOKEN"]
    assert github_checksum(token[4:34]) == token[34:]


def test_the_token_says_how_it_is_signed() -> None:
    header, claims, _ = values()["JWT"].split(".")
    assert json.loads(base64.urlsafe_b64decode(header + "=="))["alg"] == "HS256"
    assert json.loads(base64.urlsafe_b64decode(claims + "=="))["sub"] == "probe"


def test_the_private_key_is_one() -> None:
    p, q = rsa_numbers()
    assert (p * q).bit_length() == 2048
    message = 20_240_301
    d = pow(EXPONENT, -1, (p - 1) * (q - 1))
    assert pow(pow(message, EXPONENT, p * q), d, p * q) == message
    body = values()["RSA_PRIVATE_KEY"].split("\n")[1:-1]
    assert (p * q).to_bytes(256, "big") in base64.b64decode("".join(body))


def test_no_secret_looks_like_an_example_or_a_word() -> None:
    for name in set(values()) - NO_SECRETS:
        secret = values()[name]
        assert len(set(secret)) >= 12, name
        assert not re.search(r"example|test|fake|dummy|sample|xxxx|1234", secret, re.I), name


def test_no_secret_stands_in_this_repository() -> None:
    kept = [path for path in files(HERE) if path.suffix != ".pyc"]
    shapes = [SHAPES[name] for name in set(SHAPES) - NO_SECRETS if "PASSWORD" not in name]
    pattern = re.compile("|".join(shape for shape in shapes if not shape.startswith("[")))
    for path in kept:
        text = path.read_text()
        assert not any(secret in text for secret in values().values()), path
        assert not [hit for hit in pattern.findall(text) if not re.search("EXAMPLE|xxxx", hit)], (
            path
        )


def test_every_secret_of_the_tree_is_where_the_answer_sheet_says(planted: Path) -> None:
    found = places(planted)
    lines = {
        (found[fault["id"]].spot.file, spot.line)
        for fault in FAULTS
        if "commit" not in fault
        for spot in (found[fault["id"]].spot, *found[fault["id"]].also)
    }
    for name in set(values()) - NO_SECRETS - {"PYPI_TOKEN", "SENDGRID_KEY"}:
        first = values()[name].split("\n")[0]
        for path in files(planted):
            for at, line in enumerate(path.read_text().splitlines(), start=1):
                if first in line:
                    assert (path.relative_to(planted).as_posix(), at) in lines, name


# --- The history


def test_the_history_is_what_it_should_be(planted: Path) -> None:
    assert git(planted, "log", "--format=%s").splitlines() == SUBJECTS
    assert git(planted, "log", "-1", "--format=%an <%ae> %ad", "--date=short").strip() == (
        "Harbour Crew <crew@quayside.test> 2024-03-06"
    )
    assert git(planted, "status", "--porcelain") == ""


@pytest.mark.parametrize("name", ["PYPI_TOKEN", "SENDGRID_KEY"])
def test_a_secret_of_the_history_came_and_went(planted: Path, name: str) -> None:
    secret = values()[name]
    assert not any(secret in path.read_text() for path in files(planted))
    assert len(git(planted, "log", "--format=%H", f"-S{secret}").split()) == 2


def test_a_fault_of_the_history_is_found_in_its_commit(planted: Path) -> None:
    found = places(planted)
    for fault in FAULTS:
        if "commit" not in fault:
            continue
        place = found[fault["id"]]
        text = git(planted, "show", f"{place.commit}:{place.spot.file}")
        secret = values()["PYPI_TOKEN" if fault["file"] == ".pypirc" else "SENDGRID_KEY"]
        assert secret in text.splitlines()[place.spot.line - 1]


# --- The advisories


@pytest.mark.parametrize("name", sorted(ADVISORIES))
def test_an_advisory_has_the_essentials_of_osv(name: str) -> None:
    advisory = ADVISORIES[name]
    assert advisory["id"] == name
    assert re.fullmatch(r"\d+\.\d+\.\d+", advisory["schema_version"])
    for when in ("published", "modified"):
        assert advisory[when].endswith("Z")
        datetime.fromisoformat(advisory[when])
    assert "public advisory" in advisory["details"]
    named = advisory["aliases"] + advisory.get("upstream", [])
    assert any(other.startswith("CVE-") for other in named)
    for one in advisory["severity"]:
        assert one["type"] == "CVSS_V3"
        assert re.fullmatch(r"CVSS:3\.[01](/[A-Z]{1,2}:[A-Z]){8}", one["score"])
    kinds = {"ADVISORY", "ARTICLE", "EVIDENCE", "FIX", "PACKAGE", "REPORT", "WEB"}
    assert all(link["type"] in kinds for link in advisory["references"])
    for affected in advisory["affected"]:
        assert {"ecosystem", "name"} <= set(affected["package"])
        for span in affected["ranges"]:
            assert span["type"] == "ECOSYSTEM"
            assert [next(iter(event)) for event in span["events"]] in (
                ["introduced", "fixed"],
                ["introduced", "last_affected"],
            )


def test_the_advisories_are_of_pypi_and_one_of_debian() -> None:
    ecosystems = Counter(one["affected"][0]["package"]["ecosystem"] for one in ADVISORIES.values())
    assert ecosystems == {"PyPI": 9, "Debian:12": 1}


def version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def is_affected(pinned: str, advisory: dict[str, Any]) -> bool:
    events = advisory["affected"][0]["ranges"][0]["events"]
    start, end = events[0]["introduced"], events[1]
    if version(pinned) < version(start):
        return False
    if "fixed" in end:
        return version(pinned) < version(end["fixed"])
    return version(pinned) <= version(end["last_affected"])


def test_the_ranges_say_what_the_answer_sheet_says() -> None:
    told = [entry for entry in FAULTS + NEAR_MISSES if "advisory" in entry]
    assert {entry["advisory"] for entry in told} == set(ADVISORIES) - {"DSA-5514-1"}
    for entry in told:
        name, pinned = entry["match"].split("==")
        advisory = ADVISORIES[entry["advisory"]]
        assert advisory["affected"][0]["package"]["name"] == name.lower()
        assert is_affected(pinned, advisory) == (entry in FAULTS), entry["id"]
        if entry in FAULTS:
            assert entry["source"].split(";")[0] in advisory["aliases"]
