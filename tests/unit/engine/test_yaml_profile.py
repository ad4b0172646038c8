"""Chapter 2: which YAML is read, what its values mean, and where everything stands."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import (
    DoubleQuotedScalarString,
    FoldedScalarString,
    LiteralScalarString,
    SingleQuotedScalarString,
)

from hub.engine.yaml_profile import MAX_BYTES, Mapping, Node, Scalar, Sequence, load, plain


def read(text: str):
    document = load("x.yaml", text)
    assert not document.findings, [str(finding) for finding in document.findings]
    assert document.root is not None
    return plain(document.root)


def codes(content: str | bytes) -> list[str]:
    return [finding.code for finding in load("x.yaml", content).findings]


def scalars(node: Node | None) -> list[Scalar]:
    if isinstance(node, Mapping):
        return [found for entry in node.entries for found in scalars(entry.value)]
    if isinstance(node, Sequence):
        return [found for item in node.items for found in scalars(item)]
    return [node] if isinstance(node, Scalar) else []


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("", None),
        ("null", None),
        ("~", None),
        ("true", True),
        ("false", False),
        ("0", 0),
        ("-7", -7),
        ("123456789012345", 123456789012345),
        ("0.5", 0.5),
        ("-10.25", -10.25),
        ("1234567890123456", "1234567890123456"),
        ("+14155550100", "+14155550100"),
        ("02134", "02134"),
        ("2025-10-20", "2025-10-20"),
        ("2025-10-20T14:00:00Z", "2025-10-20T14:00:00Z"),
        ("1e3", "1e3"),
        ("1.", "1."),
        (".5", ".5"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("-0", "-0"),
        (".inf", ".inf"),
        ("1" * 400 + ".0", "1" * 400 + ".0"),
        ("'1'", "1"),
        ('"true"', "true"),
        ("${{ payload.x }}", "${{ payload.x }}"),
        ("Hello {{ name }}", "Hello {{ name }}"),
    ],
)
def test_a_plain_scalar_means_what_the_table_says(written, value):
    assert read(f"key: {written}") == {"key": value}
    assert type(read(f"key: {written}")["key"]) is type(value)


@pytest.mark.parametrize("word", ["yes", "no", "on", "off", "True", "NULL", "Yes"])
def test_words_of_other_dialects_are_text_and_a_warning(word):
    document = load("x.yaml", f"key: {word}\n")

    assert plain(document.root) == {"key": word}  # type: ignore[arg-type]
    assert [(each.code, each.severity) for each in document.findings] == [("HUB106", "warning")]


def test_keys_are_always_text():
    assert read("true: 1\n404: 2\nyes: 3\n") == {"true": 1, "404": 2, "yes": 3}


@pytest.mark.parametrize(
    ("header", "value"),
    [("|", "a\nb"), ("|-", "a\nb"), ("|+", "a\nb\n\n"), (">", "a b"), (">+", "a b\n\n")],
)
def test_the_last_line_break_of_a_block_is_dropped_unless_kept(header, value):
    assert read(f"key: {header}\n  a\n  b\n\nnext: 1\n")["key"] == value


def test_a_block_may_start_with_braces_of_another_tool():
    assert read("key: |\n  {{ customer.name }}\n") == {"key": "{{ customer.name }}"}


def test_comments_with_a_space_are_comments():
    assert read("a: 1 # one\n#two\n  # three\nb: 'x #y'\n") == {"a": 1, "b": "x #y"}


def test_several_mistakes_are_told_at_once():
    text = "a: b: c\nd: @x\ne: ok\nf: 'x' y\ng: [1, 2\nh: {{ z }}\n"

    places = [(each.code, each.line) for each in load("x.yaml", text).findings]

    assert places[:3] == [("HUB102", 1), ("HUB102", 2), ("HUB102", 4)]


def test_S5_a_second_key_names_the_first():
    (finding,) = load("x.yaml", "a: 1\nb: 2\na: 3\n").findings

    assert str(finding) == "x.yaml:3:1: error HUB108 the key 'a' stands twice, first in line 1"


def test_S5_a_file_larger_than_64_kilobytes_is_refused_unread():
    assert codes("#" * (MAX_BYTES + 1)) == ["HUB102"]
    assert codes("a: " + "ł" * 40_000) == ["HUB102"]


@pytest.mark.parametrize("opening", ["[", "- ", "{a: ", "? "])
def test_S5_depth_is_refused_before_anything_is_built(opening):
    document = load("x.yaml", opening * 10_000)

    assert document.root is None
    assert "nested deeper than 32 levels" in document.findings[0].message


@pytest.mark.parametrize(
    "content", [b"\xff\xfea", b"a: \x00", b"a: \x1b[0m", "a: \u2028b".encode()]
)
def test_S5_what_is_no_clean_text_is_refused_with_its_place(content):
    (finding,) = load("x.yaml", content).findings

    assert (finding.code, finding.line) == ("HUB102", 1)


def test_a_byte_order_mark_and_windows_line_ends_are_harmless():
    document = load("x.yaml", b"\xef\xbb\xbfa: 1\r\nb: x\r\n")

    assert plain(document.root) == {"a": 1, "b": "x"}  # type: ignore[arg-type]
    assert document.root.entries[1].value.position == (2, 4)  # type: ignore[union-attr]


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_S5_any_text_gives_findings_and_never_an_exception(text):
    document = load("x.yaml", text)

    for finding in document.findings:
        assert finding.line >= 1
        assert finding.column >= 1
        assert finding.end_column > finding.column


@given(st.binary(max_size=200))
def test_S5_any_bytes_give_findings_and_never_an_exception(content):
    load("x.yaml", content)


LIKELY = ["a", "b", ":", ": ", "- ", "\n", "  ", "\t", "[", "]", "{", "}", "'", '"', "|", ">", "#"]
LIKELY += [
    "&x ",
    "*x",
    "!t ",
    "%Y",
    "---\n",
    "...\n",
    "${{ a }}",
    "{{",
    "? ",
    "<<",
    "\\",
    "@",
    "1",
    ",",
]


@given(st.lists(st.sampled_from(LIKELY), max_size=40))
def test_S5_anything_that_looks_like_yaml_is_read_or_refused(pieces):
    load("x.yaml", "".join(pieces))


STYLES = [
    str,
    SingleQuotedScalarString,
    DoubleQuotedScalarString,
    LiteralScalarString,
    FoldedScalarString,
]
WORDS = st.lists(
    st.sampled_from(["word", "it's", 'say "x"', "back\\slash", "ż€", "\n", "\n\n", "tab\tx"]),
    max_size=8,
)


@given(WORDS, WORDS, st.sampled_from(STYLES), st.integers(20, 90))
def test_a_place_in_a_text_is_found_in_the_file_in_every_style(before, after, style, width):
    text = " ".join([*before, "MARK", *after]).replace("\n ", "\n").replace(" \n", "\n").strip("\n")
    stream = io.StringIO()
    yaml = YAML()
    yaml.width = width
    yaml.dump({"outer": {"key": style(text), "next": 1}}, stream)
    written = stream.getvalue()
    document = load("x.yaml", written)
    if document.root is None or document.findings:
        return
    scalar = scalars(document.root)[0]
    assert isinstance(scalar.value, str)

    at = scalar.value.index("MARK")

    assert scalar.span(at, at + 4) == (written.index("MARK"), written.index("MARK") + 4)
