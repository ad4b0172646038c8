"""What a death of the worker does to effects: nothing twice, nothing lost in silence."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from hub.connectors.slack import SlackClient
from tests.acceptance.booked_once import accepted_booking, is_booked_once
from tests.acceptance.conftest import OpenStory
from tests.acceptance.crashes import Deaths, Killed
from tests.acceptance.story import HOUR, SAMPLE_TIME, Story
from tests.fakes.receiver import FakeReceiver
from tests.fakes.services import Answer
from tests.fakes.slack import FakeSlack


def lives(hub: Story, lead: UUID, moment: int, *, call: str) -> bool:
    """Work on a booking and die at that moment, be found and go on; true if nobody died."""
    accepted_booking(hub, lead, call=call)
    try:
        with Deaths(hub.hub.database).at(moment):
            hub.work_all()
    except Killed:
        hub.leases_run_out()
        hub.work_all()
        return False
    return True


def test_E6_E8_whenever_the_worker_dies_a_booking_has_one_effect_and_at_most_one_message(
    hub: Story,
):
    """Delivered and unknown together are all: nothing is lost in silence, nothing is sent twice."""
    unknown = 0
    for moment in count(1):
        name, call = f"Lead {moment}", f"c{moment}"
        lead = hub.holder(name)
        has_lived = lives(hub, lead, moment, call=call)

        assert is_booked_once(hub, lead), f"died at moment {moment}"
        run = hub.runs("vapi-call-ended")[0]
        assert run.status == "succeeded"
        assert sum(f"{name} booked" in text for text in hub.slack.texts) == 1
        unknown += run.is_maybe_done
        if has_lived:
            break

    assert moment > 10
    assert unknown > 0


def test_E6_a_local_effect_and_its_step_are_one_commit(hub: Story):
    """At no moment is the one there without the other."""
    for moment in count(1):
        lead = hub.holder(f"Lead {moment}")
        run = accepted_booking(hub, lead, call=f"c{moment}")
        try:
            with Deaths(hub.hub.database).at(moment):
                hub.work_all()
        except Killed:
            steps = hub.steps(run).values()
            done = {step.action for step in steps if step.status == "succeeded"}
            assert ("interactions.log" in done) == bool(hub.entries(lead, "call"))
            assert ("appointments.book" in done) == bool(hub.appointments(lead))
            hub.leases_run_out()
            hub.work_all()
        else:
            break


def dies_during_the_call(hub: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker dies between the stored intent and the call."""

    def dies(*_: object, **__: object) -> str:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(SlackClient, "post_message", dies)
        with pytest.raises(Killed):
            hub.work_all()


def test_E8_a_message_whose_worker_died_during_the_call_is_unknown_and_not_repeated(
    hub: Story, monkeypatch: pytest.MonkeyPatch
):
    lead = hub.holder()
    run = accepted_booking(hub, lead)

    dies_during_the_call(hub, monkeypatch)
    intent = hub.step(run, "slack.post")
    hub.leases_run_out()
    hub.work_all()

    assert (intent.status, intent.attempts) == ("started", 1)
    step = hub.step(run, "slack.post")
    assert step.error is not None
    assert (step.error["code"], step.error["maybe_done"]) == ("outcome_unknown", True)
    assert hub.run(run).line.is_maybe_done
    assert hub.slack.nothing_was_sent
    assert is_booked_once(hub, lead)


def test_E8_once_per_holds_across_runs_when_the_first_one_died(
    hub: Story, monkeypatch: pytest.MonkeyPatch
):
    lead = hub.holder()
    accepted_booking(hub, lead)

    dies_during_the_call(hub, monkeypatch)
    hub.leases_run_out()
    hub.work_all()
    hub.calls_tool(lead, SAMPLE_TIME, call="c1")
    hub.later(HOUR)

    assert hub.slack.nothing_was_sent
    (told,) = hub.runs("vapi-appointment-booked")
    assert told.is_maybe_done


ORDER = """\
hub: 1
title: Order something
endpoint:
  auth: broker
  payload: schemas/lead-phone.json
  respond: accepted
steps:
  - id: order
    do: http.post
    delivery: at_least_once
    with:
      url: RECEIVER/orders
      json:
        lead: ${{ payload.lead_id }}
        at: ${{ now() }}
"""


@pytest.fixture
def receiver() -> Iterator[FakeReceiver]:
    with FakeReceiver() as fake:
        yield fake


@pytest.fixture
def orders(open_story: OpenStory, project: Path, slack: FakeSlack, receiver: FakeReceiver) -> Story:
    """The hub with one more flow, which orders something at a receiver that honours keys."""
    flow = project / "workflows" / "order.yaml"
    flow.write_text(ORDER.replace("RECEIVER", receiver.url))
    settings = project / "hub.yaml"
    ports = f"ports: [{slack.port}, {receiver.port}]"
    settings.write_text(settings.read_text().replace(f"ports: [{slack.port}]", ports))
    return open_story()


def test_E7_inputs_and_intent_are_stored_before_the_call(orders: Story, receiver: FakeReceiver):
    run = orders.broker("order", {"lead_id": str(uuid4())}, is_worked=False).run_id
    seen: list[Any] = []

    answer = receiver.answer

    def look(request: Any) -> Answer:
        seen.append(orders.step(run, "http.post"))
        return answer(request)

    receiver.answer = look  # type: ignore[method-assign]
    orders.work_all()

    (intent,) = seen
    assert intent.status == "started"
    assert intent.inputs["url"] == f"{receiver.url}/orders"
    assert orders.run(run).line.status == "succeeded"


def test_E7_every_attempt_and_every_process_sends_the_same_key_and_inputs(
    orders: Story, receiver: FakeReceiver, open_story: OpenStory
):
    run = orders.broker("order", {"lead_id": str(uuid4())}, is_worked=False).run_id
    receiver.then("cut", Answer(status=503))
    orders.work_all()
    orders.later(HOUR)
    restarted = open_story()
    restarted.later(2 * HOUR)

    sent = [(each.headers["idempotency-key"], each.body) for each in receiver.requests]
    assert len(sent) == 3
    assert len(set(sent)) == 1
    assert sent[0][0] == f"{run}/order"
    assert len(receiver.effects) == 1
    assert restarted.run(run).line.status == "succeeded"


def test_E7_whenever_the_worker_dies_the_receiver_does_it_once(
    orders: Story, receiver: FakeReceiver
):
    """`at_least_once` with a receiver that honours the key."""
    for moment in count(1):
        lead = str(uuid4())
        run = orders.broker("order", {"lead_id": lead}, is_worked=False).run_id
        try:
            with Deaths(orders.hub.database).at(moment):
                orders.work_all()
        except Killed:
            orders.leases_run_out()
            orders.work_all()
            has_lived = False
        else:
            has_lived = True

        assert orders.run(run).line.status == "succeeded"
        done = [each for each in receiver.effects if each.json["lead"] == lead]
        assert len(done) == 1
        if has_lived:
            break
    assert len(receiver.requests) > len(receiver.effects)
