"""mail_addresses.block and mail_addresses.allow (K-19)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from hub.domain import mail_addresses
from hub.storage import mail_addresses as rows
from hub.storage.tables import mail_addresses as address_rows
from tests.integration.domain.desk import code_of

ZOE = "zoe@example.com"
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def block(desk, reason="bounce", address=ZOE, **given_):
    with desk.transaction() as db:
        return mail_addresses.block(
            db, desk.clock, address=address, reason=reason, source="test", **given_
        ).blocked


def allow(desk, at=None, address=ZOE):
    with desk.transaction() as db:
        return mail_addresses.allow(db, desk.clock, address=address, source="test", at=at).blocked


def is_blocked(desk, address=ZOE):
    with desk.transaction() as db:
        return rows.is_blocked(db, address)


@pytest.mark.parametrize("reason", ["bounce", "complaint", "request"])
def test_K_19_a_bounce_a_complaint_or_a_wish_blocks_an_address_until_it_is_allowed(desk, reason):
    assert not is_blocked(desk)
    assert block(desk, reason)
    assert block(desk, reason)
    desk.clock.advance(HOUR)

    assert not allow(desk)
    assert not is_blocked(desk)
    desk.clock.advance(HOUR)
    assert block(desk, reason)


def test_K_19_an_address_is_the_same_in_capitals_and_nobody_else_is_blocked(desk):
    assert block(desk, address=" Zoe@Example.COM ")

    assert is_blocked(desk)
    assert not is_blocked(desk, "zoe@example.org")


def test_a_report_of_before_the_address_was_allowed_changes_nothing(desk):
    block(desk)
    desk.clock.advance(HOUR)
    allow(desk)

    assert not block(desk, "complaint", at=desk.now() - timedelta(minutes=1))


def test_a_report_that_is_said_to_be_of_tomorrow_can_be_lifted_today(desk):
    assert block(desk, at=desk.now() + 400 * DAY)
    desk.clock.advance(timedelta(seconds=1))

    assert not allow(desk)


def test_bounces_that_may_pass_block_when_they_go_on(desk):
    for _ in range(2):
        assert not block(desk, permanent=False)
        assert not block(desk, permanent=False)  # the same report once more
        desk.clock.advance(2 * DAY)

    assert block(desk, permanent=False)


def test_bounces_that_may_pass_are_forgotten_after_a_quiet_week(desk):
    for _ in range(4):
        assert not block(desk, permanent=False)
        desk.clock.advance(7 * DAY + HOUR)


def test_a_complaint_blocks_at_once_whatever_it_says_of_lasting(desk):
    assert block(desk, "complaint", permanent=False)


def test_an_allowed_address_begins_anew(desk):
    for _ in range(3):
        block(desk, permanent=False)
        desk.clock.advance(HOUR)
    assert not allow(desk)
    desk.clock.advance(HOUR)

    assert not block(desk, permanent=False)


def test_what_is_no_address_is_refused(desk):
    with desk.transaction() as db:
        given_ = {"address": "Zoë <zoe@example.com>", "source": "test"}
        blocking = {**given_, "reason": "bounce"}
        assert code_of(mail_addresses.block, db, desk.clock, **blocking) == "invalid_address"
        assert code_of(mail_addresses.allow, db, desk.clock, **given_) == "invalid_address"


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(st.sampled_from(["bounce", "complaint", "allow"]), st.integers(0, 5))))
def test_what_counts_does_not_depend_on_what_is_heard_first(desk, told):
    """The latest decides; of a report and a person at one instant the report does."""
    now = desk.now()
    with desk.transaction() as db:
        db.execute(delete(address_rows))
    for what, hours in told:
        at = now - hours * HOUR
        if what == "allow":
            allow(desk, at=at)
        else:
            block(desk, what, at=at)

    reports = [hours for what, hours in told if what != "allow"]
    lifted = [hours for what, hours in told if what == "allow"]
    expected = bool(reports) and (not lifted or min(reports) <= min(lifted))
    assert is_blocked(desk) is expected
