"""`hub db backup` and `hub db restore`: one moment of the database, put back whole."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text

from hub.cli.backups import _Postgres
from hub.domain import monitor
from hub.storage import audit, db, invariants
from tests.acceptance.story import DAY, Story
from tests.acceptance.terminal import Terminal
from tests.figures import Figure

PATIENCE = 30  # seconds


@pytest.fixture
def new_place(terminal: Terminal, empty_database: str) -> Terminal:
    """A terminal whose database is new."""
    return Terminal(terminal.project, {**terminal.variables, "HUB_DATABASE_URL": empty_database})


@contextmanager
def open_engine(terminal: Terminal) -> Iterator[Engine]:
    engine = create_engine(db.address(terminal.variables["HUB_DATABASE_URL"]))
    yield engine
    engine.dispose()


@contextmanager
def traffic(phone: Callable[[], Any]) -> Iterator[None]:
    """Callers do not stop for a backup."""
    is_over = threading.Event()

    def call() -> None:
        while not is_over.is_set():
            phone()

    caller = threading.Thread(target=call)
    caller.start()
    try:
        yield
    finally:
        is_over.set()
        caller.join()


def test_a_backup_amid_traffic_is_one_moment_and_goes_on_in_a_new_place(
    hub: Story,
    new_place: Terminal,
    tmp_path: Path,
    open_story: Callable[..., Story],
    figure: Figure,
):
    terminal = Terminal.of(hub)
    lead = hub.holder()
    hub.books(lead, hub.now() + 2 * DAY)
    terminal.type("phones", "add", "+14155550199")
    waiting = hub.call_ends(lead, "no_answer", call="later", is_worked=False).json["run_id"]
    calls = iter(range(10_000))
    file = tmp_path / "whole.dump"

    with traffic(lambda: hub.call_ends(lead, "no_answer", call=f"c{next(calls)}")):
        until(lambda: len(hub.runs()) > 8)
        made = terminal.type("db", "backup", file, "--json")
        at_the_end = len(hub.runs())
        until(lambda: len(hub.runs()) > at_the_end + 4)

    assert made.code == 0, made.err
    restored = new_place.type("db", "restore", file, "--json")
    assert restored.code == 0, restored.err
    again = open_story(HUB_DATABASE_URL=new_place.variables["HUB_DATABASE_URL"])
    found = [run.id for run in again.runs()]
    assert 8 < len(found) <= at_the_end < len(hub.runs())
    assert set(found) <= {run.id for run in hub.runs()}
    assert_no_faults(again)
    done = {run.id: again.steps(run.id) for run in again.runs() if run.ended_at}

    again.leases_run_out()  # whoever had a run at that moment is not here
    again.work_all()

    assert {run.status for run in again.runs()} == {"succeeded"}
    assert waiting in {str(run.id) for run in again.runs()}
    for run_id, steps in done.items():
        assert again.steps(run_id) == steps  # nothing that was done is done again
    references = [entry.reference for entry in again.entries(lead, "call")]
    assert len(references) == len(set(references))
    assert again.books(lead, hub.now() + 3 * DAY).status == 200  # its numbers go on where they were
    assert_no_faults(again)
    assert new_place.type("audit", "--json").lines[0]["action"] == "hub db restore"
    figure("E2 backup", f"{len(found)} runs of one moment, restored: none lost, no step done twice")


def assert_no_faults(story: Story) -> None:
    with story.transaction() as connection:
        for each in invariants.INVARIANTS:
            assert invariants.faults(connection, each) == [], each.promise
        assert monitor.faults(connection) == monitor.half_done(connection) == []
        assert audit.faults(connection) == []


def until(is_so: Callable[[], bool]) -> None:
    for _ in range(3000):
        if is_so():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it did not come about")


@pytest.mark.usefixtures("hub")
def test_a_restore_never_goes_over_what_is_there(terminal: Terminal, tmp_path: Path):
    file = tmp_path / "whole.dump"
    terminal.type("db", "backup", file)

    typed = terminal.type("db", "restore", file)

    assert typed.code == 1
    assert "the database is not empty" in typed.err
    again = terminal.type("db", "backup", file)
    assert (again.code, again.err) == (1, f"hub: {file} is there already: name another file\n")


def beside(terminal: Terminal, folder: Path, script: str) -> Terminal:
    """A terminal that finds this script as `pg_dump`; the real one is in its environment."""
    with open_engine(terminal) as engine:
        real = _Postgres(engine, terminal.variables)._find("pg_dump")  # noqa: SLF001 - the real one
    (folder / "pg_dump").write_text(script, "utf-8")
    (folder / "pg_dump").chmod(0o700)
    path = f"{folder}:{terminal.variables.get('PATH', os.defpath)}"
    return Terminal(terminal.project, {**terminal.variables, "PATH": path, "REAL": real})


SEES_THE_FILE = """#!/bin/sh
for argument in "$@"; do
    case "$argument" in --file=*) stat -c %a "${{argument#--file=}}" >> '{seen}' ;; esac
done
exec "$REAL" "$@"
"""


@pytest.mark.usefixtures("hub")
def test_S6_nobody_else_reads_a_backup_also_while_it_is_written(terminal: Terminal, tmp_path: Path):
    seen, file = tmp_path / "seen", tmp_path / "whole.dump"
    watched = beside(terminal, tmp_path, SEES_THE_FILE.format(seen=seen))

    typed = watched.type("db", "backup", file)

    assert typed.code == 0, typed.err
    assert seen.read_text("utf-8").split() == ["600"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


BEGINS_A_FILE = """#!/bin/sh
case "$1" in --version) exec "$REAL" --version ;; esac
for argument in "$@"; do
    case "$argument" in --file=*) echo begun > "${argument#--file=}" ;; esac
done
"""


@pytest.fixture
def _ctrl_c_reaches_children() -> Iterator[None]:
    """Who begins the tests in the background may have had it ignored, and children inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("hub", "_ctrl_c_reaches_children")
def test_a_backup_that_fails_or_is_told_to_end_leaves_nothing_and_one_that_was_killed_no_obstacle(
    terminal: Terminal, tmp_path: Path
):
    file, draft = tmp_path / "whole.dump", tmp_path / "whole.dump.unfinished"
    fails = beside(terminal, tmp_path, BEGINS_A_FILE + "echo 'disk full' >&2; exit 1\n")

    typed = fails.type("db", "backup", file)

    assert (typed.code, typed.err) == (1, "hub: pg_dump failed: disk full\n")
    assert not draft.exists()
    lasts = beside(terminal, tmp_path, BEGINS_A_FILE + "exec cat /proc/self/fd/0 $ENDLESS\n")
    os.mkfifo(tmp_path / "endless")
    variables = {**lasts.variables, "ENDLESS": str(tmp_path / "endless")}
    command = [sys.executable, "-m", "hub", "--project", str(terminal.project)]
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
        with subprocess.Popen(
            [*command, "db", "backup", str(file)], env=variables, stderr=subprocess.PIPE
        ) as process:
            until(lambda: draft.exists() and draft.read_text() == "begun\n")
            beside_it = terminal.type("db", "backup", file)
            process.send_signal(number)
            process.communicate(timeout=PATIENCE)
        assert "another backup writes" in beside_it.err
        assert draft.exists() == (number == signal.SIGKILL)
        assert not file.exists()

    assert terminal.type("db", "backup", file).code == 0
    assert not draft.exists()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    nowhere = terminal.type("db", "backup", tmp_path / "none" / "x.dump")
    assert nowhere.err.endswith("x.dump.unfinished cannot be written: No such file or directory\n")


@pytest.mark.usefixtures("hub")
def test_a_file_that_is_cut_or_none_of_ours_restores_nothing(
    terminal: Terminal, new_place: Terminal, tmp_path: Path
):
    whole, cut, other = (tmp_path / name for name in ("whole", "cut", "other"))
    terminal.type("db", "backup", whole)
    cut.write_bytes(whole.read_bytes()[:-4000])
    other.write_text("hub: 1\n")

    for file in (cut, other):
        typed = new_place.type("db", "restore", file)
        assert typed.code == 1
        assert "Traceback" not in typed.err
        assert tables(new_place) == 0

    assert new_place.type("db", "restore", whole).code == 0


def tables(place: Terminal) -> int:
    engine = create_engine(place.variables["HUB_DATABASE_URL"])
    with engine.connect() as connection:
        query = text("SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()")
        found = connection.execute(query).scalar_one()
    engine.dispose()
    return int(found)


@pytest.mark.usefixtures("hub")
def test_a_backup_of_a_newer_version_is_refused(
    terminal: Terminal, new_place: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    file = tmp_path / "whole.dump"
    terminal.type("db", "backup", file)
    monkeypatch.setattr(db, "NEWEST_REVISION", "0003")

    typed = new_place.type("db", "restore", file)

    assert (typed.code, tables(new_place)) == (1, 0)
    assert "restore it with that newer version" in typed.err
