"""What a hold is called, and which of its appointments is shown (H-25)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.domain.monitor import KnownAppointment, label, shown_appointment

NOW = datetime(2025, 10, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def open_at(hours: float) -> KnownAppointment:
    return KnownAppointment(NOW + hours * HOUR, is_open=True)


def closed_at(hours: float, *, told: float) -> KnownAppointment:
    return KnownAppointment(NOW + hours * HOUR, is_open=False, outcome_at=NOW + told * HOUR)


@pytest.mark.parametrize(
    ("known", "release", "expected"),
    [
        (None, 3, "no appointment"),
        (None, -3, "no appointment"),
        (open_at(48), 72, "pending (48.0 hrs)"),
        (open_at(1.26), 25, "pending (1.3 hrs)"),
        (open_at(0), 24, "follow-up window"),
        (open_at(-23), 1, "follow-up window"),
        (open_at(-24), 0, "grace over"),
        (open_at(-30), -6, "grace over"),
        (closed_at(-1, told=-1), 23, "follow-up window"),
        (closed_at(48, told=-1), -1, "grace over"),
    ],
)
def test_h25_a_hold_is_called_by_what_it_waits_for(known, release, expected):
    assert label(known, release_at=NOW + release * HOUR, now=NOW) == expected


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ([], None),
        ([open_at(48), open_at(2), open_at(-5)], open_at(2)),
        ([open_at(-5), open_at(-2)], open_at(-2)),
        ([closed_at(48, told=-1), open_at(-5)], open_at(-5)),
        ([closed_at(48, told=-3), closed_at(2, told=-1)], closed_at(2, told=-1)),
    ],
)
def test_h25_the_next_appointment_is_shown_else_the_last(known, expected):
    assert shown_appointment(known, NOW) == expected
