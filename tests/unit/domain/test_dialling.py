"""Whom a booking call reaches, in every mode (C-08, C-09, C-10); when there is a booking (X14)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.dialling import is_named, number_to_dial

PROVIDER = "+13105550000"
PHONES = st.lists(
    st.from_regex(r"\+1[2-9][0-9]{9}", fullmatch=True).filter(lambda each: each != PROVIDER),
    max_size=4,
)


@given(phones=PHONES, mode=st.sampled_from(["test", "simulate"]))
def test_C08_the_providers_number_is_dialled_in_no_mode_but_live(phones, mode):
    assert number_to_dial(mode, PROVIDER, phones) != PROVIDER


@given(phones=PHONES)
def test_C08_in_test_it_is_the_first_test_phone(phones):
    assert number_to_dial("test", PROVIDER, phones) == (phones[0] if phones else None)


@given(phones=PHONES)
def test_C09_live_is_the_provider(phones):
    assert number_to_dial("live", PROVIDER, phones) == PROVIDER


@pytest.mark.parametrize("text", [None, "", "  ", "TBD", "tbd", " Tbd\n"])
def test_X14_TBD_names_nothing(text):
    assert not is_named(text)


def test_a_day_names_something():
    assert is_named("Friday")
