"""The canonical format: what changes, what never does, and which files are left alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from hub.editing.formatting import canonical
from hub.editing.layout import all_comments
from hub.editing.order import KINDS, WORKFLOW_ORDER
from hub.editing.reading import comments_of, read_layout
from hub.editing.round_trip import round_trip
from hub.engine.language.steps import STEPS
from hub.engine.language.workflow import WORKFLOW as WORKFLOW_PLACE
from hub.engine.yaml_profile import load, plain
from tests.unit.editing.yaml_writer import files

ROOT = Path(__file__).parents[3]
SHIPPED = [ROOT / "hub.yaml", *sorted((ROOT / "workflows").rglob("*.yaml"))]
WORKFLOW = "workflows/x.yaml"
OTHER = "hub.yaml"
SIGNS = "ab:- #'\"|>[]{},\n\t&*!%@"


def formatted(text: str, file: str = WORKFLOW) -> str:
    done = canonical(file, text)
    assert done.text is not None, done.findings
    return done.text


def said(text: str) -> str:
    """The tree of a file as JSON, keys in the order of their names."""
    document = load(WORKFLOW, text)
    assert not document.has_errors, document.findings
    return json.dumps(None if document.root is None else plain(document.root), sort_keys=True)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_a_shipped_file_is_canonical_and_survives_the_round_trip_byte_for_byte(path: Path):
    text = path.read_text("utf-8")

    assert formatted(text, path.relative_to(ROOT).as_posix()) == text
    assert round_trip(text) == text


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(files())
def test_any_file_keeps_its_meaning_and_its_comments(text: str):
    document = load(WORKFLOW, text)
    assume(not document.has_errors)
    done = canonical(WORKFLOW, text).text
    assume(done is not None)
    assert done is not None

    assert said(done) == said(text)
    assert sorted(comments_of(load(WORKFLOW, done))) == sorted(comments_of(document))


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(files())
def test_a_canonical_file_stays_as_it_is_and_survives_the_round_trip(text: str):
    done = canonical(WORKFLOW, text).text
    assume(done is not None and "|+" not in text)
    assert done is not None

    assert formatted(done) == done
    assert round_trip(done) == done


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(files())
def test_the_layout_has_every_comment_of_the_text(text: str):
    document = load(WORKFLOW, text)
    assume(not document.has_errors)
    layout = read_layout(document)
    assert layout is not None

    assert sorted(all_comments(layout)) == sorted(comments_of(document))


@pytest.mark.parametrize(
    "value",
    ["+14155550100", "02134", "2025-10-20", "yes", "1e3", "0x1F", "1_000", "null", "~", "-0", "on"],
)
def test_a_plain_value_stays_as_it_is_written(value: str):
    text = f"a: {value}\nb:\n  - {value}\nc: [{value}, {{k: {value}}}]\n"

    assert formatted(text, OTHER) == text
    assert round_trip(text) == text


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a:\n    b: 1\n", "a:\n  b: 1\n"),
        ("a:\n- 1\n- 2\n", "a:\n  - 1\n  - 2\n"),
        ("a:\n    -   b: 1\n        c: 2\n", "a:\n  - b: 1\n    c: 2\n"),
        ("a: { b: 1,c: [ 2,3 ] }\n", "a: {b: 1, c: [2, 3]}\n"),
        ("a: {b: 1,\n    c: 2}\n", "a: {b: 1, c: 2}\n"),
        ("a: some words\n  that go on\n", "a: some words that go on\n"),
        ("a: 'it''s\n  long'\n", "a: 'it''s long'\n"),
        ('a: "\\u00e9 \\/ \\x1b"\n', 'a: "é / \\e"\n'),
        ("a: |\n\n  x\n", "a: |2\n\n  x\n"),
        ('a: "one\n\n  two"\n', 'a: "one\\ntwo"\n'),
        ("a: |\n      x\n        y\n", "a: |\n  x\n    y\n"),
        ("a: |4\n      x\n", "a: |2\n    x\n"),
        ("a:   1\n", "a: 1\n"),
        ("a:\n  1\n", "a: 1\n"),
        ("a: 1\n\n\n\nb: 2", "a: 1\n\nb: 2\n"),
        ("\n\na:\n\n  b: 1\n\n\n", "a:\n  b: 1\n"),
        ("---\na: 1\n", "a: 1\n"),
        ("a: 1\r\nb: 2\r\n", "a: 1\nb: 2\n"),
        ("a:\n  -\n  - 1\n", "a:\n  - null\n  - 1\n"),
    ],
)
def test_what_is_written_otherwise_is_written_canonically(written: str, meant: str):
    assert formatted(written, OTHER) == meant
    assert said(written) == said(meant)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a:\n      # one\n      b: 1 # two\n", "a:\n  # one\n  b: 1 # two\n"),
        ("a:\n- b: 1\n# about c\n- c: 2\n", "a:\n  - b: 1\n  # about c\n  - c: 2\n"),
        ("a:\n- b: 1\n# about d\nd: 2\n", "a:\n  - b: 1\n# about d\nd: 2\n"),
        ("a:\n    b: 1\n    # the end of a\nd: 2\n", "a:\n  b: 1\n  # the end of a\nd: 2\n"),
        ("a: {b: 1, # one\n    c: 2}\n", "a:\n  b: 1  # one\n  c: 2\n"),
        ("a: | # two\n   x\n", "# two\na: |\n  x\n"),
        ("a:\n  - # one\n    b: 1\n", "a:\n  # one\n  - b: 1\n"),
    ],
)
def test_a_comment_goes_with_what_it_is_about(written: str, meant: str):
    assert formatted(written, OTHER) == meant


def test_the_keys_of_a_step_get_their_order():
    written = """\
hub: 1
title: x
steps:
  - on_error:
      - status: 409
        return: no
        if: error.code == 'full'
    retry: 3
    with: {b: 1, a: 2}
    timeout: 10s
    # why once
    once_per: ${{ payload.id }}
    do: seats.take
    connection: x
    if: payload.phone is set
    id: seat
"""
    assert (
        formatted(written)
        == """\
hub: 1
title: x
steps:
  - id: seat
    if: payload.phone is set
    do: seats.take
    with: {b: 1, a: 2}
    connection: x
    timeout: 10s
    retry: 3
    # why once
    once_per: ${{ payload.id }}
    on_error:
      - if: error.code == 'full'
        return: no
        status: 409
"""
    )


def test_every_key_of_the_language_has_its_place_in_the_order():
    assert [name for name in WORKFLOW_ORDER if name in WORKFLOW_PLACE.names] == list(
        WORKFLOW_PLACE.names
    )
    assert set(STEPS) <= set(KINDS) | {"steps"}


def test_what_a_step_gives_to_an_action_keeps_its_order():
    inner = "      retry: 1\n      id: 2\n      steps:\n        - on_error: 1\n          id: 3\n"
    written = f"hub: 1\ntitle: x\nsteps:\n  - log:\n{inner}"

    assert formatted(written) == written


def test_the_keys_of_a_workflow_get_their_order():
    written = """\
# yaml-language-server: $schema=workflow.schema.json
title: x
steps:
  - log: x
# who calls
endpoint:
  auth: public
hub: 1
"""
    assert (
        formatted(written)
        == """\
# yaml-language-server: $schema=workflow.schema.json
hub: 1
title: x

# who calls
endpoint:
  auth: public

steps:
  - log: x
"""
    )


@pytest.mark.parametrize(
    "written",
    [
        "hub: 1\nsteps:\n  - log: x\n# a comment about more\n\n# and about the title\ntitle: x\n",
        "# about the title\ntitle: x\nhub: 1\n",
        "hub: 1\nsteps:\n  - log: x\ntitle: x\n# at the end\n",
    ],
)
def test_keys_stay_where_a_comment_could_lose_what_it_is_about(written: str):
    assert formatted(written) == written


def test_one_blank_line_stands_between_steps_and_above_their_comments():
    steps = "  - log: a\n  # about b\n  - log: b\n\n\n  - log: c\n"
    written = f"hub: 1\nsteps:\n{steps}on_error:\n  - log: d\n  - log: e\n"

    assert formatted(written) == (
        "hub: 1\nsteps:\n  - log: a\n\n  # about b\n  - log: b\n\n  - log: c\n"
        "on_error:\n  - log: d\n\n  - log: e\n"
    )


def test_a_list_that_is_no_list_of_steps_gets_no_blank_lines():
    text = "hub: 1\nworkflow: x\nsteps:\n  - a: 1\n  - b: 2\n"

    assert formatted(text, "workflows/tests/x.yaml") == text


@pytest.mark.parametrize(
    ("text", "code"),
    [("a: [1\n", "HUB102"), ("a: {{ x }}\n", "HUB103"), ("a: 1\na: 2\n", "HUB108")],
)
def test_a_file_that_cannot_be_read_is_refused_at_its_place(text: str, code: str):
    done = canonical(WORKFLOW, text)

    assert done.text is None
    assert [finding.code for finding in done.findings] == [code]
    assert done.findings[0].file == WORKFLOW


def test_a_file_that_another_reader_would_change_is_left_alone():
    """ruamel.yaml loses a comment behind a key without a value at the end of an item."""
    done = canonical(OTHER, "a:\n  - b:\n    c:\n    # the end\n  - {}  # x\n")

    assert done.text is None
    assert "left as it is" in done.findings[0].message


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.one_of(st.text(), st.binary(), st.text(alphabet="ab:- #'\"|>[]{},\n\t&*!%@", max_size=40))
)
def test_whatever_a_file_holds_it_is_formatted_or_refused(content: str | bytes):
    done = canonical(OTHER, content)

    assert (done.text is None) == bool(done.findings)
    if done.text is not None:
        text = content.decode() if isinstance(content, bytes) else content
        assert said(done.text) == said(text)


def test_a_key_after_a_question_mark_is_refused_at_its_place():
    done = canonical(OTHER, "a: 1\n? b\n: 2\n")

    assert done.text is None
    assert [(each.line, each.column) for each in done.findings] == [(2, 3)]


@pytest.mark.parametrize("text", ["", "# only a comment\n", "just text\n"])
def test_a_file_without_keys_stays_as_it_is(text: str):
    assert formatted(text) == text


def test_a_text_with_its_last_line_break_keeps_it():
    text = "a: |+\n  x\n\n\nb:\n  - |+\n    y\n"

    assert formatted(text, OTHER) == text
