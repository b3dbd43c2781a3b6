"""What a change of a source is judged by: what is executed, and what is not."""

from __future__ import annotations

import pytest

from shipway.checks.scripts.code_blocks import code_outside_tests, functions_of, source_blocks

TESTS = (
    b"import pytest\n\nONE = 1\n\n\n@pytest.mark.slow\ndef test_a():\n    assert ONE\n\n\n"
    b"class TestB:\n    def test_b(self):\n        pass\n"
)


@pytest.mark.parametrize("body", ['"""Text."""', "global x", '"""Text."""\n    global x', "..."])
def test_a_function_with_nothing_to_execute_is_not_one_whose_body_changed(body: str) -> None:
    # Whoever calls it executes its first line alone, which is outside of functions.
    before = source_blocks(f"def hook():\n    {body}\n".encode())
    after = source_blocks(f"def hook():\n    {body}\n    raise ValueError\n".encode())
    assert before.skeleton != after.skeleton


def test_a_body_that_changed_leaves_the_skeleton() -> None:
    before = source_blocks(b"def one():\n    return 1\n")
    after = source_blocks(b"def one():\n    x = 2\n    return x\n")
    assert before.skeleton == after.skeleton
    assert before.functions != after.functions


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"ONE = 1", b"ONE = 2"),
        (b"import pytest", b"import pytest\nimport os"),
        (b"@pytest.mark.slow", b"@app.route('/')\n@pytest.mark.slow"),
        (b"class TestB:", b"class TestB(Base):"),
    ],
)
def test_what_a_file_of_tests_does_for_others_is_noticed(old: bytes, new: bytes) -> None:
    assert code_outside_tests(TESTS) != code_outside_tests(TESTS.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"assert ONE", b"assert not ONE"),
        (b"def test_b(self)", b"def test_c(self)"),
        (b"@pytest.mark.slow\n", b""),
        (b"class TestB:", b"def test_new():\n    pass\n\n\nclass TestB:"),
    ],
)
def test_its_own_tests_are_its_own(old: bytes, new: bytes) -> None:
    assert code_outside_tests(TESTS) == code_outside_tests(TESTS.replace(old, new))


def test_a_function_that_keeps_what_it_returned_is_known_by_its_decorator() -> None:
    source = (
        b"@functools.lru_cache(maxsize=2)\ndef a():\n    return 1\n\n\ndef b():\n    return 2\n"
    )
    assert [function.caches for function in functions_of(source)] == [True, False]
