"""How long somebody who guesses has to wait (S7)."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from hub.people.patience import FREE_BY_ACCOUNT, FREE_BY_ADDRESS, delay_after

MINUTE = timedelta(minutes=1)


def test_S7_five_failures_of_an_account_and_twenty_of_an_address_are_free():
    assert (FREE_BY_ACCOUNT, FREE_BY_ADDRESS) == (5, 20)
    assert delay_after(4, free=FREE_BY_ACCOUNT) == timedelta()
    assert delay_after(5, free=FREE_BY_ACCOUNT) == MINUTE
    assert delay_after(19, free=FREE_BY_ADDRESS) == timedelta()
    assert delay_after(20, free=FREE_BY_ADDRESS) == MINUTE


def test_S7_the_delay_doubles_and_has_an_end():
    delays = [delay_after(count, free=5) for count in range(5, 11)]

    assert delays == [MINUTE, 2 * MINUTE, 4 * MINUTE, 8 * MINUTE, 15 * MINUTE, 15 * MINUTE]


@given(st.integers(0, 10**6), st.integers(1, 50))
def test_S7_one_more_failure_never_waits_less(failures, free):
    assert delay_after(failures, free=free) <= delay_after(failures + 1, free=free)
