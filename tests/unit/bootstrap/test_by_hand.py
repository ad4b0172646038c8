"""`hub run`: inputs from the command line."""

from __future__ import annotations

import pytest

from hub.bootstrap.by_hand import Refused, read_inputs
from hub.engine.workflow import ValueField

FIELDS = (
    ValueField("lead_id", {"type": "string", "format": "uuid"}),
    ValueField("hours", {"type": "integer"}, default=24),
    ValueField("tags", {"type": "array", "items": {"type": "string"}}, is_optional=True),
)
LEAD = "5b0c2c2e-6f0a-4a51-9a8e-3d1f6f0d7a21"


def test_texts_become_what_the_schemas_say():
    given = {"lead_id": LEAD, "hours": "12", "tags": '["a", "b"]'}

    assert read_inputs(FIELDS, None, given) == {"lead_id": LEAD, "hours": 12, "tags": ["a", "b"]}


def test_defaults_are_filled_in_and_single_inputs_win_over_the_file():
    found = read_inputs(FIELDS, {"lead_id": LEAD, "tags": []}, {"tags": '["x"]'})

    assert found == {"lead_id": LEAD, "hours": 24, "tags": ["x"]}


@pytest.mark.parametrize(
    ("payload", "given", "place"),
    [
        (None, {}, "lead_id"),
        (None, {"lead_id": "42"}, "/lead_id"),
        (None, {"lead_id": LEAD, "hours": "soon"}, "/hours"),
        (None, {"lead_id": LEAD, "colour": "red"}, "colour"),
        ([1], {}, "object"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(payload, given, place):
    with pytest.raises(Refused, match="no run was started") as refused:
        read_inputs(FIELDS, payload, given)

    assert place in str(refused.value)
