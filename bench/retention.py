"""`python -m bench.retention`: how fast old runs go, and what those who send notice of it.

The rows are those of a run of three steps: its request, key, history and journal. Senders store
requests as `hub web` does, first alone, then while a worker's thread removes what is old.
"""

from __future__ import annotations

import argparse
import os
import platform
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from statistics import quantiles
from uuid import uuid4

from sqlalchemy import Engine

from bench import history
from bench.folder import fresh
from hub import embedded
from hub.engine.settings import Retention
from hub.storage import db, deliveries, migrate
from hub.storage.audit import Actor
from hub.storage.new_runs import NewDelivery, NewRun
from hub.storage.retention import Gone
from hub.worker.retention import Removal, remove_all


def main() -> None:
    """Fill, measure, print."""
    options = _options()
    with (
        fresh("hub-retention-") as folder,
        embedded.start(folder / "state") as servers,
    ):
        migrate.upgrade(servers.database_url)
        engine = db.open_engine(servers.database_url, pool_size=12, application="hub-bench")
        history.fill(servers.database_url, options.runs, days_ago=100)
        print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores")
        print(f"{options.runs:,} ended runs of more than 90 days")
        _tell("accepting alone", *_accept(engine, options.seconds))
        removal = Removal(engine, periods=Retention, actor=Actor("bench", "here"))
        gone: list[Gone] = []
        thread = threading.Thread(target=lambda: gone.append(removal.once()))
        thread.start()
        _tell("accepting while old runs go", *_accept(engine, options.seconds))
        removal.stop()
        thread.join()
        print(f"{'beside that there went':32}{gone[0].runs / options.seconds:10,.0f} runs/s")
        print(f"{'at full speed there go':32}{_full_speed(engine, options.seconds):10,.0f} runs/s")
        engine.dispose()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.retention")
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=20)
    return parser.parse_args()


def _accept(engine: Engine, seconds: float, *, senders: int = 4) -> tuple[float, float, float]:
    """Requests a second, and how many milliseconds one takes: the median, and 99 of 100."""
    ends_at = time.monotonic() + seconds

    def send(_: int) -> list[float]:
        took = []
        while (began := time.monotonic()) < ends_at:
            deliveries.record(engine, _delivery(), [_run()])
            took.append(time.monotonic() - began)
        return took

    with ThreadPoolExecutor(senders) as threads:
        took = [each for found in threads.map(send, range(senders)) for each in found]
    cuts = quantiles(took, n=100)
    return len(took) / seconds, cuts[49] * 1000, cuts[98] * 1000


def _tell(what: str, rate: float, median: float, slow: float) -> None:
    print(f"{what:32}{rate:10,.0f} requests/s, p50 {median:.1f} ms, p99 {slow:.1f} ms")


def _full_speed(engine: Engine, seconds: float) -> float:
    began, gone = time.monotonic(), 0
    for each in remove_all(engine, Retention(), Actor("bench", "here")):
        gone += each.runs
        if time.monotonic() - began > seconds:
            break
    return gone / (time.monotonic() - began)


def _delivery() -> NewDelivery:
    return NewDelivery(
        id=uuid4(),
        endpoint="bench",
        method="POST",
        path="/bench",
        query={},
        headers={},
        body=history.BODY,
        body_digest=sha256(history.BODY).digest(),
        is_sealed=False,
        remote_ip="127.0.0.1",
        received_at=datetime.now(UTC),
    )


def _run() -> NewRun:
    id_ = uuid4()
    return NewRun(
        id=id_,
        workflow="bench",
        version="0",
        mode="live",
        trigger={"payload": {"lead_id": str(id_)}},
        timeout=timedelta(hours=1),
        dedupe_key=str(id_),
    )


if __name__ == "__main__":
    main()
