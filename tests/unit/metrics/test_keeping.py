"""Figures of several processes: one sum, whatever becomes of them."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.parser import text_string_to_metric_families

from hub.metrics import Figure, Keeper, keep, keeping, page
from hub.metrics import catalogue as metrics

OPENED: list[Keeper] = []


@pytest.fixture(autouse=True)
def _nothing_is_kept_afterwards() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "metrics"


def in_another_process(work: Callable[[], object], *, ends: bool = True) -> int:
    """Do the work in a child, which then dies of SIGKILL, or stays; its pid."""
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 - a child of a test must not go on as one
            os._exit(1)
        os.write(tell, b"done")
        if ends:
            os.kill(os.getpid(), signal.SIGKILL)
        signal.pause()
    assert os.read(told, 4) == b"done"
    os.close(told)
    os.close(tell)
    if ends:
        assert os.waitpid(pid, 0)[1] == signal.SIGKILL
    return pid


def seen(folder: Path, *figures: Figure) -> dict[str, float]:
    """The page as Prometheus reads it."""
    text = page(Keeper(folder), figures).decode()
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{key}={value}" for key, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def counted(folder: Path) -> None:
    OPENED.append(keep(folder, role="worker"))
    metrics.REQUESTS.add("book", "202", by=3)
    metrics.REQUEST_SECONDS.observe(0.2, "book")
    metrics.RUNS_IN_HAND.set(4)


REQUESTS = "hub_requests_total{endpoint=book,status=202}"
SUM = "hub_request_seconds_sum{endpoint=book}"
BELOW = "hub_request_seconds_bucket{endpoint=book,le=0.25}"
ABOVE = "hub_request_seconds_bucket{endpoint=book,le=0.1}"
IN_HAND = "hub_runs_in_hand{}"


def test_counts_outlive_their_process_and_its_gauges_do_not(folder: Path):
    counted(folder)
    in_another_process(lambda: counted(folder))

    for _ in range(2):
        found = seen(folder)
        assert found[REQUESTS] == 6
        assert round(found[SUM], 6) == 0.4
        assert (found[BELOW], found[ABOVE]) == (2, 0)
        assert found[IN_HAND] == 4


def test_a_living_process_is_counted_and_its_gauges_too(folder: Path):
    counted(folder)
    pid = in_another_process(lambda: counted(folder), ends=False)
    try:
        assert sorted(Keeper(folder).living().values()) == ["worker", "worker"]
        assert (seen(folder)[REQUESTS], seen(folder)[IN_HAND]) == (6, 8)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)

    assert (seen(folder)[REQUESTS], seen(folder)[IN_HAND]) == (6, 4)


def test_what_others_count_is_their_own_once_nothing_is_kept(folder: Path):
    keep(folder, role="worker").close()

    registry = CollectorRegistry()
    Counter("others", "Of others", ["name"], registry=registry).labels("one").inc(2)

    assert registry.get_sample_value("others_total", {"name": "one"}) == 2


def test_files_of_the_dead_do_not_pile_up(folder: Path):
    counted(folder)
    for _ in range(4):
        in_another_process(lambda: counted(folder))
    found = seen(folder)

    assert found[REQUESTS] == 15
    assert len(list(folder.glob("*.db"))) == 3
    assert len(list(folder.glob("*.alive"))) == 1


def test_dying_while_the_dead_are_buried_counts_nobody_twice(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    in_another_process(lambda: counted(folder))

    def bury_halfway() -> None:
        monkeypatch.setattr(Path, "unlink", lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
        Keeper(folder).bury()

    pid = os.fork()
    if pid == 0:
        bury_halfway()
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == signal.SIGKILL

    assert len(list(folder.glob("*.db"))) == 3, "it died before it removed anything"
    assert [seen(folder)[REQUESTS] for _ in range(2)] == [3, 3]
    assert list(folder.glob("*.db")) == []


def test_who_is_stopped_while_burying_keeps_nobody_waiting(folder: Path):
    counted(folder)
    with keeping.alone(folder) as is_alone:
        assert is_alone
        in_another_process(lambda: counted(folder))

        found = seen(folder)

    assert (found[REQUESTS], found[IN_HAND]) == (6, 4)


@pytest.mark.parametrize("garbage", [b"", b"\xff" * 100, b"\x40\0\0\0" + b"\x7f" * 60])
def test_a_damaged_file_costs_its_own_figures_only(folder: Path, garbage: bytes):
    counted(folder)
    (folder / "counter_web-1-dead.db").write_bytes(garbage)
    (folder / "past.json").write_bytes(garbage)

    assert seen(folder)[REQUESTS] == 3


def test_a_directory_that_cannot_be_made_costs_figures_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    (tmp_path / "file").write_text("")

    with caplog.at_level(logging.WARNING):
        keeper = keep(tmp_path / "file" / "metrics", role="web")
    metrics.REQUESTS.add("book", "202")

    assert "HUB_METRICS_DIR" in caplog.text
    assert keeper.name is None
    assert page(keeper, [Figure(metrics.DATABASE_UP, 0)]).endswith(b"hub_database_up 0.0\n")


def test_a_full_disk_costs_figures_and_no_request(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    counted(folder)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keeping, "_fill", full)
    with caplog.at_level(logging.WARNING):
        for number in range(2000):
            metrics.REQUESTS.add(f"endpoint-{number}", "202")
    metrics.REQUESTS.add("book", "202")

    assert caplog.text.count("No space left on device") == 1
    found = seen(folder)
    assert found[REQUESTS] == 4
    assert 0 < sum(name.startswith("hub_requests_total") for name in found) < 2000


def test_every_byte_of_a_file_is_on_the_disk_before_it_is_mapped(folder: Path):
    counted(folder)
    for number in range(2000):
        metrics.REQUESTS.add(f"endpoint-{number}", "202")

    sizes = [path.stat() for path in folder.glob("*.db")]
    assert max(each.st_size for each in sizes) > 65_536
    assert [each for each in sizes if each.st_blocks * 512 < each.st_size] == []
    assert sum(name.startswith("hub_requests_total") for name in seen(folder)) == 2001


def test_what_nobody_keeps_is_counted_nowhere(folder: Path):
    metrics.REQUESTS.add("book", "202")
    with metrics.OUTBOUND_SECONDS.timed("http.get"):
        metrics.RUNS_IN_HAND.set(1)

    assert not folder.exists()
