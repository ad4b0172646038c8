"""From a trigger to a run: its mode, its turn, its names."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from hub.engine.expressions import compile_value
from hub.engine.start import SecretNames, Start, run_facts, scope_names, trigger_names, turn_digest
from hub.errors import Rejected
from hub.storage.runs import ClaimedRun
from hub.values import Secret
from tests.unit.engine.small_project import load

NOON = datetime(2025, 10, 20, 12, tzinfo=UTC)
LATER = datetime(2025, 10, 20, 14, tzinfo=UTC)
GUEST = "07f26a19-e9dc-422c-b61d-030e3c7971bb"
PAYLOAD = {
    "guest_id": GUEST,
    "time": "2025-10-20T14:00:00Z",
    "row": "front",
    "count": 1,
    "names": [],
}
PROJECT = load()


def start(name: str = "book", *, config: dict[str, Any] | None = None, **trigger: Any) -> Start:
    return Start(
        PROJECT.workflows[name],
        trigger,
        {"hub_mode": "live"} if config is None else config,
        NOON,
        PROJECT.settings.mode,
    )


def claimed(trigger: dict[str, Any], **given: Any) -> ClaimedRun:
    facts: dict[str, Any] = {
        "id": UUID(int=1),
        "workflow": "sweep",
        "version": "v",
        "mode": "live",
        "trigger": trigger,
        "token": 2,
        "deaths": 0,
        "is_awaited": False,
        "created_at": NOON,
        "started_at": NOON,
        "scheduled_at": None,
        "retry_of": None,
        "claimed_at": NOON,
    }
    return ClaimedRun(**{**facts, **given})


@pytest.mark.parametrize("mode", ["live", "test", "simulate"])
def test_the_mode_is_that_of_the_project(mode: str):
    assert start(config={"hub_mode": mode}).mode() == mode


@pytest.mark.parametrize("mode", ["LIVE", "", 7, None])
def test_D10_what_is_no_mode_is_simulate(mode: Any):
    assert start(config={"hub_mode": mode}).mode() == "simulate"


def test_D10_no_mode_at_all_is_simulate():
    workflow = replace(PROJECT.workflows["book"], mode=None)
    assert Start(workflow, {}, {}, NOON).mode() == "simulate"


def test_a_value_at_the_door_sees_the_payload():
    dedupe = PROJECT.workflows["book"].trigger.dedupe  # type: ignore[union-attr]
    assert dedupe is not None
    assert start(payload=PAYLOAD).render(dedupe.key).startswith(f"{GUEST}/2025-10-20T14:00:00")


def test_a_value_that_the_request_lacks_is_refused():
    dedupe = PROJECT.workflows["book"].trigger.dedupe  # type: ignore[union-attr]
    assert dedupe is not None
    with pytest.raises(Rejected) as refused:
        start(payload={}).render(dedupe.key)
    assert refused.value.status == 422


def test_E16_a_run_stands_in_the_queue_of_its_key():
    inputs = {"guest_id": GUEST, "time": "2025-10-20T14:00:00Z"}
    assert start("take-seat", inputs=inputs).turn() == ("take-seat", turn_digest(GUEST))
    assert start(payload=PAYLOAD).turn() is None


def test_the_row_has_what_the_run_needs():
    run = start(payload=PAYLOAD).new_run(UUID(int=1), dedupe_key="k", is_awaited=True)
    assert (run.workflow, run.mode, run.dedupe_key, run.is_awaited, run.timeout) == (
        "book",
        "live",
        "k",
        True,
        timedelta(days=30),
    )
    assert run.trigger == {"payload": PAYLOAD}


def test_dates_of_the_payload_are_dates():
    names = trigger_names(PROJECT.workflows["book"], {"payload": PAYLOAD})
    assert names["payload"]["time"] == LATER


def test_inputs_have_their_defaults_and_dates():
    given = {"guest_id": GUEST, "time": "2025-10-20T14:00:00Z"}
    names = trigger_names(PROJECT.workflows["take-seat"], {"inputs": given})
    assert names["inputs"] == {"guest_id": GUEST, "time": LATER, "row": "back"}


def test_secrets_are_references_whatever_their_names():
    assert SecretNames()["ANYTHING"] == Secret("ANYTHING")


@pytest.mark.parametrize(
    ("row", "trigger", "expected"),
    [
        (LATER, {"scheduled_at": "2025-10-20T12:00:00Z"}, LATER),
        (None, {"scheduled_at": "2025-10-20T14:00:00Z"}, LATER),
        (None, {"scheduled_at": "soon"}, None),
        (None, {}, None),
    ],
)
def test_the_planned_time_is_that_of_the_row_or_of_the_trigger(
    row: datetime | None, trigger: dict[str, Any], expected: datetime | None
):
    assert run_facts(claimed(trigger, scheduled_at=row)).get("scheduled_at") == expected


def test_a_scope_has_the_run_and_the_config():
    run = claimed({"scheduled_at": "2025-10-20T14:00:00Z"})
    names = scope_names(run, PROJECT.workflows["sweep"], config={"team": "A"})
    assert names["config"] == {"team": "A"}
    assert names["run"]["id"] == str(UUID(int=1))
    assert names["run"]["attempt"] == 2
    assert names["secrets"]["API_TOKEN"] == Secret("API_TOKEN")


def test_an_answer_that_needs_no_step_knows_its_run():
    text = "${{ run.workflow }} ${{ run.id }} ${{ run.mode }} for ${{ payload.guest_id }}"

    told = start(payload=PAYLOAD).answer(compile_value(text), UUID(int=7))

    assert told == f"book {UUID(int=7)} live for {GUEST}"


def test_the_key_of_a_request_knows_no_run():
    with pytest.raises(Rejected):
        start(payload=PAYLOAD).render(compile_value("${{ run.id }}"))
