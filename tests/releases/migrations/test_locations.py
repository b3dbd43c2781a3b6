"""Where Alembic's settings say that its revisions are."""

from __future__ import annotations

import pytest

from shipway.releases.migrations.locations import alembic_locations, is_migration


@pytest.mark.parametrize(
    ("path", "text", "locations"),
    [
        ("alembic.ini", "[alembic]\nscript_location = db\n", ("db/versions",)),
        ("alembic.ini", "[alembic]\nscript_location = %(here)s/db\n", ("db/versions",)),
        ("migrations/alembic.ini", "[alembic]\n", ("migrations/versions",)),
        ("alembic.ini", "[alembic]\n", ("versions",)),
        ("db/alembic.ini", "[alembic]\nscript_location = %(here)s\n", ("db/versions",)),
        ("alembic.ini", "[alembic]\nversion_locations = a/b, c d\n", ("a/b", "c", "d")),
        (
            "alembic.ini",
            "[alembic]\nversion_locations = %(here)s/a b:c\nversion_path_separator = os\n",
            ("a b", "c"),
        ),
        (
            "alembic.ini",
            "[alembic]\nversion_locations = a;b c\nversion_path_separator = ;\n",
            ("a", "b c"),
        ),
        (
            "alembic.ini",
            "[alembic]\nscript_location = town.models:migrations\n",
            ("town/models/migrations/versions",),
        ),
        (
            "pyproject.toml",
            '[tool.alembic]\nscript_location = "%(here)s/db"\n',
            ("db/versions",),
        ),
        (
            "pyproject.toml",
            '[tool.alembic]\nversion_locations = ["%(here)s/a b", "c"]\n',
            ("a b", "c"),
        ),
        ("pyproject.toml", "[tool.other]\n", ()),
        ("pyproject.toml", "not toml", ()),
        ("tox.ini", "[tox]\n", ()),
        ("alembic.ini", "no section", ()),
    ],
)
def test_locations(path: str, text: str, locations: tuple[str, ...]) -> None:
    assert alembic_locations(path, text) == locations


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("revision = 'a'\ndown_revision = None\n", True),
        ("revision: str = 'a'\ndown_revision: str | None = None\n", True),
        ("class Migration(migrations.Migration):\n", True),
        ("revision = 3\n", False),
        ("def revision():\n    down_revision = 1\n", False),
    ],
)
def test_a_migration_is_known_by_its_text(text: str, expected: bool) -> None:
    assert is_migration(text) is expected
