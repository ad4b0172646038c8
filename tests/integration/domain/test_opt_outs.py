"""phones.opt_out and phones.opt_in."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.domain import opt_outs
from tests.integration.domain.desk import code_of

NUMBER = "+12025550147"


def said(desk, wish, at=None, number="+1 (202) 555-0147"):
    with desk.transaction() as db:
        return wish(db, desk.clock, number=number, source="sms", at=at).opted_out


def test_a_number_opts_out_and_in_again(desk):
    assert said(desk, opt_outs.opt_out)
    assert said(desk, opt_outs.opt_out, number=NUMBER)
    desk.clock.advance(timedelta(seconds=1))

    assert not said(desk, opt_outs.opt_in, number=NUMBER)


def test_a_wish_that_is_heard_late_does_not_undo_a_later_one(desk):
    said(desk, opt_outs.opt_out)

    assert said(desk, opt_outs.opt_in, at=desk.now() - timedelta(minutes=1))


@pytest.mark.parametrize("wish", [opt_outs.opt_out, opt_outs.opt_in])
def test_what_is_no_number_has_no_wish(desk, wish):
    with desk.transaction() as db:
        assert code_of(wish, db, desk.clock, number="anonymous", source="sms") == "invalid_phone"
