"""The way to a receiver refuses, hangs, resets or loses the answer: E7 and E8 for each effect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.acceptance.conftest import OpenStory
from tests.acceptance.story import HOUR, Story
from tests.fakes.receiver import FakeReceiver
from tests.fakes.slack import FakeSlack
from tests.figures import Figure
from tests.processes.link import Link

FLOW = """\
hub: 1
title: Orders something
endpoint:
  auth: broker
  payload: schemas/lead-phone.json
  respond: accepted
steps:
  - id: order
    do: {action}
    {delivery}timeout: 1s
    with:
      url: {url}/orders
      json: {{lead: "${{{{ payload.lead_id }}}}", at: "${{{{ now() }}}}"}}
"""
REPEATED = {
    "put": ("http.put", ""),
    "post-again": ("http.post", "delivery: at_least_once\n    "),
}
NEVER_REPEATED = {"post-once": ("http.post", "")}
FAULTS: dict[str, Callable[[Link], None]] = {
    "refuses": Link.cut,
    "hangs": Link.hang,
    "resets": Link.reset,
    "loses the answer": lambda link: link.lose_answer(b"/orders"),
    "loses the answer in silence": lambda link: link.lose_answer(b"/orders", silently=True),
}


@pytest.fixture
def receiver() -> Iterator[FakeReceiver]:
    with FakeReceiver() as fake:
        yield fake


@pytest.fixture
def way(receiver: FakeReceiver) -> Iterator[Link]:
    """The way to the receiver."""
    with Link(f"127.0.0.1:{receiver.port}") as link:
        yield link


@pytest.fixture
def orders(open_story: OpenStory, project: Path, slack: FakeSlack, way: Link) -> Story:
    """The hub with a flow for each way to order."""
    for name, (action, delivery) in {**REPEATED, **NEVER_REPEATED}.items():
        url = f"http://127.0.0.1:{way.port}"
        flow = FLOW.format(action=action, delivery=delivery, url=url)
        (project / "workflows" / f"{name}.yaml").write_text(flow)
    settings = project / "hub.yaml"
    ports = f"ports: [{slack.port}, {way.port}]"
    settings.write_text(settings.read_text().replace(f"ports: [{slack.port}]", ports))
    return open_story()


@pytest.mark.parametrize("fault", FAULTS)
def test_E7_E8_P7_whatever_the_way_to_a_receiver_does_nothing_is_done_twice_or_lost_in_silence(
    orders: Story, receiver: FakeReceiver, way: Link, fault: str, figure: Figure
):
    leads = {name: str(uuid4()) for name in (*REPEATED, *NEVER_REPEATED)}
    runs = {}
    for name, lead in leads.items():
        runs[name] = orders.broker(name, {"lead_id": lead}, is_worked=False).run_id
        FAULTS[fault](way)
        orders.work_all()
        way.restore()
    orders.later(HOUR)
    orders.later(2 * HOUR)

    for name, lead in leads.items():
        sent = [each for each in receiver.requests if each.json["lead"] == lead]
        assert len({each.body for each in sent}) <= 1
        assert {each.headers["idempotency-key"] for each in sent} <= {f"{runs[name]}/order"}
        line = orders.run(runs[name]).line
        if name in REPEATED:
            assert line.status == "succeeded"
            assert len([each for each in receiver.effects if each.json["lead"] == lead]) == 1
            assert len(sent) == 2 or "answer" not in fault
        else:
            assert len(sent) <= 1  # never a second call
            assert (line.status, line.is_maybe_done) in CLEAR[fault]
            assert line.status == "failed" or len(sent) == 1
    figure("P7 receivers", f"{len(FAULTS)} faults on the way to receivers: none done twice or lost")


_DONE, _MAYBE_DONE = ("succeeded", False), ("failed", True)
# How a call that is never repeated ends: where nothing left the hub it is made later.
CLEAR = {
    "refuses": {_DONE},
    "hangs": {_MAYBE_DONE},
    "resets": {_DONE, _MAYBE_DONE},
    "loses the answer": {_MAYBE_DONE},
    "loses the answer in silence": {_MAYBE_DONE},
}
