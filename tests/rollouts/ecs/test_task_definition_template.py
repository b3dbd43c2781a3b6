"""A task definition in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from shipway.errors import ConfigError
from shipway.rollouts.ecs.preview import read_template

WHERE = "environments.production.ecs.template"


@pytest.mark.parametrize(
    "text", ['{"family": "web"}', '{"taskDefinition": {"family": "web"}, "tags": []}']
)
def test_it_is_as_one_registers_it_or_as_describe_prints_it(text: str, tmp_path: Path) -> None:
    (tmp_path / "task.json").write_text(text)
    assert read_template(str(tmp_path), "task.json", WHERE) == {"family": "web"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is not JSON"),
        ("[]", "is no task definition"),
        ('{"containerDefinitions": {}}', "is no task definition"),
        (None, "cannot be read"),
    ],
)
def test_anything_else_is_named_with_its_key(text: str | None, words: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "task.json").write_text(text)
    with pytest.raises(ConfigError, match=words) as caught:
        read_template(str(tmp_path), "task.json", WHERE)
    assert caught.value.message.startswith(WHERE)
