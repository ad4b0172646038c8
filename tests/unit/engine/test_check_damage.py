"""Whatever is in a file: findings at a place in it, never an exception."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hub.engine.findings import Finding
from tests.unit.engine.damage import damaged, misplaced
from tests.unit.engine.order_project import FILES, findings

NAMES = sorted(FILES)
FEWER = settings(max_examples=settings().max_examples // 4)  # each checks a project
TEXTS = st.one_of(
    st.text(max_size=300),
    st.binary(max_size=300).map(lambda content: content.decode("utf-8", "surrogateescape")),
)


def check(path: str, text: str) -> list[Finding]:
    """What is told of the project with this text in one of its files."""
    files = {**FILES, path: text}
    told = findings(files)
    assert misplaced(told, files) == []
    return told


@example("workflows/note.yaml", "{}")
@example("workflows/note.yaml", "[]")
@example("hub.yaml", "{}")
@example("schemas/order.json", "[]")
@FEWER
@given(st.sampled_from(NAMES), TEXTS)
def test_any_content_of_any_file_gives_findings_with_a_place(path, text):
    check(path, text)


@FEWER
@given(st.sampled_from(NAMES), st.integers(0, 2**32))
def test_a_damaged_file_gives_findings_with_a_place(path, seed):
    check(path, damaged(FILES[path], Random(seed)))  # noqa: S311 - no secret


@FEWER
@given(st.sampled_from(["workflows/order.yaml", "workflows/remind.yaml"]), st.integers(0, 2**32))
def test_lines_of_another_file_give_findings_with_a_place(path, seed):
    chance = Random(seed)  # noqa: S311 - no secret
    other = FILES[chance.choice([name for name in NAMES if name.endswith(".yaml")])].split("\n")
    lines = FILES[path].split("\n")
    at = chance.randrange(len(lines))
    start = chance.randrange(len(other))
    lines[at : at + chance.randint(0, 5)] = other[start : start + chance.randint(1, 12)]

    check(path, "\n".join(lines))


@pytest.mark.parametrize("path", [name for name in NAMES if "templates" not in name])
def test_an_empty_file_is_told(path):
    assert check(path, "")
