"""The monitors and the pool: `hub holds`, `hub leads add`, `hub phones add`."""

from __future__ import annotations

import pytest

from hub.bootstrap.clock import SystemClock
from tests.acceptance.story import DAY, HOUR, Story
from tests.acceptance.terminal import Terminal


@pytest.fixture
def today(hub: Story) -> Story:
    """The story takes place now, where the commands are."""
    hub.clock.set(SystemClock().now().replace(microsecond=0))
    return hub


def test_H_25_holds_are_listed_by_appointment_with_their_label(today: Story, terminal: Terminal):
    late, early, none = today.holder("Late"), today.holder("Early"), today.holder("None")
    today.books(late, today.now() + 3 * DAY)
    today.books(early, today.now() + 2 * DAY)

    lines = terminal.type("holds", "--json").lines

    assert [line["lead_name"].split()[0] for line in lines] == ["Early", "Late", "None"]
    assert lines[0]["label"].startswith("pending (4")
    assert lines[2]["label"] == "no appointment"
    assert lines[2]["lead_id"] == str(none)
    shown = terminal.type("holds")
    assert shown.code == 0
    assert "pending (4" in shown.out


def test_H_26_overdue_holds_end_with_1_so_that_it_can_alert(today: Story, terminal: Terminal):
    quiet = terminal.type("holds", "--overdue")
    today.clock.advance(-20 * HOUR)
    today.holder()
    today.clock.advance(20 * HOUR)

    overdue = terminal.type("holds", "--overdue", "--json")

    assert (quiet.code, quiet.out) == (0, "no hold is overdue\n")
    assert overdue.code == 1
    assert overdue.json["hours_overdue"] == pytest.approx(2.0, abs=0.2)
    today.sweep()
    assert terminal.type("holds", "--overdue").code == 0


def test_an_operator_can_begin_with_a_number_and_a_lead(hub: Story, terminal: Terminal):
    assert terminal.type("phones", "add", "+1 202 555 0100", "+12025550101").out == (
        "2 added, 0 known already\n"
    )
    assert terminal.type("phones", "add", "+12025550100", "--json").json == {"added": 0, "known": 1}
    made = terminal.type("leads", "add", "--first-name=Ada", "--last-name=Byron", "--json").json

    answer = hub.broker("lead-phone", {"lead_id": made["lead_id"]})

    assert answer.json["phone_number"] in {"+12025550100", "+12025550101"}


def test_a_number_that_is_none_is_refused_in_one_line(terminal: Terminal):
    typed = terminal.type("phones", "add", "12")

    assert typed.code == 1
    assert typed.err.startswith("hub: ")
    assert typed.err.count("\n") == 1


def test_an_email_that_is_none_is_refused(terminal: Terminal):
    typed = terminal.type("leads", "add", "--first-name=Ada", "--last-name=Byron", "--email=nomail")

    assert typed.code == 2
    assert "'nomail' is not an e-mail address" in typed.err
