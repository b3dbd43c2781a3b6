from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shipway.system.server_log import error_place, failure, last_error

GUNICORN = """\
[2026-11-28 04:40:00 +0000] [12] [INFO] Booting worker with pid: 12
[2026-11-28 04:40:00 +0000] [12] [ERROR] Exception in worker process
Traceback (most recent call last):
  File "/r/venv/lib/python3.11/site-packages/gunicorn/arbiter.py", line 608, in spawn_worker
    worker.init_process()
  File "/w/.shipway/releases/9b62/town/__init__.py", line 3, in <module>
    KEY = os.environ['TOWN_KEY']
  File "<frozen os>", line 679, in __getitem__
KeyError: 'TOWN_KEY'
[2026-11-28 04:40:00 +0000] [12] [INFO] Worker exiting (pid: 12)
[2026-11-28 04:40:00 +0000] [11] [ERROR] Reason: Worker failed to boot.
"""


def test_the_error_is_told_with_its_place_in_the_application() -> None:
    assert failure(GUNICORN) == "KeyError: 'TOWN_KEY' (town/__init__.py:3)"


def test_what_the_application_said_last_stands_for_an_error_that_is_no_exception() -> None:
    log = "cannot open the config\n[2026-11-28 04:40:00 +0000] [11] [INFO] Shutting down\n"
    assert failure(log) == "cannot open the config"
    assert failure("") == ""


def test_a_syntax_error_has_the_place_that_the_compiler_names() -> None:
    log = (
        'Traceback (most recent call last):\n  File "/app/town/x.py", line 1, in <module>\n'
        '  File "/app/town/y.py", line 9\n    def broken(:\n               ^\n'
        "SyntaxError: invalid syntax\n"
    )
    assert failure(log) == "SyntaxError: invalid syntax (town/y.py:9)"


@given(st.text())
def test_any_log_has_an_error_and_no_place_where_there_is_no_traceback(log: str) -> None:
    assert last_error(log)
    assert error_place(log) == ""
