"""What `hub.yaml` says of paths and events fits the workflows and the events that there are."""

from __future__ import annotations

import pytest

from hub.engine.project import load_project
from hub.engine.settings import ConnectionFacts
from tests.unit.engine.planted import expected_place, unmarked
from tests.unit.engine.small_project import ACTIONS, AUTH_TYPES, DIALECTS, FILES

HUB = "hub.yaml"
STREAMS = """
streams:
  seats:
    path: /api/seats/{id}/events
    auth: broker
    events: [seat.kept, seat.freed]
  more:
    path: /api/more/{id}
    auth: broker
    events:
      - seat.kept
"""
CALLBACK = """
connections:
  phone:
    type: phone
    options:
      status_callback: /webhook/book?from=phone
"""
EVENT = '{"type": "object", "properties": {}}'
EVENTS = {f"schemas/events/seat.{each}.json": EVENT for each in ("kept", "freed")}
RULES = {"phone": ConnectionFacts(options=("status_callback",), callbacks=("status_callback",))}


def findings(more: str, **workflows: str) -> list[tuple[str, str, tuple[int, int, int]]]:
    """Code, message and place of what is wrong with hub.yaml."""
    flows = {f"workflows/{name}.yaml": text for name, text in workflows.items()}
    project = load_project(
        {**FILES, **EVENTS, **flows, HUB: FILES[HUB] + more},
        actions=ACTIONS,
        auth_types=AUTH_TYPES,
        dialects=DIALECTS,
        connections=RULES,
    )
    return [
        (each.code, each.message, (each.line, each.column, each.end_column))
        for each in project.findings
        if each.file == HUB
    ]


def test_streams_and_callbacks_that_lead_somewhere_are_no_mistake():
    assert findings(STREAMS + CALLBACK) == []


@pytest.mark.parametrize(
    ("written", "marked", "code", "message"),
    [
        ("[seat.kept, seat.freed]", "[seat.kept, «seat.fred»]", 213, "no event 'seat.fred'"),
        ("      - seat.kept", "      - «seat.taken»", 213, "no event 'seat.taken'"),
        ("/api/more/{id}", "«/api/seats/{seat}/events»", 620, "the stream 'seats' has this path"),
        ("/api/more/{id}", "«/webhook/{id}»", 620, "the workflow 'book' has this path"),
        ("/webhook/book?from=phone", "«/webhook/bok»", 622, "no endpoint takes POST /webhook/bok"),
    ],
)
def test_what_leads_nowhere_is_told_at_its_place(
    written: str, marked: str, code: int, message: str
):
    more = (STREAMS + CALLBACK).replace(written, marked)

    [(told, said, place)] = findings(unmarked(more))

    assert told == f"HUB{code}"
    assert message in said
    assert place == expected_place(FILES[HUB] + more)


def test_an_endpoint_that_has_mistakes_or_cannot_be_read_may_be_called_all_the_same():
    for text in ("hub: 1\ntitle: x\nendpoint:\n  auth: nobody\nsteps: []\n", "{"):
        told = findings(CALLBACK.replace("/webhook/book?from=phone", "/webhook/later"), later=text)
        assert told == []


def test_an_endpoint_that_takes_another_method_hears_no_callback():
    reads = "hub: 1\ntitle: x\nendpoint:\n  method: GET\n  auth: broker\nsteps:\n  - return: x\n"

    [(code, _, _)] = findings(
        CALLBACK.replace("/webhook/book?from=phone", "/webhook/reads"), reads=reads
    )

    assert code == "HUB622"


def test_a_callback_that_stands_in_the_environment_is_not_known_here():
    more = CALLBACK.replace("/webhook/book?from=phone", "${{ config.team }}")

    assert findings(more) == []
