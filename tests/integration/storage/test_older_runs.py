"""Which runs still wait in older versions of their workflow."""

from __future__ import annotations

from hub.storage import reading, steps
from hub.storage.steps import StepRow
from tests.integration.storage.office import VERSION, WORKFLOW


def found(office, current):
    return office.ask(lambda connection: reading.waiting_elsewhere(connection, current))


def test_a_run_of_the_current_version_is_not_told(office):
    office.accepted()

    assert found(office, {WORKFLOW: VERSION}) == []


def test_a_run_of_another_version_is_told_with_what_it_waits_for(office):
    run_id = office.accepted()
    rows = [
        StepRow(path="first", kind="do", status="succeeded"),
        StepRow(path="later/paid", kind="wait", status="retrying"),
    ]
    office.ask(lambda connection: steps.write(connection, run_id, rows))

    (told,) = found(office, {WORKFLOW: "1" * 64})

    assert (told.id, told.workflow, told.version) == (run_id, WORKFLOW, VERSION)
    assert (told.status, told.waits_for) == ("queued", "later/paid")


def test_a_run_of_a_workflow_that_is_gone_is_told(office):
    run_id = office.accepted()

    assert [each.id for each in found(office, {})] == [run_id]
    assert [each.id for each in found(office, {"other": VERSION})] == [run_id]


def test_a_run_that_has_ended_waits_for_nothing(office):
    office.end(office.claimed())

    assert found(office, {}) == []


def test_the_oldest_comes_first(office):
    first, second = office.accepted(), office.accepted()

    assert [each.id for each in found(office, {})] == [first, second]
