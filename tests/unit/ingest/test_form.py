"""Forms: their fields are texts, and become what the schema says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Rejected
from hub.ingest.form_body import read_form
from tests.unit.ingest.door import Door, answered, said, workflow

FORM = {"Authorization": "Bearer new-token", "Content-Type": "application/x-www-form-urlencoded"}
SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "seats": {"type": "integer", "minimum": 1},
        "price": {"type": ["number", "null"]},
        "agreed": {"$ref": "#/$defs/yes"},
        "days": {"type": "array", "items": {"type": "integer"}},
        "note": {},
    },
    "required": ["name"],
    "$defs": {"yes": {"type": "boolean"}},
}


def door():
    return Door(
        {"request": workflow("auth: broker\ndialect: form\npayload: schemas/request.json")},
        {"request": SCHEMA},
    )


def payload(sent):
    open_door = door()
    open_door.send("/webhook/request", sent, headers=FORM)
    return open_door.memory.runs[0].trigger["payload"]


def test_the_texts_of_a_form_become_what_the_schema_says():
    assert payload(
        b"name=Zo%C3%AB+%26+Co&seats=2&price=9.50&agreed=true&days=1&days=3&note=5&other=x"
    ) == {
        "name": "Zoë & Co",
        "seats": 2,
        "price": 9.5,
        "agreed": True,
        "days": [1, 3],
        "note": "5",
    }


def test_a_list_of_one_is_a_list():
    assert payload(b"name=a&days=1") == {"name": "a", "days": [1]}


def test_a_text_that_looks_like_something_else_stays_a_text():
    assert payload(b"name=%2B48100200300") == {"name": "+48100200300"}
    assert payload(b"name=true&note=1e5") == {"name": "true", "note": "1e5"}


@pytest.mark.parametrize(
    ("sent", "status", "pointers"),
    [
        (b"seats=2", 422, ["/name"]),
        (b"name=a&seats=two", 422, ["/seats"]),
        (b"name=a&seats=0", 422, ["/seats"]),
        (b"name=a&agreed=yes", 422, ["/agreed"]),
        (b"name=a&name=b", 422, ["/name"]),
        (b"name=a&days=1&days=x", 422, ["/days/1"]),
        (b"name=a%00b", 422, ["/name"]),
        (b"", 422, ["/name"]),
        (b"name=%ff", 400, []),
        (b"name=\xff", 400, []),
        (b"&".join(b"f%d=1" % number for number in range(1001)), 400, []),
    ],
)
def test_a_form_that_does_not_fit_is_refused_with_its_places(sent, status, pointers):
    open_door = door()

    with pytest.raises(Rejected) as refused:
        open_door.send("/webhook/request", sent, headers=FORM)

    assert refused.value.status == status
    assert [each.pointer for each in refused.value.problems] == pointers
    assert open_door.memory.deliveries == []


def test_json_is_not_taken_for_a_form():
    open_door, headers = door(), {**FORM, "Content-Type": "application/json"}
    with pytest.raises(Rejected) as refused:
        open_door.send("/webhook/request", {"name": "a"}, headers=headers)
    assert refused.value.status == 415


def test_a_form_is_answered_as_json_is():
    open_door = door()
    receipt = open_door.send("/webhook/request", b"name=a", headers=FORM)

    assert answered(receipt).status == 202
    assert said(receipt)["status"] == "accepted"


@given(st.binary(max_size=200))
def test_any_bytes_are_a_form_or_refused(sent):
    try:
        found = read_form(sent).value
    except Rejected as refused:
        found = {"refused": str(refused.status)}
    assert found.get("refused", "400") == "400"
    assert all(isinstance(each, str | list) for each in found.values())
