"""Candidates from files: every row or none."""

import csv
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from application import application
from flask import Flask
from flask_migrate import upgrade
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from sqlalchemy import func, select

from main.extensions import db
from main.importer.command import ImportRejected, import_file
from main.importer.reader import COLUMNS, InvalidFile
from main.models import Candidate, Election, Party, Ward

ROW = {
    "province": "Gauteng",
    "municipality": "City of Johannesburg",
    "municipality_code": "JHB",
    "ward_code": "79800001",
    "ward_number": "1",
    "ward_name": "Acacia",
    "election": "Election 2026 (sample data)",
    "held_on": "2026-11-04",
    "party": "Invented Unity",
    "party_abbreviation": "IU",
    "ballot": "ward",
    "position": "1",
    "name": "Thandi Zulu",
    "age": "41",
}
SAMPLE = Path(__file__).parents[2] / "sample"


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with tables and no rows."""
    database = tmp_path_factory.mktemp("migrated") / "test.sqlite3"
    with application(database) as app, app.app_context():
        upgrade()
    return database


@pytest.fixture
def app(migrated: Path, tmp_path: Path) -> Iterator[Flask]:
    """An application over a copy of it."""
    with application(Path(shutil.copy(migrated, tmp_path))) as made:
        yield made


def written(path: Path, *rows: dict[str, str], encoding: str = "utf-8") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows({**ROW, **row} for row in rows)
    return path


def count(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(Candidate)) or 0


def test_rows_become_candidates(app: Flask, tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", {}, {"position": "2", "party": "", "party_abbreviation": ""})
    with app.app_context():
        assert import_file(path).added == 2
        election = db.session.scalars(select(Election)).one()
        assert (election.held_on, election.sample) == (date(2026, 11, 4), True)
        independent = db.session.scalars(select(Candidate).where(Candidate.position == 2)).one()
        assert independent.party is None


def test_the_same_file_again_changes_nothing(app: Flask, tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", {}, {"position": "2"})
    with app.app_context():
        import_file(path)
        again = import_file(path)
    assert (again.added, again.changed, again.unchanged) == (0, 0, 2)


def test_a_changed_row_changes_its_candidate_and_its_ward(app: Flask, tmp_path: Path) -> None:
    with app.app_context():
        import_file(written(tmp_path / "a.csv", {}))
        changed = {"name": "Sipho Cele", "ward_name": "Baobab"}
        assert import_file(written(tmp_path / "b.csv", changed)).changed == 1
        assert db.session.scalars(select(Candidate.name)).all() == ["Sipho Cele"]
        assert db.session.scalars(select(Ward.name)).all() == ["Baobab"]


def test_of_rows_that_disagree_over_a_ward_its_party_or_its_election_the_last_is_right(
    app: Flask, tmp_path: Path
) -> None:
    said = [
        {"ward_name": name, "party_abbreviation": short, "held_on": day}
        for name, short, day in [("A", "X", "2026-11-04"), ("B", "Y", "2026-11-05")]
    ]
    rows = [{"position": str(n), **said[n % 2]} for n in range(1, 4)]
    with app.app_context():
        import_file(written(tmp_path / "a.csv", *rows))
        assert db.session.scalars(select(Ward.name)).all() == ["B"]
        assert db.session.scalars(select(Party.abbreviation)).all() == ["Y"]
        assert db.session.scalars(select(Election.held_on)).all() == [date(2026, 11, 5)]


def test_a_candidate_becomes_independent_and_ageless(app: Flask, tmp_path: Path) -> None:
    with app.app_context():
        import_file(written(tmp_path / "a.csv", {}, {"position": "2"}))
        alone = {"party": "", "party_abbreviation": "", "age": ""}
        assert import_file(written(tmp_path / "b.csv", alone, {"position": "2"})).changed == 1
        rows = db.session.execute(
            select(Candidate.party_id, Candidate.age).order_by(Candidate.position)
        )
        first, second = rows
        assert tuple(first) == (None, None)
        assert None not in second


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"age": "17"}, "age is '17'"),
        ({"ballot": "mayor"}, "ballot is 'mayor'"),
        ({"held_on": "4 Nov"}, "held_on is '4 Nov'"),
        ({"ward_number": "one"}, "ward_number is 'one'"),
        ({"name": ""}, "name is empty"),
        ({"name": "a\x00b"}, "characters that cannot be shown"),
        ({"province": "x" * 101}, "more than 100 characters"),
        ({"party_abbreviation": ""}, "go together"),
        ({}, "same place on the ballot as line 2"),
    ],
)
def test_one_bad_row_is_named_and_nothing_is_imported(
    app: Flask, tmp_path: Path, row: dict[str, str], words: str
) -> None:
    path = written(tmp_path / "a.csv", {}, {"position": "1" if not row else "2", **row})
    with app.app_context(), pytest.raises(ImportRejected) as rejected:
        import_file(path)
    assert rejected.value.errors[0].startswith("line 3: ")
    assert words in rejected.value.errors[0]
    assert count(app) == 0


def test_the_command_lists_bad_rows_up_to_a_bound_and_counts_the_rest(
    app: Flask, tmp_path: Path
) -> None:
    path = written(tmp_path / "a.csv", *({"age": "x", "position": str(i)} for i in range(1, 26)))
    result = app.test_cli_runner().invoke(args=["import-candidates", str(path)])
    assert result.exit_code == 1
    assert "line 2: age" in result.output
    assert "… and 5 more" in result.output
    assert "25 bad rows" in result.output


def test_the_command_says_what_it_did(app: Flask, tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", {})
    result = app.test_cli_runner().invoke(args=["import-candidates", str(path)])
    assert result.exit_code == 0
    assert "1 added, 0 changed, 0 were there already" in result.output
    quiet = app.test_cli_runner().invoke(args=["import-candidates", "--quiet", str(path)])
    assert quiet.output == ""


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"a,b\n1,2\n", "lacks the columns province"),
        (b"\xff\xfe\x00", "not UTF-8"),
        ((",".join(COLUMNS) + "\n").encode(), "no rows"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(
    app: Flask, tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with app.app_context(), pytest.raises(InvalidFile, match=words):
        import_file(path)


def test_a_text_named_xlsx_is_no_workbook(app: Flask, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_text("hello")
    with app.app_context(), pytest.raises(InvalidFile, match="not an Excel workbook"):
        import_file(path)


def test_a_byte_order_mark_is_no_part_of_the_first_column(app: Flask, tmp_path: Path) -> None:
    with app.app_context():
        assert import_file(written(tmp_path / "a.csv", {}, encoding="utf-8-sig")).added == 1


def test_a_workbook_imports_like_its_csv(app: Flask, tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(COLUMNS)
    typed = {**ROW, "ward_number": 1, "age": 41.0, "held_on": date(2026, 11, 4), "position": 1}
    sheet.append(list(typed.values()))
    book.save(tmp_path / "a.xlsx")
    with app.app_context():
        import_file(tmp_path / "a.xlsx")
        assert import_file(written(tmp_path / "a.csv", {})).unchanged == 1


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(ages=st.lists(st.integers(18, 120), min_size=1, max_size=30))
def test_importing_twice_is_importing_once(app: Flask, tmp_path: Path, ages: list[int]) -> None:
    rows = [{"position": str(place), "age": str(age)} for place, age in enumerate(ages, start=1)]
    path = written(tmp_path / "a.csv", *rows)
    with app.app_context():
        import_file(path)
        again = import_file(path)
    assert (again.added, again.changed, again.unchanged) == (0, 0, len(ages))


def test_a_hundred_thousand_rows_are_never_all_in_memory(migrated: Path, tmp_path: Path) -> None:
    files = [of_rows(tmp_path / f"{rows}.csv", rows) for rows in (1_000, 100_000)]
    few, many = peaks_of_imports(Path(shutil.copy(migrated, tmp_path)), *files)
    # As objects the rows would take more than 100 MB; what remains is a number a row.
    assert many - few < 60_000


def of_rows(path: Path, rows: int) -> Path:
    """A file with so many candidates, a hundred in a ward."""
    places = (divmod(number, 100) for number in range(rows))
    cells = list(ROW.values())
    ward, position = COLUMNS.index("ward_code"), COLUMNS.index("position")
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(COLUMNS) + "\n")
        for w, p in places:
            cells[ward], cells[position] = f"8{w:07d}", f"{p + 1}"
            file.write(",".join(cells) + "\n")
    return path


def peaks_of_imports(database: Path, *files: Path) -> list[int]:
    """The most memory, in kB, that one process has held after each of these imports."""
    code = (
        "import sys, resource; from pathlib import Path; from main import create_app;"
        "from main.importer.command import import_file;"
        "app = create_app(); app.app_context().push();"
        "held = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss;"
        "print(*((import_file(Path(file)), held())[1] for file in sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, files)],
        env={"DATABASE_URL": f"sqlite:///{database}", "PATH": ""},
        cwd=SAMPLE.parent,
        stdout=subprocess.PIPE,
        check=True,
    )
    return [int(peak) for peak in done.stdout.split()]


def test_the_script_makes_the_committed_sample_byte_for_byte(tmp_path: Path) -> None:
    made = tmp_path / "made.csv"
    subprocess.run(
        [sys.executable, str(SAMPLE / "make_sample.py"), "--output", str(made)], check=True
    )
    assert made.read_bytes() == (SAMPLE / "candidates.csv").read_bytes()


def test_the_sample_covers_the_country(app: Flask) -> None:
    with (SAMPLE / "candidates.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len({row["province"] for row in rows}) == 9
    metros = {"BUF", "NMA", "MAN", "JHB", "TSH", "EKU", "ETH", "CPT"}
    assert metros < {row["municipality_code"] for row in rows}
    assert len({row["ward_code"] for row in rows}) >= 400
    local = {row["ward_code"] for row in rows if not row["municipality_code"].isalpha()}
    assert len(rows) == 10 * len({row["ward_code"] for row in rows}) + 4 * len(local)
    assert {row["ward_code"] for row in rows if row["ballot"] == "district"} == local
    assert all("sample data" in row["election"] for row in rows)
