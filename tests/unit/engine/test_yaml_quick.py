"""The quick reader gives the events of the library, or fails as it does."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from hub.engine.yaml_profile.quick import events_of
from tests.unit.engine.shipped import shipped_files
from tests.unit.engine.small_project import FILES

WORDS = st.sampled_from(
    [
        *("a", "b:", "b: ", ": ", ":", "- ", "-", "? ", "?", "# x", "#", " #", "'", '"', "|", ">"),
        *("[", "]", "{", "}", ",", "&a ", "*a", "!t ", "%YAML 1.1\n", "%", "---", "...", "@", "`"),
        *("\n", "\n", "\n  ", "\n    ", " ", "  ", "\t", "key: value\n", "- item\n", "${{ x }}"),
        *("\ufeff", "\r\n", "\r", "\x85", "\u2028", "ü", "😀", "\\", "x" * 1030, "true"),
    ]
)
TEXTS = st.lists(WORDS, max_size=25).map("".join)


def seen(read: Callable[[str], Iterable[Any]], text: str) -> list[Any]:
    """Kind, place and content of each event, and what ended the reading."""
    found: list[Any] = []
    try:
        for event in read(text):
            start, end = event.start_mark, event.end_mark
            found.append(
                (
                    type(event).__name__,
                    *(start.index, start.line, start.column, end.index, end.line, end.column),
                    *(getattr(event, part, None) for part in ("value", "style", "anchor", "tag")),
                    *(getattr(event, part, None) for part in ("implicit", "explicit", "version")),
                )
            )
    except Exception as problem:  # noqa: BLE001 - whatever it is, it must be the same
        found.append((type(problem), str(problem)))
    return found


def of_the_library(text: str) -> Iterable[Any]:
    yield from YAML(typ="safe", pure=True).parse(text)


@settings(max_examples=2 * settings().max_examples)
@given(TEXTS)
def test_any_text_gives_the_events_or_the_error_of_the_library(text):
    assert seen(events_of, text) == seen(of_the_library, text)


@pytest.mark.parametrize("text", [*shipped_files().values(), *FILES.values()])
def test_real_files_give_the_events_of_the_library(text):
    assert seen(events_of, text) == seen(of_the_library, text)
