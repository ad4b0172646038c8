"""The rows that `hub doctor` names: each invariant is planted, at its figure (E18)."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from hub.storage import invariants
from tests.acceptance.story import Story
from tests.acceptance.terminal import Terminal
from tests.acceptance.test_cli_doctor import BREAKING

_NOT_OVER = "ended_at = NULL, deadline = now() + interval '9 days'"


def test_E18_each_invariant_that_is_asked_for_is_planted():
    apart = {"holds", "books"}  # below, and in tests/integration/storage/test_books.py

    assert {each.name for each in invariants.INVARIANTS} == {*BREAKING, *apart} - {"numbers"}


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    ("row", "is_named"),
    [
        (f"status = 'running', {_NOT_OVER}, lease_until = now() - interval '58 seconds'", False),
        (f"status = 'running', {_NOT_OVER}, lease_until = now() - interval '61 seconds'", True),
        (f"status = 'waiting', {_NOT_OVER}, due_at = now() + interval '1 day'", False),
        (f"status = 'waiting', {_NOT_OVER}, due_at = NULL", True),
    ],
)
def test_E18_a_lease_is_named_after_twice_its_time_and_a_sleep_that_has_no_end(
    hub: Story, terminal: Terminal, *, row: str, is_named: bool
):
    hub.holder()
    run_id = hub.runs()[0].id
    with hub.transaction() as db:
        db.execute(text(f"UPDATE runs SET {row}"))  # noqa: S608 - our own text

    checks = terminal.type("doctor", "--json").checks

    rows = [*checks["leases"].get("rows", ()), *checks["next-action"].get("rows", ())]
    assert [str(run_id) in each for each in rows] == [True] * is_named


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    ("change", "is_named"),
    [
        ("SELECT", False),
        ("DELETE FROM run_history WHERE status = 'queued'", True),
        ("DELETE FROM run_history WHERE status = 'running'", True),
        ("DELETE FROM run_history WHERE status = 'succeeded'", True),
        ("UPDATE run_history SET token = 0 WHERE status = 'running'", True),
        ("UPDATE run_history SET status = 'waiting' WHERE status = 'queued'", True),
        ("UPDATE runs SET token = 7", True),
    ],
)
def test_E18_E1_each_entry_of_a_history_follows_the_one_before_it(
    hub: Story, terminal: Terminal, *, change: str, is_named: bool
):
    hub.holder()
    with hub.transaction() as db:
        db.execute(text(change))

    rows = terminal.type("doctor", "--json").checks["history"].get("rows", [])

    assert any(str(hub.runs()[0].id) in row for row in rows) == is_named


@pytest.mark.usefixtures("worker")
def test_E18_E8_a_key_that_is_done_once_for_all_has_its_step(hub: Story, terminal: Terminal):
    hub.holder()
    done = (
        "INSERT INTO once_keys (workflow, step_id, digest, run_id, path, status)"
        " SELECT 'w', 's', 'd', run_id, path, 'succeeded' FROM steps WHERE action IS NOT NULL"
    )
    with hub.transaction() as db:
        db.execute(text(done))
    assert terminal.type("doctor", "--json").checks["named-steps"]["rows"] == []
    with hub.transaction() as db:
        (path,) = db.execute(
            text("DELETE FROM steps WHERE action IS NOT NULL RETURNING path")
        ).scalars()

    (row,) = terminal.type("doctor", "--json").checks["named-steps"]["rows"]

    assert f"its step {path} is noted as done once for all, and is not there" in row
