"""What the last requests would have become with an edited workflow."""

from __future__ import annotations

from sqlalchemy import text

from hub.people.roles import Role
from hub.storage import audit
from tests.acceptance.browser import Browser, Page
from tests.acceptance.story import SAMPLE_TIME, Story
from tests.acceptance.test_console_flows import look_again

COUNTED = text("SELECT (SELECT count(*) FROM runs) + (SELECT count(*) FROM steps)"
               " + (SELECT count(*) FROM deliveries) + (SELECT count(*) FROM events)")  # fmt: skip


def asked(hub: Story, workflow: str, old: str = "", new: str = "") -> Page:
    """What-if of this change of a workflow's text, as an editor asks it."""
    browser, address = Browser.of(hub, Role.EDITOR), f"/admin/workflows/{workflow}/edit"
    before = (hub.hub.settings.project / f"workflows/{workflow}.yaml").read_text("utf-8")
    assert old in before
    fields = {**browser.get(address).form(address).fields, "text": before.replace(old, new, 1)}
    return browser.post(f"{address}/what-if", fields)


def rows(hub: Story) -> int:
    with hub.transaction() as db:
        return int(db.execute(COUNTED).scalar_one())


def test_without_a_change_all_requests_go_as_they_did(hub: Story):
    lead = hub.holder()
    hub.gives_phone(lead)
    hub.gives_phone(hub.lead())
    hub.books(lead, SAMPLE_TIME)
    hub.outcome(lead, "showed")

    for workflow in ("lead-phone", "vapi-appointment-booked", "appointment-outcome"):
        page = asked(hub, workflow)
        assert "as it did" in page.text or "as they did" in page.text, page.text
        assert "no difference" in page.text


def test_another_answer_is_told(hub: Story):
    hub.gives_phone(hub.lead())  # the pool is empty

    page = asked(hub, "lead-phone", "        status: 409", "        status: 410")

    assert "1 of the last 1 requests would go otherwise" in page.text
    assert '"status": 410' in page.text
    assert '"status": 409' in page.text


HEADED = """\
hub: 1
title: Says where a request came from
endpoint:
  auth: broker
  headers: [X-Source]
  respond: {within: 5s}
steps:
  - return:
      source: ${{ headers.x_source | default('nowhere') }}
"""


def test_S6_headers_are_played_as_they_were_sent_and_what_proved_the_caller_is_not_among_them(
    hub: Story,
):
    (hub.hub.settings.project / "workflows/headed.yaml").write_text(HEADED, "utf-8")
    look_again(hub)
    hub.broker("headed", {}, headers={"X-Source": "web", "X-Lane": "7"})

    same = asked(hub, "headed")
    other = asked(hub, "headed", "[X-Source]", "[X-Source, X-Lane]")
    named = HEADED.replace("[X-Source]", "[X-Source, X-Lane]").replace("x_source |", "x_lane |")
    later = asked(hub, "headed", HEADED, named)
    proof = asked(hub, "headed", "[X-Source]", "[X-Source, Authorization]")

    assert "no difference" in same.text
    assert "no difference" in other.text
    assert '"source": "7"' in later.text
    assert '"source": "web"' in later.text
    assert "Bearer" not in same.text + other.text + later.text + proof.text


def test_steps_that_would_be_done_or_not_are_told_and_nothing_is_done(hub: Story):
    hub.broker("lead-phone", {"lead_id": str(hub.holder()), "phone": "+14155550199"})
    before, posted = rows(hub), len(hub.slack.messages)

    page = asked(
        hub,
        "lead-phone",
        "  - id: lead\n    if: payload.phone is set\n",
        "  - id: told\n    do: twilio.send_sms\n    with: {to: '+14155550100', text: hello}\n\n"
        "  - id: lead\n    if: payload.phone is set and payload.phone == 'none'\n",
    )

    assert "step told would be done: twilio.send_sms , which others notice" in page.text
    assert "step lead would not be done: leads.update" in page.text
    assert "twilio.send_sms was not done then: its example stands in" in page.text
    assert (rows(hub), len(hub.slack.messages)) == (before, posted)


def test_S9_who_asked_is_noted(hub: Story):
    hub.gives_phone(hub.lead())

    asked(hub, "lead-phone")

    with hub.transaction() as db:
        (row,) = [each for each in audit.newest(db, limit=5) if "what-if" in each.action]
    assert row.what == {"workflow": "lead-phone", "runs": 1}


def test_where_there_is_nothing_to_ask_that_is_told(hub: Story):
    assert "No request that is over is kept." in asked(hub, "lead-phone").text
    assert "No request starts it" in asked(hub, "close-booking-session").text
    hub.gives_phone(hub.lead())
    broken = asked(hub, "lead-phone", "do: phones.assign", "do: phones.assing")
    assert "The text has errors" in broken.text
