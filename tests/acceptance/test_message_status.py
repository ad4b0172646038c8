"""From a text message that is sent to what became of it, over the callback of the provider."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from hub.storage.schedules import DueSchedule
from hub.worker.rounds import fire
from tests.acceptance.conftest import OpenStory
from tests.acceptance.counter import SAMPLES
from tests.acceptance.story import HOUR, SAMPLE_LEAD, Story
from tests.acceptance.terminal import Terminal
from tests.fakes.ports import port_of
from tests.fakes.twilio import FakeTwilio, StatusCallback

TO = "+12025550147"
PUBLIC = "https://hub.example.com"
FLOW = f"""\
hub: 1
title: Reminds somebody
endpoint:
  auth: broker
  payload: schemas/lead-phone.json
  respond: accepted
steps:
  - id: remind
    do: twilio.send_sms
    timeout: 2s
    with: {{to: "{TO}", text: Tomorrow at 9}}
"""


@pytest.fixture
def twilio(project: Path) -> Iterator[FakeTwilio]:
    """Twilio, with a flow that sends by it."""
    with FakeTwilio().at(port_of("twilio")) as fake:
        settings = (project / "hub.yaml").read_text()
        for written, meant in (
            ("    type: twilio\n    cred", f"    type: twilio\n    base_url: {fake.url}\n    cred"),
            ("      status_callback:", "      from: '+12025550100'\n      status_callback:"),
            ("/32\n    ports: [", f"/32\n    ports: [{fake.port}, "),
        ):
            assert settings.count(written) == 1, written
            settings = settings.replace(written, meant)
        (project / "hub.yaml").write_text(settings)
        (project / "workflows" / "remind.yaml").write_text(FLOW)
        yield fake


@pytest.fixture
def open_office(open_story: OpenStory, twilio: FakeTwilio) -> OpenStory:
    def opened(**more: str) -> Story:
        secrets = {"TWILIO_ACCOUNT_SID": twilio.account_sid, "TWILIO_AUTH_TOKEN": twilio.auth_token}
        return open_story(**{**secrets, "HUB_PUBLIC_URL": PUBLIC, **more})

    return opened


@pytest.fixture
def office(open_office: OpenStory) -> Story:
    return open_office()


def remind(office: Story) -> Any:
    """The run that texts, once all is over."""
    answer = office.broker("remind", {"lead_id": str(SAMPLE_LEAD)})
    office.later(HOUR)
    return office.run(answer.run_id).line


def tell(office: Story, report: StatusCallback) -> Any:
    """What the hub makes of a report: how it is answered, and what its run returned."""
    assert report.url.startswith(PUBLIC)
    answer = office.post(report.target, report.body, headers=report.headers)
    assert (answer.status, answer.body) == (200, b"")
    return office.run(office.runs("twilio-message-status")[0].id).result


def shown(office: Story, run: Any) -> list[tuple[str, str | None, str | None]]:
    told = Terminal.of(office).type("runs", "show", str(run.id), "--json").json
    return [(each["number"], each["status"], each["error"]) for each in told["text_messages"]]


def test_what_became_of_a_message_stands_with_the_run_that_sent_it(
    office: Story, twilio: FakeTwilio
):
    run = remind(office)
    (sid,) = twilio.callbacks
    assert shown(office, run) == [(TO, None, None)]

    assert tell(office, twilio.reports(sid, "delivered")) == {"status": "delivered"}
    assert tell(office, twilio.reports(sid, "sent")) == {"ignored": "it is delivered already"}
    before = len(office.runs())
    tell(office, twilio.reports(sid, "delivered"))

    assert len(office.runs()) == before
    assert shown(office, run) == [(TO, "delivered", None)]
    said = Terminal.of(office).type("runs", "show", str(run.id)).out
    assert f"{TO}  delivered" in said
    assert sid in said


def test_a_message_that_a_carrier_blocks_is_told_to_the_team(office: Story, twilio: FakeTwilio):
    run = remind(office)
    (sid,) = twilio.callbacks

    tell(office, twilio.reports(sid, "undelivered", ErrorCode="30007"))

    assert shown(office, run) == [(TO, "undelivered", "blocked")]
    assert f"{sid} (30007)" in office.slack.messages[-1].text
    said = Terminal.of(office).type("runs", "show", str(run.id)).out
    assert "undelivered (blocked, 30007)" in said


def test_who_opted_out_at_the_provider_gets_no_more_messages(office: Story, twilio: FakeTwilio):
    remind(office)
    (sid,) = twilio.callbacks
    tell(office, twilio.reports(sid, "failed", ErrorCode="21610"))

    again = remind(office)

    assert again.error["code"] == "opted_out"
    assert len(twilio.messages) == 1


def test_E8_a_message_in_doubt_is_known_to_be_sent_once_it_is_reported(
    office: Story, twilio: FakeTwilio
):
    twilio.hides = True
    twilio.loses_the_answer()
    run = remind(office)
    (sid,) = twilio.callbacks
    assert (run.status, run.is_maybe_done, shown(office, run)) == ("failed", True, [])

    tell(office, twilio.reports(sid, "delivered"))

    assert shown(office, run) == [(TO, "delivered", None)]
    assert len(twilio.messages) == 1


def test_what_nobody_reported_is_asked_for(office: Story, twilio: FakeTwilio):
    run = remind(office)
    (sid,) = twilio.callbacks
    twilio.becomes(sid, "undelivered", 30006)
    with office.transaction() as db:
        db.execute(text("UPDATE text_messages SET sent_at = sent_at - interval '2 hours'"))
        db.execute(text("UPDATE schedules SET next_at = :now"), {"now": office.now()})

    workflow = office.hub.scheduled["settle-text-messages"]
    due = DueSchedule(workflow.name, next_at=office.now(), now=office.now())
    assert fire(office.hub, workflow, due) == 1
    office.work_all()

    assert office.last_run().line.status == "succeeded"
    assert shown(office, run) == [(TO, "undelivered", "invalid_number")]


def test_S2_a_report_that_was_led_to_another_step_is_refused(office: Story, twilio: FakeTwilio):
    run, other = remind(office), remind(office)
    first, _ = twilio.callbacks
    report = twilio.reports(first, "delivered")
    assert str(run.id) in report.target

    led = report.target.replace(str(run.id), str(other.id))
    unsigned = {**report.headers, twilio.signature_header: "AAAA"}

    assert office.post(led, report.body, headers=report.headers).status == 401
    assert office.post(report.target, report.body, headers=unsigned).status == 401
    assert office.runs("twilio-message-status") == []


def test_the_samples_of_the_vendor_are_taken_and_say_that_the_message_is_unknown(
    open_office: OpenStory, project: Path
):
    """Their signatures are over `https://hub.example.com/hooks/twilio-status`."""
    flow = project / "workflows" / "twilio-message-status.yaml"
    flow.write_text(flow.read_text().replace("/webhook/twilio-status", "/hooks/twilio-status"))
    office = open_office(TWILIO_AUTH_TOKEN="12345")
    for path in sorted(SAMPLES.glob("twilio/message-status-*.request.json")):
        if "sharedkey" in path.name:  # another key, which this hub does not have
            continue
        sent = json.loads(path.read_bytes())
        report = StatusCallback(sent["target"], sent["body"].encode(), sent["headers"])
        assert tell(office, report) == {"ignored": "unknown message"}, path

    assert len(office.runs("twilio-message-status")) == 3  # delivered came twice


@pytest.mark.parametrize("url", ["http://hub.example.com", ""])
def test_nobody_is_asked_to_tell_about_people_in_the_clear(
    open_office: OpenStory, twilio: FakeTwilio, url: str
):
    remind(open_office(HUB_PUBLIC_URL=url))

    assert (len(twilio.messages), twilio.callbacks) == (1, {})
