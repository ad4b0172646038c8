"""What is read line by line is the tree that the library gives, with every place and finding."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.engine.findings import Source
from hub.engine.yaml_profile import Document, Mapping, Node, Scalar, Sequence
from hub.engine.yaml_profile import load as loading
from hub.engine.yaml_profile.build import MAX_DEPTH, Builder
from hub.engine.yaml_profile.by_library import read_by_the_library
from hub.engine.yaml_profile.direct import read_directly
from hub.engine.yaml_profile.document import document_of
from hub.engine.yaml_profile.load import _FORBIDDEN
from tests.unit.engine.damage import damaged
from tests.unit.engine.shipped import ROOT
from tests.unit.engine.test_yaml_quick import TEXTS

REAL = {
    path.relative_to(ROOT).as_posix(): path.read_text()
    for path in [ROOT / "hub.yaml", *sorted((ROOT / "workflows").rglob("*.yaml"))]
}
INDENTED = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.sampled_from(
            [
                *("- ", "-", "- - ", "a:", "b: ", "c: x", "- d: y", "- e:", "'f g': 1", '"h": 2'),
                *(
                    "- {i: [j, k: l], m: {}}",
                    "n: [o, 'p', \"q\", -3, 1:2]",
                    "r: |",
                    "s: >-",
                    "t: |+",
                ),
                *(
                    "text",
                    "# comment",
                    "u: v # w",
                    "x: y#z",
                    "",
                    " ",
                    "aa: ${{ b.c }}",
                    "dd: {e: }",
                ),
                *(
                    "f: 'g''h'",
                    "i: - j",
                    "k: :l",
                    "m: n: o",
                    "p: -q",
                    "r: {{ s }}",
                    "t: yes",
                    "u :",
                ),
                *("<<: v", "a: 'b' c", "w: [x, y", "z]", "a b: c", "404: d", "e: http://f/g?h=i#j"),
                *(
                    "k: {l: m: n}",
                    "o: {p}",
                    "q: [r,]",
                    "s: !t u",
                    "v: &w x",
                    "y: *z",
                    "é: ü",
                    "?  a",
                ),
            ]
        ),
    ).map(lambda each: " " * each[0] + each[1]),
    max_size=8,
).map("\n".join)


def drawn(node: Node | None) -> Any:
    """A tree with all of its places."""
    if isinstance(node, Mapping):
        entries = [(drawn(each.key), drawn(each.value)) for each in node.entries]
        return ("mapping", node.start, node.end, entries)
    if isinstance(node, Sequence):
        return ("list", node.start, node.end, [drawn(each) for each in node.items])
    if isinstance(node, Scalar):
        return (node.start, node.end, node.value, node.style, node.is_broken)
    return None


def seen(document: Document) -> Any:
    return drawn(document.root), document.findings


def directly(text: str) -> Document | None:
    """None for what is not ordinary."""
    source = Source("x.yaml", text)
    builder = Builder(source, text, [])
    return document_of(source, builder, []) if read_directly(text, builder) else None


def assert_same(text: str) -> None:
    found = None if _FORBIDDEN.search(text) else directly(text)
    if found is not None:
        assert seen(found) == seen(read_by_the_library(Source("x.yaml", text)))


@settings(max_examples=2 * settings().max_examples)
@given(st.one_of(TEXTS, INDENTED, INDENTED.map(lambda text: text + "\n")))
def test_any_text_that_is_read_directly_is_the_tree_of_the_library(text):
    assert_same(text)


@given(st.sampled_from(sorted(REAL)), st.integers(0, 10**6))
def test_real_files_with_accidents_give_the_tree_of_the_library(path, chance):
    assert_same(damaged(REAL[path], Random(chance)))  # noqa: S311 - not for secrets


@pytest.mark.parametrize("path", sorted(REAL))
def test_our_own_files_are_ordinary_and_give_the_tree_of_the_library(path):
    found = directly(REAL[path])

    assert found is not None
    assert seen(found) == seen(read_by_the_library(Source("x.yaml", REAL[path])))


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", "a: b\n c", "a: 'b\n c'", 'a: "\\n"', "a: {b: c,\n d: e}", "a:\n\tb: c"),
        *("a: &b c", "a: *b", "a: !b c", "--- a: b", "? a\n: b", "a: {{ b }}", "a: b: c"),
        "\n".join(f"{' ' * level}a:" for level in range(MAX_DEPTH + 2)),
    ],
)
def test_what_is_not_ordinary_is_left_to_the_library(text):
    assert directly(text) is None


def test_both_ways_lead_through_the_same_door():
    assert loading("x.yaml", "a: 1\n").root is not None
    assert [each.code for each in loading("x.yaml", "a: [1").findings] == ["HUB102"]
