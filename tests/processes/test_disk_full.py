"""A disk that is full: 503, nothing half-stored, the processes live on (I11, P7).

The database's own disk: a PostgreSQL of this test alone lies on a small file system that has no
byte left. Where no file system may be mounted it may write files up to a size only (RLIMIT_FSIZE),
so that the kernel refuses the next page of a table. Both fail where a full disk fails: in the
server, in the middle of a transaction.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import httpx
import pytest
from sqlalchemy import text

from hub import embedded
from hub.storage import migrate
from tests.acceptance.counter import BROKER, GOOD
from tests.figures import Figure
from tests.processes.conftest import open_house
from tests.processes.house import House, until
from tests.processes.kinds import ENVIRONMENT, write_project
from tests.processes.link import Link
from tests.processes.wires import children

BACK_WITHIN = 5.0  # seconds (I11)
ROOM = 16 * 1024 * 1024  # bytes of a file: a segment of the log still fits, the table does not
LARGE = 100_000  # bytes of a body
SIZE = "160m"  # of the small file system: a cluster, two segments of its log, and some room
PIECE = 4096  # bytes
FILLER = text(
    """
    INSERT INTO deliveries (id, endpoint, method, path, query, headers, body, body_digest,
                            is_sealed, received_at)
    SELECT gen_random_uuid(), 'filler', 'POST', '/', '{}', '{}',
           decode(repeat('ab', 200000), 'hex'), '', false, now()
      FROM generate_series(1, 100)
    """
)


class Disk(Protocol):
    """The disk of one PostgreSQL. `how`: in what way it is made full, for the figure."""

    how: str

    def fill(self) -> None:
        """From now on the table cannot grow."""

    def free(self) -> None:
        """There is room again."""


@dataclass
class SmallDisk:
    """A file system of its own, on which there is no byte left."""

    folder: Path
    how: str = "a file system that is full"

    @property
    def ballast(self) -> Path:
        return self.folder / "ballast"

    def fill(self) -> None:
        with self.ballast.open("wb", buffering=0) as ballast, suppress(OSError):
            while True:
                ballast.write(bytes(PIECE))
        assert os.statvfs(self.folder).f_bavail == 0

    def free(self) -> None:
        self.ballast.unlink()


@dataclass
class LimitedFiles:
    """A limit for the size of files, where no file system may be mounted."""

    main_process: int
    how: str = "a limit for files"

    def fill(self) -> None:
        self._let(str(ROOM))

    def free(self) -> None:
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
def small_disk() -> Iterator[Path | None]:
    """A small file system that every account may enter; None where none may be mounted."""
    mount, unmount = shutil.which("mount"), shutil.which("umount")
    with tempfile.TemporaryDirectory(prefix="hub-disk-") as folder:
        options = f"size={SIZE},mode=0755"
        if (
            os.geteuid() != 0
            or mount is None
            or unmount is None
            or subprocess.run(
                [mount, "-t", "tmpfs", "-o", options, "hub-disk", folder],
                check=False,  # a container may forbid it
                stderr=subprocess.DEVNULL,
            ).returncode
        ):
            yield None
            return
        try:
            yield Path(folder)
        finally:
            subprocess.run([unmount, "--lazy", folder], check=True)


@pytest.fixture
def cramped_servers(small_disk: Path | None) -> Iterator[embedded.EmbeddedServers]:
    """Servers of this test alone, on the small disk if there is one."""
    with tempfile.TemporaryDirectory(prefix="hub-full-", dir=small_disk) as folder:
        Path(folder).chmod(0o711)
        with embedded.start(Path(folder) / "state") as servers:
            migrate.upgrade(servers.database_url)
            yield servers


@pytest.fixture
def cramped(
    tmp_path: Path, cramped_servers: embedded.EmbeddedServers, link: Link
) -> Iterator[House]:
    """A house with one endpoint of each kind on a database that has little room."""
    folder = tmp_path / "kinds"
    write_project(folder)
    with open_house(folder, cramped_servers.database_url, link, **ENVIRONMENT) as opened:
        opened.do("ALTER TABLE deliveries ALTER body SET STORAGE EXTERNAL")
        yield opened


@pytest.fixture
def disk(cramped: House, small_disk: Path | None) -> Disk:
    """The full one that this machine permits."""
    if small_disk is not None:
        ((data,),) = cramped.rows("SHOW data_directory")
        assert Path(data).is_relative_to(small_disk)
        cramped.rows("SELECT pg_switch_wal()")  # there is a whole segment for what is refused
        return SmallDisk(small_disk)
    with cramped.database.begin() as connection:
        connection.execute(FILLER)
    ((process,),) = cramped.rows(
        "SELECT pg_read_file('postmaster.pid', 0, 20)"  # its first line
    )
    return LimitedFiles(int(process.split()[0]))


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
    figure("P7 disk", f"{len(refused)} requests at {disk.how}: 503, nothing stored, then accepted")


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
