"""Nothing that Shipway shows or keeps has a secret in it, whatever a step prints."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from tests.cli.in_process import only, project, shipway, step
from tests.cli.state_files import kept

TOKEN = sha256(b"made at run time, so that no scanner finds it here").hexdigest()[:20]
PASSWORD = "g/6&Hd<0Yf@1Jc+5"
KEY = "-----BEGIN MADE UP-----\nMIIEvQIBADANBgkqhk\nuTz8rGe3Vw5Xy1Na0b\n-----END MADE UP-----\n"
VARIABLES = {
    "API_TOKEN": TOKEN,
    "DATABASE_URL": f"postgresql://web:{quote(PASSWORD, safe='')}@db/web",
    "SIGNING_KEY": KEY,
}
NAMES = ", ".join(f'"{name}"' for name in VARIABLES)
PRINTS = """
import base64, json, os, sys, urllib.parse
for value in (os.environ["API_TOKEN"], urllib.parse.urlsplit(os.environ["DATABASE_URL"]).password,
              urllib.parse.unquote(urllib.parse.urlsplit(os.environ["DATABASE_URL"]).password),
              os.environ["DATABASE_URL"], os.environ["SIGNING_KEY"]):
    print("plain", value)
    print("json", json.dumps({"value": value}))
    print("python", [value])
    print("address", "https://host/?q=" + urllib.parse.quote_plus(value))
    print("base64", base64.b64encode(value.encode()).decode())
    print("wrapped", base64.encodebytes(value.encode()).decode())
    print("basic", base64.b64encode(b"user:" + value.encode() + b"!").decode())
    print("complaint", value, file=sys.stderr)
"""
FILES = {"prints.py": PRINTS + "sys.exit(1)\n"}
STEP = step("tells", "python3 prints.py", f"inputs = []\nenv = [{NAMES}]")


def parts() -> set[bytes]:
    """Every six characters that stand together in a secret, and eight of their base64."""
    whole = [TOKEN, PASSWORD, quote(PASSWORD, safe=""), *KEY.splitlines()[1:3]]
    found = {text[at : at + 6] for text in whole for at in range(len(text) - 5)}
    for text in (TOKEN, PASSWORD):
        for before in ("", "a", "ab"):
            coded = b64encode((before + text).encode()).decode()[4:-4]
            found |= {coded[at : at + 8] for at in range(len(coded) - 7)}
    return {part.encode() for part in found}


def assert_hidden(texts: dict[str, bytes]) -> None:
    needles = parts()
    for name, text in texts.items():
        assert not [part for part in needles if part in text], name


def test_a_secret_in_no_form_is_shown_or_kept(tmp_path: Path) -> None:
    web = project(tmp_path / "web", only() + STEP, FILES)
    for words in (("run",), ("run", "--json")):
        done = shipway(web, *words, **VARIABLES)
        assert done.returncode == 1
        for form in ("plain", "json", "python", "address", "base64", "wrapped", "basic"):
            assert f"{form} " in done.stdout
        assert "complaint [redacted]" in done.stdout or "--json" not in words
        assert_hidden({"stdout": done.stdout.encode(), "stderr": done.stderr.encode()})
    files = kept(web)
    assert_hidden(files)
    for end in ("report.html", "junit.xml"):
        assert [text for name, text in files.items() if name.endswith(end)], end
    assert [name for name, text in files.items() if name[:6] == "blobs/" and b"[redacted]" in text]


def test_what_is_named_as_secret_is_hidden_though_its_name_says_nothing(tmp_path: Path) -> None:
    named = '[environments.local]\nsecrets = ["PLAIN"]\n'
    web = project(
        tmp_path / "web", named + only() + step("tells", "env", 'inputs = []\nenv = ["PLAIN"]')
    )
    done = shipway(web, "run", PLAIN=TOKEN)
    assert done.returncode == 0
    assert_hidden({"stdout": done.stdout.encode(), **kept(web)})


def test_a_test_that_fails_with_a_secret_leaves_none_in_its_report(tmp_path: Path) -> None:
    configuration = (
        f'env = [{NAMES}]\n[application]\nlock = "requirements.txt"\npackages = ["app"]\n'
        + only("unit")
    )
    test = "def test_it():\n" + "".join(f"    {line}\n" for line in PRINTS.splitlines() if line)
    test += "    assert os.environ['API_TOKEN'] == urllib.parse.unquote(value)\n"
    files = {
        "requirements.txt": "pytest\ncoverage\n",
        "tests/test_it.py": test,
        "app/__init__.py": "",
    }
    web = project(tmp_path / "web", configuration, files)
    done = shipway(web, "run", **VARIABLES)
    assert done.returncode == 1, done.stdout
    assert_hidden({"stdout": done.stdout.encode(), **kept(web)})
    (report,) = (web / ".shipway" / "runs").glob("*/unit/junit.xml")
    assert "[redacted]" in report.read_text()


def test_a_server_that_does_not_come_up_tells_no_secret(tmp_path: Path) -> None:
    configuration = (
        '[application]\nlock = "requirements.txt"\npackages = ["app"]\n'
        "serve = \"sh -c 'echo cannot use $PIP_INDEX_URL; exit 1'\"\n"
        + only("performance")
        + "performance = true\n"
    )
    files = {"requirements.txt": "", "app/__init__.py": "", "load/locustfile.py": ""}
    web = project(tmp_path / "web", configuration, files)
    index = VARIABLES["DATABASE_URL"].replace("postgresql", "https")
    done = shipway(web, "run", "performance", PIP_INDEX_URL=index)
    assert "cannot use https://web:[redacted]@db/web" in done.stdout
    state = kept(web)
    (log,) = (name for name in state if name.endswith("served/application.log"))
    assert b"@db/web" in state.pop(log)  # a file that the application writes itself
    assert_hidden({"stdout": done.stdout.encode(), **state})
