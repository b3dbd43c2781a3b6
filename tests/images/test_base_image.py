"""The base that a Dockerfile's last stage is from."""

from __future__ import annotations

import pytest

from shipway.images.reference import base_image_of

TWO = """# a comment
ARG PYTHON_IMAGE=python:3.11-slim
FROM ${PYTHON_IMAGE} AS build
ARG PYTHON_IMAGE=other
RUN x \\
    && y
FROM $PYTHON_IMAGE
COPY --from=build /venv /venv
"""


@pytest.mark.parametrize(
    ("text", "args", "base"),
    [
        (TWO, {}, "python:3.11-slim"),
        (TWO, {"PYTHON_IMAGE": "mine:1"}, "mine:1"),
        ("FROM a AS x\nFROM x as y\nFROM --platform=linux/amd64 Y\n", {}, "a"),
        ("FROM scratch\n", {}, ""),
        ("ARG A\nFROM ${A:-b}\n", {}, "b"),
        ('ARG V="3.11"\nARG I=python:$V\nFROM \\\n  ${I}\n', {"V": "3.12"}, "python:3.12"),
        ("", {}, ""),
    ],
)
def test_the_base_is_the_last_stages(text: str, args: dict[str, str], base: str) -> None:
    assert base_image_of(text, args) == base
