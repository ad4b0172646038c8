from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.values import is_e164, normalise_phone


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("+12025550147", None),
        ("+1 (202) 555-0147", None),
        ("tel:+1-202-555-0147", None),
        ("whatsapp:+12025550147", None),
        ("\uff0b\uff11 \uff12\uff10\uff12 \uff15\uff15\uff15 \uff10\uff11\uff14\uff17", None),
        ("+1\u2011202\u2011555\u20110147", None),
        ("+1\u00a0202\u00a0555\u00a00147", None),
        ("\u202a+1 202 555 0147\u202c", None),
        ("1-202-555-0147", "US"),
        ("202.555.0147", "US"),
        ("+1 202 555 0147 ext. 12", None),
        ("+1 202 555 0147 x12", None),
    ],
)
def test_D9_ways_of_writing_one_number_are_one_number(text, region):
    assert normalise_phone(text, region) == "+12025550147"


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("011 44 20 7946 0018", "US", "+442079460018"),
        ("0044 20 7946 0018", "GB", "+442079460018"),
        ("+15551234567", None, "+15551234567"),
        ("+447700900123", None, "+447700900123"),
        ("5550147", "US", "+15550147"),
    ],
)
def test_D9_a_possible_number_is_enough(text, region, number):
    assert normalise_phone(text, region) == number


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("2025550147", None),
        ("0044 20 7946 0018", "US"),
        ("call me at 202 555 0147", "US"),
        ("anonymous", None),
        ("+266696687", None),
        ("", None),
        ("+", None),
        ("1", "US"),
        ("+1 202 555 0147" + " " * 60, None),
        ("2025550147", "us"),
        ("2025550147", "XX"),
        ("1e5", "US"),
        ("${{ secrets.X }}", "US"),
        ("+43 4650", None),  # possible there, and too short for E.164
        ("+49 0 03456", None),  # each reading would drop one more zero
        ("00079460958", "GB"),
    ],
)
def test_D9_what_is_no_number_is_refused(text, region):
    with pytest.raises(ValueError) as refusal:  # noqa: PT011
        normalise_phone(text, region)

    assert len(str(refusal.value)) < 140


@given(st.text(), st.sampled_from([None, "US", "PL"]))
def test_D9_any_text_is_a_number_or_refused(text, region):
    try:
        number = normalise_phone(text, region)
    except ValueError:
        return
    assert number == normalise_phone(number)


@pytest.mark.parametrize("text", ["+1234567", "+14155550100", "+123456789012345"])
def test_a_plus_and_seven_to_fifteen_digits_is_e164(text):
    assert is_e164(text)


@pytest.mark.parametrize(
    "text",
    [
        "+123456",
        "+1234567890123456",
        "14155550100",
        "+1 4155550100",
        "+0123456789",
        "",
        "+\uff11\uff14\uff11\uff15\uff15\uff15\uff15\uff10\uff11\uff10\uff10",
    ],
)
def test_anything_else_is_not_e164(text):
    assert not is_e164(text)
