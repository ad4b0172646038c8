"""Who did what by hand (S9): every command that changes rows leaves one row of audit, no other."""

from __future__ import annotations

import getpass
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import click
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from hub.cli.demo.pool import prepare_pool
from hub.cli.demo.stage import Stage
from hub.cli.environment import Environment
from hub.cli.household import prepared
from hub.storage import audit, db, migrate
from hub.storage.audit import OLD_ROWS_WENT, Actor, AuditRow
from tests import documents
from tests.acceptance.commands import APART, READING, SERVING, WRITING, a_failed_run, a_waiting_run
from tests.acceptance.story import Story
from tests.acceptance.terminal import Terminal
from tests.figures import Figure

ACTOR = Actor("tests", "here")


def rows_of(hub: Story) -> list[AuditRow]:
    """All rows, the oldest first."""
    with hub.transaction() as connection:
        return audit.newest(connection, limit=1000)[::-1]


def faults(hub: Story) -> list[str]:
    with hub.transaction() as connection:
        return audit.faults(connection)


# ------------------------------------------------------------------------ every command is declared


def test_S9_every_command_is_declared_to_read_or_to_write():
    commands = {
        " ".join(words)
        for words, command in documents.every_command()
        if not isinstance(command, click.Group) or command.invoke_without_command
    } - {"hub"}

    assert commands == {*WRITING, *READING, *APART, *SERVING}


@pytest.mark.parametrize("command", WRITING)
def test_S9_a_command_that_changes_rows_writes_one_row_of_audit(
    hub: Story, terminal: Terminal, command: str
):
    words = WRITING[command](hub, terminal)
    assert rows_of(hub) == []

    typed = terminal.type(*words)

    assert typed.code == 0, typed.err
    (row,) = rows_of(hub)
    assert (row.action, row.who) == (command, getpass.getuser())
    assert row.origin == socket.gethostname()
    assert faults(hub) == []


def test_S9_the_commands_that_are_said_to_read_change_no_row(hub: Story, terminal: Terminal):
    hub.holder()
    for command, words_of in READING.items():
        words = words_of(hub, terminal)
        before = everything(hub)

        typed = terminal.type(*words)

        assert typed.code in (0, 1), (command, typed.err)
        assert "a fault of the hub" not in typed.err
        assert "read-only transaction" not in typed.err
        assert everything(hub) == before, command


def everything(hub: Story) -> dict[str, Any]:
    """A digest of each table."""
    with hub.transaction() as connection:
        tables = connection.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        ).scalars()
        return {
            table: connection.execute(
                text(f"SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM {table} AS t")  # noqa: S608 - ours
            ).scalar()
            for table in tables.all()
        }


def test_S9_a_command_that_reads_is_given_a_database_that_refuses_changes(hub: Story):
    with (
        Environment.of(hub.hub.settings).database() as engine,
        engine.connect() as connection,
        pytest.raises(DBAPIError, match="read-only"),
    ):
        connection.execute(text("DELETE FROM runs"))


def test_S9_an_upgrade_by_hand_is_noted_with_it(empty_database: str, terminal: Terminal):
    at = Terminal(terminal.project, {**terminal.variables, "HUB_DATABASE_URL": empty_database})

    at.type("db", "upgrade")
    at.type("db", "upgrade")

    (row,) = at.type("audit", "--json").lines
    assert row["action"] == "hub db upgrade"
    assert row["what"] == {"before": None, "after": db.NEWEST_REVISION}


def test_S9_what_dev_and_the_demonstration_set_up_is_noted(
    hub: Story, empty_database: str, monkeypatch: pytest.MonkeyPatch
):
    environment = Environment.of(
        hub.hub.settings.from_environment(
            {**hub.hub.settings.environment, "HUB_DATABASE_URL": empty_database},
            project=hub.hub.settings.project,
        )
    )
    monkeypatch.setattr(
        "hub.cli.household.signal", SimpleNamespace(signal=lambda *_: None, SIGTERM=15)
    )

    with prepared(environment), environment.database(may_write=True) as engine:
        prepare_pool(Stage(environment, engine, SimpleNamespace(), hub.now(), ()))  # type: ignore[arg-type]
        with engine.connect() as connection:
            found = [row.action for row in audit.newest(connection, limit=10)]

    assert found == ["hub demo", "hub db upgrade"]


def test_S9_what_is_refused_leaves_neither_change_nor_row(hub: Story, terminal: Terminal):
    run_id = a_failed_run(hub)

    for words in (["cancel", run_id], ["phones", "add", "12"], ["run", "lead-phone"]):
        assert terminal.type(*words).code == 1

    assert rows_of(hub) == []


def test_S9_a_change_that_is_not_noted_is_not_made(hub: Story):
    with (
        pytest.raises(RuntimeError, match="without a row of audit"),
        audit.act(hub.hub.database, ACTOR, "tests") as act,
    ):
        act.connection.execute(text("DELETE FROM schedules"))

    with hub.transaction() as connection:
        assert connection.execute(text("SELECT count(*) FROM schedules")).scalar_one() > 0


@pytest.mark.parametrize("command", WRITING)
def test_S9_what_cannot_be_noted_is_not_done(hub: Story, terminal: Terminal, command: str):
    """The row and the change are one transaction: neither is there without the other."""
    words = WRITING[command](hub, terminal)
    a_failed_run(hub)  # that is old enough to go
    with hub.transaction() as connection:
        connection.execute(text("UPDATE runs SET created_at = now() - interval '99 days'"))
        connection.execute(text("UPDATE runs SET ended_at = created_at WHERE ended_at < now()"))
        connection.execute(text("UPDATE dedupe_keys SET expires_at = now()"))
        connection.execute(text("ALTER TABLE audit ADD CONSTRAINT full_up CHECK (id < 0)"))
    before = everything(hub)

    typed = terminal.type(*words)

    after = everything(hub)
    with hub.transaction() as connection:
        connection.execute(text("ALTER TABLE audit DROP CONSTRAINT full_up"))
    assert typed.code == 1
    assert after == before


def test_S9_the_row_says_who_where_and_what(hub: Story, terminal: Terminal):
    far = {"SUDO_USER": "grace", "SSH_CONNECTION": "192.0.2.7 50000 192.0.2.1 22"}
    run_id = a_waiting_run(hub)

    Terminal(terminal.project, {**terminal.variables, **far}).type("cancel", run_id)

    (row,) = terminal.type("audit", "--json").lines
    assert row["who"] == f"grace as {getpass.getuser()}"
    assert row["origin"] == f"{socket.gethostname()}, from 192.0.2.7"
    assert row["what"] == {"run": str(run_id)}
    assert row["before_digest"] != row["after_digest"]
    assert f"grace as {getpass.getuser()}" in terminal.type("audit").out


# -------------------------------------------------------------------------------- the chain of rows


def acts(hub: Story, count: int, *, side_by_side: int = 1) -> None:
    def add(number: int) -> None:
        with audit.act(hub.hub.database, ACTOR, "tests") as act:
            act.note({"number": number}, after=number)

    with ThreadPoolExecutor(side_by_side) as threads:
        list(threads.map(add, range(count)))


def test_S9_rows_written_side_by_side_are_one_chain(hub: Story, figure: Figure):
    acts(hub, 64, side_by_side=8)

    rows = rows_of(hub)
    assert [row.id for row in rows] == list(range(1, 65))
    assert faults(hub) == []
    figure("S9", "64 acts by 8 at once: 64 rows, one chain without a gap")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET who = 'nobody'",
        "DELETE FROM audit",
        "TRUNCATE audit",
        "SET LOCAL hub.audit_kept_for = '1 second'; DELETE FROM audit",
        "SET LOCAL hub.audit_kept_for = '31 days'; UPDATE audit SET who = 'nobody' WHERE id = 1",
    ],
)
def test_S9_the_database_refuses_to_change_rows(hub: Story, statement: str):
    acts(hub, 3)

    with pytest.raises(DBAPIError, match="rows of audit are only added"), hub.transaction() as db_:
        db_.exec_driver_sql(statement)

    assert len(rows_of(hub)) == 3


@contextmanager
def forced(hub: Story) -> Any:
    """A transaction of somebody who may take the guards away."""
    with hub.transaction() as connection:
        connection.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
        yield connection
        connection.execute(text("ALTER TABLE audit ENABLE TRIGGER USER"))


FORGERIES = {
    "UPDATE audit SET what = '{}' WHERE id = 2": "audit row 2 is not as it was written",
    "DELETE FROM audit WHERE id = 2": "audit row 3 does not follow row 1",
    "DELETE FROM audit WHERE id = 1": "audit row 2 is the first, and the rows before it",
    "UPDATE audit SET at = at + interval '1 second' WHERE id = 3": "audit row 3 is not as it was",
    "UPDATE audit SET previous = digest WHERE id = 2": "audit row 2 is not as it was written",
}


@pytest.mark.parametrize("statement", FORGERIES)
def test_S9_what_was_changed_by_force_breaks_the_chain(hub: Story, statement: str):
    acts(hub, 4)
    with forced(hub) as connection:
        connection.execute(text(statement))

    assert faults(hub)[0].startswith(FORGERIES[statement])


def older(hub: Story, days: int) -> None:
    """All rows were written so long ago: they are written anew, with right digests."""
    rows = rows_of(hub)
    with forced(hub) as connection:
        connection.execute(text("DELETE FROM audit"))
        connection.execute(text("ALTER TABLE audit ENABLE TRIGGER USER"))
        for row in rows:
            audit.add(connection, ACTOR, row.action, what=row.what)
        connection.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
        connection.execute(
            text("UPDATE audit SET at = at - make_interval(days => :days)"), {"days": days}
        )
        for row in rows:
            connection.execute(_RECHAIN, {"id": row.id})


_RECHAIN = text(
    """
    WITH last AS (SELECT coalesce(max(encode(digest, 'hex')), '') AS hex FROM audit
                   WHERE id = :id - 1)
    UPDATE audit SET previous = decode(hex, 'hex'), digest = sha256(convert_to(jsonb_build_array(
           id, (extract(epoch FROM at) * 1000000)::bigint, who, origin, action, what,
           encode(before_digest, 'hex'), encode(after_digest, 'hex'), hex)::text, 'UTF8'))
      FROM last WHERE id = :id
    """
)


def test_E19_S9_old_rows_go_and_the_chain_goes_on(hub: Story):
    acts(hub, 3)
    older(hub, 50)
    acts(hub, 2)
    assert faults(hub) == []

    with hub.transaction() as connection:
        assert audit.remove_old(connection, ACTOR, timedelta(days=60)) == 0
        assert audit.remove_old(connection, ACTOR, timedelta(days=40)) == 3

    assert [row.id for row in rows_of(hub)] == [4, 5, 6]
    assert rows_of(hub)[-1].action == OLD_ROWS_WENT
    assert faults(hub) == []
    with forced(hub) as connection:
        connection.execute(text("DELETE FROM audit WHERE id = 4"))
    assert faults(hub)[0].startswith("audit row 5 is the first")


def test_E19_no_row_of_audit_goes_inside_thirty_days_whatever_is_asked(hub: Story):
    acts(hub, 3)
    older(hub, 20)

    with hub.transaction() as connection:
        assert audit.remove_old(connection, ACTOR, timedelta(seconds=1)) == 0

    assert len(rows_of(hub)) == 3


def test_an_upgrade_that_nobody_does_by_hand_leaves_no_row(empty_database: str):
    migrate.upgrade(empty_database)

    engine = db.open_engine(empty_database, pool_size=1, application="tests")
    with engine.connect() as connection:
        assert audit.newest(connection, limit=1) == []
    engine.dispose()
