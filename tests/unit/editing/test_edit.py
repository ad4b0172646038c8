"""Changes by programs: only the lines of what is changed, and nothing on any doubt."""

from __future__ import annotations

import difflib
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from hub.editing import (
    AddKey,
    Change,
    InsertItem,
    MoveItem,
    NoSuchPlace,
    Refused,
    Remove,
    RenameKey,
    RenameStep,
    SetValue,
    canonical,
    edited,
    parse_place,
)
from hub.editing.layout import Branch, Leaf
from hub.editing.places import Place
from hub.editing.reading import read_layout
from hub.engine.findings import Source
from hub.engine.yaml_profile import load, plain
from tests.unit.editing.yaml_writer import files

FILE = "workflows/x.yaml"
TEXT = """\
# yaml-language-server: $schema=workflow.schema.json
hub: 1
title: Book a seat

# Who may call, and how often.

# Our own app.
endpoint:
  auth: app  # signed
  payload: schemas/book.json

steps:
  # The seat itself.
  - id: seat
    do: seats.take
    with:
      guest_id: ${{ payload.guest_id }}
      row: front
    on_error:
      - if: error.code == 'full'
        return: We are full.
        status: 409
      - if: steps.seat is failed
        log: "seat ${{ steps.seat.number }} of steps.seat"

  # Whoever asked gets the number.
  - reply:
      number: ${{ steps.seat.number }}
      text: |
        Your seat is ${{ steps['seat'].number }}.
        steps.seat is only a word here.

  - id: all
    for_each: each in steps.seat.others
    steps:
      - if: each != steps.seat.number
        log: ${{ each }} ${{ steps.seat2 | default(steps.seat.number) }}
"""


def changed(*changes: Change, text: str = TEXT) -> list[str]:
    """The lines that a change takes away and adds."""
    after = edited(FILE, text, changes)
    lines = difflib.unified_diff(text.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def at(text: str) -> Place:
    return parse_place(text)


def test_the_text_itself_is_canonical():
    assert canonical(FILE, TEXT).text == TEXT


@pytest.mark.parametrize(
    ("place", "value", "line"),
    [
        ("title", "Take a seat", "title: Take a seat"),
        ("title", "Seats: all of them", 'title: "Seats: all of them"'),
        ("@seat.with.row", "+14155550100", "      row: +14155550100"),
        ("steps[0].with.row", "02134", "      row: 02134"),
        ("steps[0].with.row", "12", '      row: "12"'),
        ("steps[0].with.row", 12, "      row: 12"),
        ("steps[0].with.row", "true", '      row: "true"'),
        ("steps[0].with.row", True, "      row: true"),
        ("steps[0].with.row", None, "      row: null"),
        ("steps[0].with.row", "", '      row: ""'),
        ("steps[0].with.row", "# 1", '      row: "# 1"'),
        ("steps[0].with.row", "yes", '      row: "yes"'),
        ("steps[0].with.row", '{{ "x" }}', None),
        ("steps[0].with.row", [], "      row: []"),
        ("endpoint.auth", "broker", "  auth: broker  # signed"),
    ],
)
def test_a_change_of_one_value_changes_only_its_line(place: str, value: Any, line: str | None):
    if line is None:
        with pytest.raises(Refused):
            changed(SetValue(at(place), value))
        return
    lines = changed(SetValue(at(place), value))

    assert [each[1:] for each in lines if each.startswith("+")] == [line]
    assert len(lines) == 2


def test_a_text_of_several_lines_becomes_a_block():
    assert changed(SetValue(at("@seat.with.row"), "one\ntwo")) == [
        "-      row: front",
        "+      row: |",
        "+        one",
        "+        two",
    ]


def test_what_is_equal_in_a_new_value_keeps_its_lines():
    new = {"guest_id": "${{ payload.guest_id }}", "row": "back", "note": {"a": [1, 2]}}

    assert changed(SetValue(at("@seat.with"), new)) == [
        "-      row: front",
        "+      row: back",
        "+      note:",
        "+        a:",
        "+          - 1",
        "+          - 2",
    ]


def test_a_new_key_stands_where_the_canonical_order_puts_it():
    lines = changed(AddKey(at("@seat"), "retry", 3), AddKey((), "timezone", "Europe/Warsaw"))

    assert lines == ["+timezone: Europe/Warsaw", "+    retry: 3"]
    assert "    retry: 3\n    on_error:\n" in edited(FILE, TEXT, [AddKey(at("@seat"), "retry", 3)])


def test_a_key_goes_with_the_comment_directly_above_it_and_no_other():
    after = edited(FILE, TEXT, [Remove(at("endpoint"))])

    assert "# Who may call, and how often." in after
    assert "# Our own app." not in after
    assert "signed" not in after


def test_the_first_line_of_a_file_stays_when_its_first_key_goes():
    assert changed(Remove(at("hub"))) == ["-hub: 1"]


def test_a_step_is_moved_with_its_comment():
    after = edited(FILE, TEXT, [MoveItem(at("steps[1]"), 0)])

    assert after.index("  # Whoever asked") < after.index("  # The seat itself.\n  - id: seat")
    assert "steps:\n  # Whoever asked gets the number.\n  - reply:\n" in after
    assert sorted(after.splitlines()) == sorted(TEXT.splitlines())


def test_a_step_is_put_between_two_others():
    step = {"do": "slack.post", "id": "tell", "with": {"channel": "#seats"}, "on_error": "continue"}

    assert changed(InsertItem(at("steps"), 1, step)) == [
        "+  - id: tell",
        "+    do: slack.post",
        "+    with:",
        '+      channel: "#seats"',
        "+    on_error: continue",
        "+",
    ]


def test_a_step_is_taken_away():
    after = edited(FILE, TEXT, [Remove(at("steps[1]"))])

    assert "reply" not in after
    assert "Whoever asked" not in after


def test_an_id_is_renamed_in_every_expression_and_nowhere_else():
    after = edited(FILE, TEXT, [RenameStep("seat", "chair")])

    assert "  - id: chair\n" in after
    assert "steps.chair is failed" in after
    assert 'log: "seat ${{ steps.chair.number }} of steps.seat"' in after
    assert "      number: ${{ steps.chair.number }}\n" in after
    assert "Your seat is ${{ steps['chair'].number }}." in after
    assert "        steps.seat is only a word here.\n" in after
    assert "for_each: each in steps.chair.others" in after
    assert "if: each != steps.chair.number" in after
    assert "${{ steps.seat2 | default(steps.chair.number) }}" in after


@pytest.mark.parametrize(("old", "new"), [("seat", "all"), ("nobody", "x"), ("seat", "My Seat")])
def test_an_id_that_is_taken_unknown_or_misshapen_is_refused(old: str, new: str):
    with pytest.raises(Refused):
        edited(FILE, TEXT, [RenameStep(old, new)])


@pytest.mark.parametrize(
    "change",
    [
        SetValue(at("steps[9].id"), 1),
        SetValue(at("title.deeper"), 1),
        SetValue(at("@nobody.with"), {}),
        SetValue((), {}),
        SetValue(at("title"), "{{ x }}"),
        SetValue(at("title"), {"a": float("inf")}),
        Remove(at("nothing")),
        MoveItem(at("steps[0]"), 7),
        InsertItem(at("steps"), 9, {}),
        InsertItem(at("endpoint"), 0, {}),
        AddKey((), "title", "again"),
        AddKey(at("steps"), "x", 1),
        RenameKey(at("endpoint.auth"), "payload"),
    ],
)
def test_a_change_that_cannot_be_made_is_refused(change: Change):
    with pytest.raises(Refused):
        edited(FILE, TEXT, [change])


def test_a_file_that_cannot_be_read_is_not_changed():
    with pytest.raises(Refused) as refused:
        edited(FILE, "title: a: b\n", [SetValue(at("title"), "x")])

    assert refused.value.findings[0].code == "HUB102"


def test_a_change_that_makes_a_mistake_is_refused_and_the_mistake_told():
    def check(text: str):
        source = Source(FILE, text)
        return [source.finding(215, "there is no action", start=0)] if "seats.tkae" in text else []

    with pytest.raises(Refused) as refused:
        edited(FILE, TEXT, [SetValue(at("@seat.do"), "seats.tkae")], check=check)

    assert [finding.code for finding in refused.value.findings] == ["HUB215"]
    assert edited(FILE, TEXT, [SetValue(at("@seat.do"), "seats.list")], check=check)


def test_places_are_read_as_they_are_written():
    assert at("steps[2].with['odd key']") == ("steps", 2, "with", "odd key")
    assert at("@hold.with.text") == ("@hold", "with", "text")
    with pytest.raises(NoSuchPlace):
        at("steps[x]")


# ------------------------------------------------------------------------------------ any file


def leaves(value: Branch, way: Place = ()):
    """The places of all single values, with how many lines each takes."""
    for number, part in enumerate(value.parts):
        place = (*way, part.name if value.kind == "mapping" else number)
        if isinstance(part.value, Leaf):
            yield place, 1 + len(part.value.body)
        else:
            yield from leaves(part.value, place)


VALUES = st.one_of(st.text(max_size=30), st.integers(-99, 99), st.booleans(), st.none())


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(files(), st.data())
def test_any_value_of_any_file_can_be_changed_and_only_its_lines_change(text: str, data):
    start = canonical("hub.yaml", text).text
    layout = None if start is None else read_layout(load("hub.yaml", start))
    places = [] if layout is None else list(leaves(layout))
    assume(places)
    assert start is not None
    place, lines = data.draw(st.sampled_from(places))
    value = data.draw(VALUES)
    try:
        after = edited("hub.yaml", start, [SetValue(place, value)])
    except Refused:  # what no file can say, and where ruamel.yaml loses a comment
        assert value is None or str(value).startswith(("{{", "={{"))
        return
    before = start.splitlines()
    found: Any = plain(load("hub.yaml", after).root)  # type: ignore[arg-type]  # it holds keys
    for word in place:
        found = found[word]
    assert (found, type(found)) == (value, type(value))
    assert len([line for line in difflib.ndiff(before, after.splitlines()) if line[0] == "-"]) <= (
        lines + ("\n" in str(value))
    )
