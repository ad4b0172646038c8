"""`hub doctor`: is everything there, and is anything true that must never be (E18)?"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from hub.storage import tables
from tests.acceptance.booked_rows import browser_session
from tests.acceptance.story import DAY, Story
from tests.acceptance.terminal import Terminal


@pytest.mark.usefixtures("worker")
def test_a_hub_in_order_is_well(hub: Story, terminal: Terminal):
    lead = hub.holder()
    hub.calls_tool(lead, hub.now() + DAY)
    with hub.transaction() as db:  # the schedule was planned by the clock of the story
        db.execute(text("UPDATE schedules SET next_at = now() + interval '15 minutes'"))

    typed = terminal.type("doctor", "--json")

    checks = typed.checks
    assert typed.code == 0
    assert [name for name, line in checks.items() if line["status"] == "broken"] == []
    assert "PostgreSQL" in checks["database"]["message"]
    assert checks["workers"]["message"] == "1 alive"
    assert terminal.type("doctor").code == 0


@pytest.mark.usefixtures("worker")
def test_secrets_and_connections_without_a_value_are_named(terminal: Terminal):
    checks = terminal.type("doctor", "--json").checks

    assert "set TWILIO_AUTH_TOKEN" in checks["secrets"]["rows"]
    assert checks["secrets"]["status"] == "warning"
    assert any(row.startswith("twilio: set ") for row in checks["connections"]["rows"])


def test_a_hub_without_a_worker_is_not_well(terminal: Terminal):
    typed = terminal.type("doctor", "--json")

    assert typed.code == 1
    assert "hub worker" in typed.checks["workers"]["message"]


@pytest.mark.usefixtures("worker")
def test_a_broken_file_is_named_with_line_and_column(project: Path, terminal: Terminal):
    file = project / "workflows" / "lead-phone.yaml"
    file.write_text(file.read_text().replace("payload.lead_id", "payload.leadid"))

    typed = terminal.type("doctor", "--json")

    checks = typed.checks
    assert typed.code == 1
    assert checks["workflows"]["message"].endswith(" in force, 1 broken")
    assert checks["workflows"]["rows"][0].startswith("workflows/lead-phone.yaml:")
    assert "leadid" in checks["workflows"]["rows"][0]
    assert checks["earlier versions"]["rows"] == [
        "lead-phone: its last good version stays in force until the file is mended"
    ]


@pytest.mark.usefixtures("worker")
def test_a_broken_file_that_never_was_in_force_is_said_not_to_be_served(
    project: Path, terminal: Terminal
):
    (project / "workflows" / "new.yaml").write_text("hub: 1\n")

    (told,) = terminal.type("doctor", "--json").checks["earlier versions"]["rows"]

    assert told == "new: there is no earlier version: it is not served until the file is mended"


def add_connection(project: Path, base_url: str, options: str) -> None:
    connection = f"""  shop:
    type: postgres
    base_url: {base_url}
    credentials: {{username: SMTP_USERNAME, password: SMTP_PASSWORD}}
    options: {{{options}}}
"""
    file = project / "hub.yaml"
    file.write_text(file.read_text().replace("connections:\n", f"connections:\n{connection}"))


@pytest.mark.usefixtures("worker")
def test_S13_a_role_of_sql_query_that_can_do_too_much_is_named(
    project: Path, database: str, hub: Story
):
    address = make_url(database)
    host = quote(str(address.query.get("host") or address.host), safe="")
    place = f"postgresql://{host}:{address.port or 5432}/{address.database}"
    add_connection(project, place, "sslmode: disable")
    login = {"SMTP_USERNAME": address.username or "", "SMTP_PASSWORD": address.password or "x"}
    variables = {**hub.hub.settings.environment, **login}

    typed = Terminal(project, variables).type("doctor", "--json")
    without = Terminal(project, {**variables, "SMTP_USERNAME": ""}).type("doctor", "--json")

    told = typed.checks["connection shop"]
    assert (typed.code, told["status"]) == (1, "broken")
    assert told["rows"] == ["the role is a superuser"]
    assert without.checks["connection shop"]["status"] == "warning"


BREAKING = {
    "leases": "UPDATE runs SET status = 'running', ended_at = NULL, token = 2,"
    " lease_until = now() - interval '61 seconds'",
    "next-action": "UPDATE runs SET status = 'queued', ended_at = NULL, due_at = NULL",
    "overdue": "UPDATE runs SET status = 'queued', ended_at = NULL, due_at = now(),"
    " deadline = now() - interval '11 minutes'",
    "history": "UPDATE runs SET status = 'cancelled'",
    "effects": "UPDATE steps SET status = 'started' WHERE kind = 'do'",
    "named-steps": "INSERT INTO events (name, key, data, run_id, path)"
    " SELECT 'n', 'k', '{}', id, 'gone' FROM runs",
    "turns": "INSERT INTO turns (scope, digest, run_id, path) SELECT 'x', 'y', id, '' FROM runs;"
    " UPDATE runs SET ended_at = now() - interval '2 minutes'",
    "once-keys": "INSERT INTO once_keys (workflow, step_id, digest, run_id, path, status)"
    " SELECT 'w', 's', 'd', id, 's', 'started' FROM runs;"
    " UPDATE runs SET ended_at = now() - interval '2 minutes'",
    "numbers": "UPDATE phone_assignments SET ended_at = assigned_at",
}


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("check", BREAKING)
def test_E18_a_row_that_breaks_a_guarantee_is_named(hub: Story, terminal: Terminal, check: str):
    hub.holder()
    run_id = hub.runs()[0].id
    wanted = hub.holds()[0].number if check == "numbers" else str(run_id)
    with hub.transaction() as db:
        for statement in BREAKING[check].split(";"):
            db.execute(text(statement))

    typed = terminal.type("doctor", "--json")

    line = typed.checks[check]
    assert typed.code == 1
    assert line["status"] == "broken"
    assert any(wanted in row for row in line["rows"])
    assert wanted in terminal.type("doctor").out
    with hub.transaction() as db:  # the story ends well
        db.execute(text("UPDATE phone_assignments SET ended_at = NULL"))


def named(terminal: Terminal, check: str) -> list[str]:
    """The rows that `hub doctor` names under a heading; it says that all is not well."""
    typed = terminal.type("doctor", "--json")
    line = typed.checks[check]
    assert (typed.code, line["status"]) == (1, "broken")
    return list(line["rows"])


@pytest.mark.usefixtures("worker")
def test_E18_a_step_that_is_done_without_its_effect_is_named(hub: Story, terminal: Terminal):
    lead = hub.holder()
    hub.call_ends(lead, "no_answer")
    run_id = hub.runs("vapi-call-ended")[0].id
    with hub.transaction() as db:
        db.execute(text("DELETE FROM interactions WHERE run_id = :id"), {"id": run_id})

    (row,) = named(terminal, "half-done")

    assert row.startswith(f"run {run_id} of vapi-call-ended: its step ")
    assert row.endswith("is done, and the row that it made is not there")


@pytest.mark.usefixtures("worker")
def test_E18_an_effect_without_a_step_that_is_done_is_named(hub: Story, terminal: Terminal):
    hub.holder()
    run_id = hub.runs()[0].id
    with hub.transaction() as db:
        db.execute(text("UPDATE steps SET status = 'failed' WHERE action IS NOT NULL"))

    rows = named(terminal, "half-done")

    said = f"run {run_id} of lead-phone: it made a row of {{}}, and none of its steps says so"
    assert rows == [said.format("interactions"), said.format("phone_assignments")]


@pytest.mark.usefixtures("worker")
def test_E18_E6_a_lead_that_a_step_made_and_that_is_gone_is_named(hub: Story, terminal: Terminal):
    hub.holder()
    made = """
        INSERT INTO steps (run_id, path, kind, action, status, started_at, result)
        SELECT id, 'lead', 'do', 'leads.create', 'succeeded', now(),
               jsonb_build_object('lead_id', CAST(:lead AS text)) FROM runs
    """
    with hub.transaction() as db:
        db.execute(text(made), {"lead": hub.lead("Other")})
    assert terminal.type("doctor", "--json").checks["half-done"]["status"] == "ok"
    with hub.transaction() as db:
        db.execute(text("DELETE FROM leads WHERE first_name = 'Other'"))

    (row,) = named(terminal, "half-done")

    assert "its step lead is done, and the row that it made is not there" in row


@pytest.mark.usefixtures("worker")
def test_E18_two_live_holds_on_one_number_are_named(hub: Story, terminal: Terminal):
    hub.holder()
    other = hub.lead("Other")
    with hub.transaction() as db:
        db.execute(text("DROP INDEX uq_phone_assignments_phone"))
        db.execute(
            text(
                "INSERT INTO phone_assignments (id, phone_id, lead_id, assigned_at, mode)"
                " SELECT :lead, phone_id, :lead, assigned_at, mode FROM phone_assignments"
            ),
            {"lead": other},
        )
        (phone,) = db.execute(text("SELECT DISTINCT phone_id FROM phone_assignments")).scalars()

    rows = named(terminal, "holds")
    history = named(terminal, "numbers")

    with hub.transaction() as db:
        db.execute(text("DELETE FROM phone_assignments WHERE lead_id = :lead"), {"lead": other})
        db.execute(
            text(
                "CREATE UNIQUE INDEX uq_phone_assignments_phone"
                " ON phone_assignments (phone_id) WHERE ended_at IS NULL"
            )
        )
    assert rows == [f"number {phone} has 2 live holds"]
    assert any("was held twice" in row for row in history)


@pytest.mark.usefixtures("worker")
def test_E18_D6_a_gap_and_an_overlap_in_the_history_of_a_number_are_named(
    hub: Story, terminal: Terminal
):
    hub.holder()
    number = hub.holds()[0].number
    with hub.transaction() as db:
        kept = db.execute(text("DELETE FROM phone_assignments RETURNING *")).mappings().one()
    assert named(terminal, "numbers") == [f"{number} is held without an open entry in its history"]

    with hub.transaction() as db:
        db.execute(tables.phone_assignments.insert(), dict(kept))
        earlier = {**kept, "id": uuid4(), "assigned_at": kept["assigned_at"] - DAY}
        ended = kept["assigned_at"] + DAY
        db.execute(tables.phone_assignments.insert(), {**earlier, "ended_at": ended})
    rows = named(terminal, "numbers")
    with hub.transaction() as db:  # the story ends well
        db.execute(text("DELETE FROM phone_assignments WHERE ended_at IS NOT NULL"))
    assert rows == [f"{number} was held twice at {kept['assigned_at']:%Y-%m-%d %H:%M:%S+00}"]


@pytest.mark.usefixtures("worker")
def test_E18_S9_a_row_of_the_audit_that_was_changed_is_named(hub: Story, terminal: Terminal):
    terminal.type("phones", "add", "+14155550190")
    with hub.transaction() as db:
        db.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
        db.execute(text("UPDATE audit SET who = 'nobody'"))
        db.execute(text("ALTER TABLE audit ENABLE TRIGGER USER"))

    assert named(terminal, "audit") == ["audit row 1 is not as it was written"]


@pytest.mark.usefixtures("worker")
def test_E18_E19_what_retention_took_is_no_fault(hub: Story, terminal: Terminal):
    lead = hub.holder()
    hub.call_ends(lead, "no_answer")
    with hub.transaction() as db:
        for statement in (
            "UPDATE schedules SET next_at = now() + interval '15 minutes'",
            (
                "UPDATE runs SET created_at = now() - interval '99 days',"
                " ended_at = now() - interval '99 days'"
            ),
            "UPDATE dedupe_keys SET expires_at = now() - interval '92 days'",
        ):
            db.execute(text(statement))
    run_id = hub.runs()[0].id

    assert terminal.type("retention", "apply", "--json").json["gone"]["runs"] == 2

    assert terminal.type("doctor").code == 0
    assert terminal.type("runs").out == "no runs\n"
    for command in (("runs", "show"), ("retry",), ("cancel",)):
        typed = terminal.type(*command, run_id)
        assert (typed.code, typed.err) == (1, f"hub: there is no run {run_id}\n")
    assert len(hub.holds()) == 1


def test_a_schedule_that_nobody_fires_is_named(hub: Story, terminal: Terminal):
    with hub.transaction() as db:
        db.execute(
            text(
                "UPDATE schedules SET next_at = now() + CASE WHEN workflow ="
                " 'release-expired-phones' THEN interval '-2 minutes' ELSE interval '1 hour' END"
            )
        )

    line = terminal.type("doctor", "--json").checks["schedules"]

    assert line["status"] == "broken"
    (row,) = line["rows"]
    assert "release-expired-phones" in row


@pytest.mark.parametrize(
    ("row", "status", "said"),
    [
        ("mode = mode", "broken", "0 at work, 1 booking sessions wait; no browser worker takes"),
        ("mode = 'simulate'", "ok", "0 at work, 1 booking sessions wait"),
        ("mode = 'simulate', LEASE + interval 'PT1M'", "ok", "1 at work, 0 booking sessions wait"),
        ("LEASE - interval 'PT1M'", "warning", "0 at work, 0 booking sessions wait; 1 lost theirs"),
    ],
)
def test_X18_who_waits_for_a_browser_and_who_has_one_is_told(
    hub: Story, terminal: Terminal, row: str, status: str, said: str
):
    browser_session(hub)
    leased = "state = 'navigating', seat = 1, owner = gen_random_uuid(), lease_until = now()"
    with hub.transaction() as db:
        db.execute(text(f"UPDATE booking_sessions SET {row.replace('LEASE', leased)}"))  # noqa: S608

    line = terminal.type("doctor", "--json").checks["browsers"]

    assert line["status"] == status
    assert line["message"].startswith(said)


def test_a_database_that_does_not_answer_is_a_finding_and_no_traceback(
    tmp_path: Path, terminal: Terminal
):
    away = f"postgresql://nobody@/nothing?host={tmp_path}"
    broken = Terminal(terminal.project, {**terminal.variables, "HUB_DATABASE_URL": away})

    typed = broken.type("doctor", "--json")

    assert typed.code == 1
    assert "does not answer" in typed.checks["database"]["message"]
    assert "Traceback" not in typed.err
    asked = broken.type("runs")
    assert asked.code == 1
    assert asked.err.startswith("hub: the database cannot be used: ")
    assert asked.err.count("\n") == 1


def test_tables_of_another_version_are_said_with_the_command_that_helps(
    empty_database: str, terminal: Terminal
):
    empty = Terminal(terminal.project, {**terminal.variables, "HUB_DATABASE_URL": empty_database})

    assert "hub db upgrade" in empty.type("runs").err
    assert "hub db upgrade" in empty.type("doctor", "--json").checks["database"]["message"]
    assert empty.type("db", "upgrade").code == 0
    assert "already" in empty.type("db", "upgrade").out
    assert empty.type("runs").out == "no runs\n"


def test_without_a_database_the_message_says_what_to_set(tmp_path: Path, terminal: Terminal):
    bare = Terminal(
        terminal.project,
        {"HUB_DATABASE_URL": "", "HUB_REDIS_URL": "", "HUB_STATE_DIR": str(tmp_path)},
    )

    for words in (["runs"], ["runs", "show", str(uuid4())], ["holds"], ["run", "lead-phone"]):
        typed = bare.type(*words)
        assert typed.code == 1
        assert "HUB_DATABASE_URL" in typed.err
        assert f"no servers of `hub dev` answer in {tmp_path}." in typed.err
        assert "HUB_STATE_DIR" in typed.err
