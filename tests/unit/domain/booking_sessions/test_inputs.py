"""What a lead does on our page: checked, and never quoted (B-06)."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.booking_sessions.inputs import (
    Picked,
    Pointer,
    Pressed,
    Screen,
    Typed,
    Wheel,
    read_inputs,
)
from hub.domain.booking_sessions.lead_lines import link_token, session_of


def test_inputs_are_read_as_what_they_are():
    given_ = [
        {"do": "tap", "x": 0, "y": 1},
        {"do": "wheel", "x": 0.5, "y": 0.5, "by": -40},
        {"do": "text", "text": "4"},
        {"do": "key", "key": "Tab"},
        {"do": "size", "width": 10, "height": 4000},
        {"do": "pick", "place": 2},
    ]
    assert read_inputs(given_) == [
        Pointer("tap", 0.0, 1.0),
        Wheel(0.5, 0.5, -40.0),
        Typed("4"),
        Pressed("Tab"),
        Screen(280, 1600),
        Picked(2),
    ]
    assert "4" not in repr(Typed("4"))
    assert "4" not in repr(Picked(4))


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        [{}] * 51,
        ["tap"],
        [{"do": "tap", "x": True, "y": 0}],
        [{"do": "tap", "x": float("nan"), "y": 0}],
        [{"do": "tap", "x": 1.1, "y": 0}],
        [{"do": "key", "key": "F12"}],
        [{"do": "text", "text": "a\nb"}],
        [{"do": "text", "text": "4" * 201}],
        [{"do": ["tap"]}],
        [{"do": "pick", "place": 500}],
    ],
)
def test_B_06_what_is_no_input_is_refused_without_being_quoted(wrong: Any):
    with pytest.raises(ValueError, match=r"input|text|number|kind") as refused:
        read_inputs(wrong)
    assert "444" not in str(refused.value)


@given(st.text(max_size=80))
def test_X20_no_text_is_a_link_that_we_did_not_make(text: str):
    assert session_of(text, "key") is None


def test_X20_a_link_leads_to_its_session_and_only_with_our_key():
    session = uuid4()
    assert session_of(link_token(session, "key"), "key") == session
    assert session_of(link_token(session, "other key"), "key") is None
