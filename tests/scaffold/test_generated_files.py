"""What becomes of a file."""

from __future__ import annotations

import pytest
from tests.fakes.sources import MemorySources

from shipway.scaffold.generated_files import FileChange, dockerfile
from shipway.scaffold.proposal import make_proposal
from shipway.scaffold.survey import survey_application


@pytest.mark.parametrize(
    ("change", "word", "needed"),
    [
        (FileChange("a", None, "x\n"), "new", True),
        (FileChange("a", "x\n", "x\n"), "same", False),
        (FileChange("a", "y\n", "x\n"), "changed", True),
        (FileChange("a", "y\n", "x\n", kept=True), "kept", False),
    ],
)
def test_a_change_has_a_word(change: FileChange, word: str, needed: bool) -> None:
    assert (change.word, change.needed) == (word, needed)


def test_a_difference_is_shown_as_diff_writes_it() -> None:
    assert list(FileChange("a", "y\n", "x\n").diff())[:2] == ["--- a/a", "+++ b/a"]
    assert list(FileChange("a", None, "x\n").diff())[:2] == ["--- /dev/null", "+++ b/a"]


APP = "from flask import Flask\napp = Flask(__name__)\n"


@pytest.mark.parametrize(
    ("requirements", "copied"),
    [("flask\n-e ./libs/acme\n", True), ("flask\ntool @ git+https://x/tool\n", False)],
)
def test_an_image_installs_what_pip_could_not_check_by_hash(
    requirements: str, copied: bool
) -> None:
    files = {"app.py": APP, "requirements.txt": requirements}
    text = dockerfile(make_proposal(survey_application(MemorySources(files), "shop")))
    assert "uv pip install" in text
    assert "--require-hashes" not in text
    assert ('COPY ["./libs/acme", "./libs/acme"]' in text) == copied


def test_an_image_installs_packages_of_an_index_by_hash() -> None:
    files = {"app.py": APP, "requirements.txt": "flask\n"}
    text = dockerfile(make_proposal(survey_application(MemorySources(files), "shop")))
    assert "pip install --no-cache-dir --require-hashes --no-deps -r" in text
