"""A disk that is full: 503, nothing half-stored, the processes live on (I11, P7).

The database's own disk: a PostgreSQL of this test alone may write files up to a size only
(RLIMIT_FSIZE), so that the kernel refuses the next page of a table. That works on every machine,
needs no right to mount, and fails where a full disk fails: in the server, in the middle of a
transaction.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine, text

from hub import embedded
from hub.storage import migrate
from tests.acceptance.counter import BROKER, GOOD
from tests.figures import Figure
from tests.processes.house import PATIENCE, House, environment_for, until
from tests.processes.kinds import ENVIRONMENT, write_project
from tests.processes.wires import children

BACK_WITHIN = 5.0  # seconds (I11)
ROOM = 16 * 1024 * 1024  # bytes of a file: a segment of the log still fits, the table does not
LARGE = 100_000  # bytes of a body
FILLER = text(
    """
    INSERT INTO deliveries (id, endpoint, method, path, query, headers, body, body_digest,
                            is_sealed, received_at)
    SELECT gen_random_uuid(), 'filler', 'POST', '/', '{}', '{}',
           decode(repeat('ab', 200000), 'hex'), '', false, now()
      FROM generate_series(1, 100)
    """
)


@dataclass
class Disk:
    """The disk of one PostgreSQL, seen from its main process."""

    main_process: int

    def fill(self) -> None:
        """From now on no file may grow beyond what the table has already."""
        self._let(str(ROOM))

    def free(self) -> None:
        """There is room again."""
        self._let("unlimited")

    def _let(self, most: str) -> None:
        program = shutil.which("prlimit")
        assert program is not None, "prlimit belongs to every Debian"
        owner = Path(f"/proc/{self.main_process}").stat()
        is_root = os.geteuid() == 0  # who may have no rights over another's limits, in a container
        for process in (self.main_process, *children(self.main_process)):
            subprocess.run(
                [program, f"--pid={process}", f"--fsize={most}:"],
                check=False,  # a session may have ended meanwhile
                user=owner.st_uid if is_root else None,
                group=owner.st_gid if is_root else None,
                extra_groups=[] if is_root else None,
                stderr=subprocess.DEVNULL,
            )


@pytest.fixture
def own_servers() -> Iterator[embedded.EmbeddedServers]:
    """Servers that this test may harm."""
    folder = Path(tempfile.mkdtemp(prefix="hub-full-"))
    try:
        with embedded.start(folder) as servers:
            migrate.upgrade(servers.database_url)
            yield servers
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def cramped(own_servers: embedded.EmbeddedServers, tmp_path: Path) -> Iterator[House]:
    """A house on a database whose main table has nearly filled its disk."""
    folder = tmp_path / "kinds"
    write_project(folder)
    url = own_servers.database_url
    environment = environment_for(folder, database_url=url, redis_url=own_servers.redis_url)
    engine = create_engine(url, pool_size=1)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE deliveries ALTER body SET STORAGE EXTERNAL"))
        connection.execute(FILLER)
    caller = httpx.Client(trust_env=False, timeout=PATIENCE)
    port = int(environment["HUB_PORT"])
    opened = House(folder, engine, {**environment, **ENVIRONMENT}, port, caller)
    try:
        yield opened
    finally:
        opened.stop()
        caller.close()
        engine.dispose()


@pytest.fixture
def disk(cramped: House) -> Disk:
    ((process,),) = cramped.rows(
        "SELECT pg_read_file('postmaster.pid', 0, 20)"  # its first line
    )
    return Disk(int(process.split()[0]))


def post(house: House, key: str) -> httpx.Response:
    headers = {**BROKER, "Idempotency-Key": key}
    body = {**GOOD, "note": "x" * LARGE}
    return house.caller.post(f"{house.url}/webhook/plain", json=body, headers=headers)


def test_I5_I11_P7_a_full_disk_is_503_nothing_is_half_stored_and_it_accepts_again(
    cramped: House, disk: Disk, figure: Figure
):
    web = cramped.start_web()
    assert post(cramped, "before").status_code == 202
    accepted = {"before"}
    disk.fill()

    answers = {f"full-{place}": post(cramped, f"full-{place}") for place in range(40)}

    accepted |= {key for key, answer in answers.items() if answer.status_code == 202}
    refused = answers.keys() - accepted
    assert len(refused) > len(answers) / 2
    for key in refused:
        assert answers[key].status_code == 503
        assert answers[key].headers["Retry-After"] == "5"
        assert answers[key].elapsed.total_seconds() < 2.0 + 1.0
    assert cramped.caller.get(f"{cramped.url}/healthz").status_code == 200
    stored = cramped.rows("SELECT dedupe_key FROM runs")
    assert {row.dedupe_key for row in stored} == accepted
    for table in ("deliveries WHERE endpoint <> 'filler'", "dedupe_keys", "run_history"):
        assert cramped.count(f"FROM {table}") == len(accepted), table

    disk.free()
    until(lambda: post(cramped, "after").status_code == 202, "it accepts again", within=BACK_WITHIN)
    for key in sorted(refused)[:3]:
        assert post(cramped, key).status_code == 202  # a refused request did not use up its key
    assert "Traceback" not in web.lines
    assert web.terminate() == 0
    figure("P7 disk", f"{len(refused)} requests at a full disk: 503, nothing stored, then accepted")


# The same web server, whose log lies on a disk that is full.
DEAF = """
import os
from hub.web.server import main
full = os.open("/dev/full", os.O_WRONLY)
os.dup2(full, 1)
os.dup2(full, 2)
main()
"""


def test_I11_a_log_that_cannot_be_written_ends_no_request(counters: House):
    web = counters.wait_for_web(counters.start("web", "-c", DEAF))

    for place in range(5):
        assert post(counters, f"full-{place}").status_code == 202
    assert counters.caller.post(f"{counters.url}/webhook/plain", json=GOOD).status_code == 401
    assert counters.caller.post(f"{counters.url}/webhook/nobody").status_code == 404
    assert web.terminate() == 0
