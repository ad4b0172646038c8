"""The strict reader: the bad-input table of the guarantees, row by row (I14)."""

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import Rejected
from hub.ingest.body import Body, read_json, without_faults
from hub.ingest.dialects import DIALECTS, Beside

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63) + 1, 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])),
    lambda each: (
        st.lists(each, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])),
            each,
            max_size=4,
        )
    ),
    max_leaves=20,
)


def status_of(raw):
    with pytest.raises(Rejected) as refused:
        without_faults(read_json(raw))
    return refused.value.status


@given(JSON, st.booleans())
def test_what_can_be_stored_comes_back_unchanged(value, escaped):
    assert without_faults(read_json(json.dumps(value, ensure_ascii=escaped).encode())) == value


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"   ",
        b"{",
        b'{"a": 1',
        b'{"a": 1}}',
        b"[1,]",
        b"{'a': 1}",
        b"lead_id=1&x=2",
        b"NaN",
        b'{"a": NaN}',
        b"[Infinity]",
        b"[-Infinity]",
        b"[01]",
        b"[1.]",
        b"[+1]",
        b'["\x01"]',
        b'["\x00"]',
        b"\x00",
        b'["\\x41"]',
        b'["\\u12"]',
        b'"unfinished \\"',
        b'"unfinished \\',
        b"\xff\xfe{\x00}\x00",
        b"\x00\x00\xfe\xff",
        '{"a": "é"}'.encode("latin-1"),
        '{"a": 1}'.encode("utf-16"),
        '{"a": 1}'.encode("utf-32"),
        '{"a": 1}'.encode("utf-8-sig"),
        b'["\xed\xa0\x80"]',
        b'{"a": 1, "a": 1}',
        b'[{"x": {"a": 1, "b": 2, "\\u0061": 3}}]',
    ],
)
def test_a_body_that_is_no_strict_json_is_unreadable(raw):
    assert status_of(raw) == 400


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 65 + b"]" * 65,
        b'{"a":' * 65 + b"1" + b"}" * 65,
        b'[{"a":' * 33 + b"1" + b"}]" * 33,
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"]" * 100_000,
        b"[}" * 100_000,
        b"[" * 20_000 + b"]" * 20_000,
    ],
)
def test_nesting_beyond_64_levels_is_unreadable(raw):
    assert status_of(raw) == 400


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 64 + b"]" * 64,
        b'[{"a":' * 32 + b"1" + b"}]" * 32,
        b"[" + b"[[]]," * 500 + b"[]]",
        json.dumps(["[" * 500, '"{' * 500, "\\[" * 500]).encode(),
    ],
)
def test_64_levels_are_fine_and_brackets_in_texts_do_not_count(raw):
    assert without_faults(read_json(raw)) == json.loads(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b'["a\\u0000b"]',
        b'{"a\\u0000": 1}',
        b'["\\ud83d"]',
        b'["\\uDE42"]',
        b'["\\ude42\\ud83d"]',
        b"[9223372036854775808]",
        b"[-9223372036854775808]",
        b"[" + b"9" * 5_000 + b"]",
        b"[1e999]",
        b"[-1E+400]",
        b"[" + b"9" * 400 + b".0]",
    ],
)
def test_a_value_that_cannot_be_stored_is_refused_as_such(raw):
    assert status_of(raw) == 422


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"[9223372036854775807]", [9223372036854775807]),
        (b"[-9223372036854775807]", [-9223372036854775807]),
        (b'["\\ud83d\\ude42"]', ["\N{SLIGHTLY SMILING FACE}"]),
        (b'["\\\\u0000"]', ["\\u0000"]),
        (b"[1e300]", [1e300]),
        (b"[1e-400]", [0.0]),
    ],
)
def test_the_edges_are_inside(raw, value):
    assert without_faults(read_json(raw)) == value


def test_a_refusal_names_the_places_and_never_shows_the_payload():
    body = read_json(b'{"a": {"' + b"k" * 500 + b'": ["x\\u0000secret", 1e999]}}')

    assert [fault.pointer for fault in body.faults] == [f"/a/{'k' * 20}/0", f"/a/{'k' * 20}/1"]
    assert "secret" not in repr(body.faults)


def test_a_faulty_text_can_be_mended_for_vendors():
    body = read_json(b'{"a": "x\\u0000y\\ud800", "n": [1, 99999999999999999999]}')

    assert body.value == {
        "a": "x\N{REPLACEMENT CHARACTER}y\N{REPLACEMENT CHARACTER}",
        "n": [1, None],
    }
    assert len(body.faults) == 2


def test_no_more_than_twenty_faults_are_listed():
    assert len(read_json(b"[" + b'"\\u0000",' * 100 + b"1]").faults) == 20


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_refusal(raw):
    with suppress(Rejected):
        without_faults(read_json(raw))


@pytest.mark.parametrize(
    "raw",
    [
        b'"' + b'\\"' * 300_000,
        b'["' + b'\\"' * 300_000 + b"\\",
        b'"",' * 200_000,
        b"[],{}," * 100_000,
    ],
)
def test_hostile_bodies_cost_linear_time(raw):
    assert status_of(raw) == 400


WIDE = "\N{PILE OF POO}"  # with it each character of a text takes four bytes


@settings(max_examples=30)
@given(JSON, st.integers(0, 5))
def test_I14_a_wide_body_is_read_as_any_other(value, shift):
    """Around it: a long text, so that characters lie on the borders of what is read at once."""
    around = [WIDE + "x" * (65_536 + shift), value, 'é"\\\n☃' + WIDE]

    assert without_faults(read_json(json.dumps(around, ensure_ascii=False).encode())) == around


@pytest.mark.parametrize(
    "odd", [b"\\\xc3\xa9", b"\\\\\\\xf0\x9f\x92\xa9", b"\xff", b"\xf0\x9f\x92"]
)
def test_I14_what_is_wrong_with_a_wide_body_stays_wrong(odd):
    long = WIDE.encode() + b"x" * 70_000

    assert status_of(b'["' + long + odd + b'"]') == 400
    assert status_of(b'["' + long + b'"]' + odd) == 400


def test_a_long_text_is_mended_as_a_short_one():
    long = WIDE + "x" * 65_534
    body = read_json(json.dumps([long + "\x00y\ud800", "\x00"]).encode())

    assert body.value == [long + "�y�", "�"]
    assert [fault.pointer for fault in body.faults] == ["/0", "/1"]


def test_the_members_of_an_object_whose_names_are_mended_stay_in_their_order():
    body = read_json(b'{"b": "\\u0000", "a\\u0000": {"c\\ud800": 1}, "z": 2}')

    assert list(body.value.items()) == [("b", "�"), ("a�", {"c�": 1}), ("z", 2)]
    assert [fault.pointer for fault in body.faults] == ["/b", "", "/a�"]


def test_I14_a_dense_body_is_refused_with_the_bound_that_it_is_over():
    for raw, told in (
        (b"[" + b"0," * 100_001 + b"0]", "more than 100,000 values"),
        (b"[" + b'{"a":0},' * 10_000 + b"0]", "2,600,100 bytes of memory, and 1,572,864 are"),
    ):
        with pytest.raises(Rejected) as refused:
            read_json(raw, max_body=5 * 1024 * 1024 if "values" in told else 262_144)
        assert refused.value.status == 413
        assert told in refused.value.title


def test_I14_large_arguments_of_a_tool_are_not_held_twice():
    function = {"name": "book", "arguments": json.dumps({"note": "x" * 70_000})}
    call = {"id": "call-1", "function": function}
    body = Body({"message": {"type": "tool-calls", "toolCallList": [call]}})

    (found,) = DIALECTS["vapi.tool"].unpack(body, Beside(tool="book")).calls

    assert found.payload == {"note": "x" * 70_000}
    assert function["arguments"] == ""
