"""What `--fix` keeps, and what it undoes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from shipway.checks.pytest import UNIT
from shipway.config.schema import Application
from shipway.pipeline.repairs import apply_fixes, same_program
from shipway.pipeline.step import Step, StepKind

from .contexts import Probe, probing, workshop


def repaired(root: Path, *checks: Probe, **changes: object) -> list[str]:
    """What is said when these checks repair what they can."""
    named = {check.name: check for check in checks}
    shop = workshop(root, **{"checks": named.__getitem__, **changes})  # type: ignore[arg-type]
    said: list[str] = []
    own = Step(name="s", stage="test", kind=StepKind.COMMAND, work={"argv": ["false"]})
    apply_fixes([*map(probing, checks), own], shop, said.append, application=lambda: shop)
    return said


def test_checks_repair_one_after_the_other_and_it_is_said_what_changed(tmp_path: Path) -> None:
    assert repaired(tmp_path, Probe()) == ["nothing to repair"]
    assert repaired(tmp_path, Probe(repair="")) == ["nothing to repair"]
    first = Probe(name="first", repair="open('b', 'w').write('1')")
    second = Probe(name="second", repair="open('b', 'a').write('2'); open('a', 'w')")
    assert repaired(tmp_path, first, second) == ["repaired: a, b"]
    assert (tmp_path / "b").read_text() == "12"
    many = Probe(repair="[open(f'f{n}', 'w') for n in range(7)]")
    assert repaired(tmp_path, many) == ["repaired: f0, f1, f2, f3, f4 and 2 more"]


def test_what_cannot_be_repaired_is_said_and_stops_nothing(tmp_path: Path) -> None:
    breaks = Probe(name="first", repair="import sys; sys.exit('one\\nno way')")
    prints = Probe(name="second", repair="print('not today'); raise SystemExit(1)")
    works = Probe(name="third", repair="open('a', 'w')")
    assert repaired(tmp_path, breaks, prints, works) == [
        "first could not repair everything: no way",
        "second could not repair everything: not today",
        "repaired: a",
    ]
    assert repaired(tmp_path, Probe(repair=""), upstream={}) == [
        "probe cannot repair: the application's environment is not there",
        "nothing to repair",
    ]


# -- only what still works is kept ----------------------------------------------------------------

SITE = {
    "shop/__init__.py": "routes = {}\n",
    "shop/app.py": "from shop import routes, views\nimport json\n\napp = routes\n",
    "shop/views.py": "import os\nfrom shop import routes\n\nroutes['/'] = 'hello'\n",
    "shop/models.py": "import enum\nfrom json import dumps\n\nWARDS = 3\n",
    "shop/unused.py": "import os\n\nprint('it does its work when it is imported')\n",
}
# What a linter takes away that looks at one file at a time: every import that nobody uses there.
FIXED = {
    "shop/app.py": "from shop import routes\n\napp = routes\n",
    "shop/views.py": "from shop import routes\n\nroutes['/'] = 'hello'\n",
    "shop/models.py": "\n\nWARDS = 3\n",
    "shop/unused.py": "\nprint('it does its work when it is imported')\n",
}


def fixed(root: Path, files: dict[str, str], repair: dict[str, str]) -> tuple[list[str], set[str]]:
    """What is said, and which files are as the linter wants them."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    texts = f"json.loads({json.dumps(repair)!r}).items()"
    lint = Probe(name="lint", repair=f"import json; [open(n, 'w').write(t) for n, t in {texts}]")
    application = Application(
        name="shop",
        packages=("shop",),
        serve="gunicorn --bind {bind} shop.app:app",
        unit_tests="tests" if any(name.startswith("tests/") for name in files) else "",
        lock="uv.lock",
    )
    checks = {"lint": lint, "unit": UNIT}
    shop = workshop(root, application, checks=checks.__getitem__)
    tests = [probing(UNIT, timeout=60.0)] if application.unit_tests else []
    said: list[str] = []
    apply_fixes([probing(lint)], shop, said.append, application=lambda: shop, tests=tests)
    return said, {name for name, text in repair.items() if (root / name).read_text() == text}


def test_an_import_that_is_there_for_its_effects_stays(tmp_path: Path) -> None:
    said, kept = fixed(tmp_path, SITE, FIXED)
    assert kept == {"shop/views.py", "shop/models.py"}
    assert (tmp_path / "shop/app.py").read_text() == SITE["shop/app.py"]
    assert said == [
        "lint: its repair of shop/unused.py is undone: nothing shows that it works "
        "(nothing imports or tests it here)",
        "lint: its repair of shop/app.py is undone: shop.views is not loaded any more: "
        "it was imported for its effects",
        "repaired: shop/models.py, shop/views.py",
    ]


def test_what_another_module_takes_from_one_stays(tmp_path: Path) -> None:
    files = {
        **SITE,
        "shop/app.py": "from shop.models import dumps\n\napp = dumps\n",
    }
    said, kept = fixed(tmp_path, files, {"shop/models.py": FIXED["shop/models.py"]})
    assert kept == set()
    assert "shop.app does not import any more: ImportError: cannot import name 'dumps'" in said[0]
    assert said[-1] == "nothing to repair"


def test_what_only_the_tests_miss_stays(tmp_path: Path) -> None:
    files = {
        **SITE,
        "tests/test_models.py": "def test_dumps():\n    from shop.models import dumps\n"
        "    assert dumps(1) == '1'\n\n\ndef test_wards():\n    from shop.models import WARDS\n"
        "    assert WARDS == 3\n",
    }
    repair = {name: FIXED[name] for name in ("shop/models.py", "shop/views.py")}
    said, kept = fixed(tmp_path, files, repair)
    assert kept == {"shop/views.py"}
    assert said[0] == (
        "lint: its repair of shop/models.py is undone: the tests do not say the same: "
        "tests.test_models::test_dumps"
    )


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("x=1", "x = 1\n", True),
        ('def f():\n  """Say.\n  More. """', 'def f():\n    """Say.\n    More."""\n', True),
        ("x = 'a'", 'x = "a"', True),
        ("import os\nx = 1", "x = 1", False),
        ("x = ' a'", "x = 'a'", False),
        ("x = (", "x = (", False),
    ],
)
def test_form_is_no_change_of_the_program(old: str, new: str, same: bool) -> None:
    assert same_program(old.encode(), new.encode()) is same
