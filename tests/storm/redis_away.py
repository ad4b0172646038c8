"""`make redis-away`: Redis is killed for a minute, comes back, and is flushed (I3, I4).

Measures how long accepted runs wait for a worker, and how many a second the hub works off in a
burst before and afterwards. Nobody does anything but start Redis again.
"""

from __future__ import annotations

import argparse
import re
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hub.bootstrap.clock import SystemClock
from tests.processes.house import until
from tests.storm import facts, outside
from tests.storm.houses import StormHouse, opened
from tests.storm.pace import Pace
from tests.storm.plan import Webhook
from tests.storm.senders import Senders
from tests.storm.storm import make_leads

LONGEST_WAIT = 5.0  # seconds, once Redis is back
RATE = 30  # webhooks a second in the steady phases
_RECOVERED = 0.5  # of the throughput before: the machine may be busy
_FLUSH_EVERY = 0.5
_MADE = re.compile(r"(<!-- redis-away -->\n)(.*?)(<!-- end of redis-away -->)", re.DOTALL)

_OF_PHASE = """
    SELECT count(*), count(*) FILTER (WHERE status = 'succeeded'),
           coalesce(extract(epoch FROM max(started_at - created_at)), 0),
           coalesce(extract(epoch FROM percentile_cont(0.5) WITHIN GROUP
                                       (ORDER BY started_at - created_at)), 0),
           count(*) / greatest(extract(epoch FROM max(ended_at) - min(created_at)), 0.001)
      FROM runs WHERE dedupe_key LIKE %s
"""
_AFTER_BACK = """
    SELECT coalesce(extract(epoch FROM max(started_at - greatest(created_at, %(back)s))), 0)
      FROM runs WHERE started_at > %(back)s
"""


@dataclass(frozen=True)
class Phase:
    """One part of the stream: waits in seconds, from the acceptance to a worker."""

    name: str
    sent: int
    succeeded: int
    longest_wait: float
    middle_wait: float
    runs_a_second: float


@dataclass(frozen=True)
class Measured:
    """All parts; `longest_after_back`: seconds that a run waited once Redis was back."""

    seconds: float
    phases: tuple[Phase, ...]
    longest_after_back: float

    @property
    def broken(self) -> list[str]:
        """What was promised and is not so."""
        found = [
            f"{each.name}: {each.succeeded} of {each.sent} succeeded"
            for each in self.phases
            if each.succeeded != each.sent
        ]
        if self.longest_after_back > LONGEST_WAIT:
            found.append(f"a run waited {self.longest_after_back:.2f} s after Redis was back")
        return found

    @property
    def slower(self) -> list[str]:
        """Whether the throughput did not recover; a benchmark, and no matter of tests."""
        by_name = {phase.name: phase.runs_a_second for phase in self.phases}
        before, after = by_name["burst-before"], by_name["burst-after"]
        is_slower = after < _RECOVERED * before
        return [f"{after:.0f} runs/s afterwards, {before:.0f} before"] if is_slower else []


def measure(folder: Path, *, seconds: float, burst: int, after: float) -> Measured:
    """Take Redis away for so many seconds, then look on for `after`, and as long while it is
    flushed; a burst of so many webhooks at the beginning and at the end.
    """
    with outside.services() as services, opened("postgres", folder, services) as house:
        stream = _Stream(house)
        stream.send("burst-before", burst, seconds=0)
        away = threading.Thread(
            target=house.servers.redis.end, args=(signal.SIGKILL,), kwargs={"away": seconds}
        )
        away.start()
        stream.send("redis-away", int(seconds * RATE), seconds=seconds)
        away.join()
        back = SystemClock().now()
        stream.send("redis-back", int(after * RATE), seconds=after)
        with _flushing(house):
            stream.send("redis-flushed", int(after * RATE), seconds=after)
        stream.send("burst-after", burst, seconds=0)
        return Measured(seconds, tuple(map(stream.measured, stream.sent)), stream.waited(back))


class _Stream:
    """Webhooks of one kind, part after part."""

    def __init__(self, house: StormHouse) -> None:
        self._house = house
        self._leads = make_leads(house.servers)
        self.sent: dict[str, int] = {}

    def send(self, name: str, number: int, *, seconds: float) -> None:
        """So many webhooks, evenly spread; returns when all of them are accepted and ended."""
        made = [
            Webhook(f"{name}/{place}", place, "notes", place / number) for place in range(number)
        ]
        senders = Senders(self._house.url, made, self._leads)
        senders.run(Pace(lambda: number), seconds, most=60)
        self.sent[name] = number
        until(lambda: facts.unfinished(self._house.servers) == 0, f"the end of {name}")

    def measured(self, name: str) -> Phase:
        """What the rows say of a part."""
        with self._house.servers.connect() as connection:
            row = connection.execute(_OF_PHASE, [f"{name}/%"]).fetchone() or (0, 0, 0, 0, 0)
        _, succeeded, longest, middle, rate = (float(str(each)) for each in row)
        return Phase(name, self.sent[name], int(succeeded), longest, middle, rate)

    def waited(self, back: datetime) -> float:
        """The longest wait for a worker since then."""
        with self._house.servers.connect() as connection:
            row = connection.execute(_AFTER_BACK, {"back": back}).fetchone()
        return float(str(row[0])) if row else 0.0


@contextmanager
def _flushing(house: StormHouse) -> Iterator[None]:
    """FLUSHALL again and again."""
    stopping = threading.Event()

    def flush() -> None:
        while not stopping.wait(_FLUSH_EVERY):
            house.servers.flush()

    thread = threading.Thread(target=flush, name="flush")
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()


def told(measured: Measured) -> str:
    """A table, and what it means."""
    rows = [
        f"| {each.name} | {each.sent} | {each.succeeded} | {each.middle_wait * 1000:.0f} ms |"
        f" {each.longest_wait:.2f} s | {each.runs_a_second:.0f} |\n"
        for each in measured.phases
    ]
    return (
        "| Part | Webhooks | Succeeded | Wait for a worker, middle | Longest | Runs/s |\n"
        f"{'| --- ' * 6}|\n{''.join(rows)}\n"
        f"Redis was away for {measured.seconds:g} s. Once it was back, no run waited longer than"
        f" {measured.longest_after_back:.2f} s for a worker.\n"
    )


def main() -> int:
    """Measure and tell; 1 when a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.storm.redis_away", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--burst", type=int, default=2000)
    parser.add_argument("--after", type=float, default=10)
    parser.add_argument("--report", type=Path, help="put the table into this page")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="hub-redis-away-"))
    folder.chmod(0o755)
    measured = measure(folder, seconds=options.seconds, burst=options.burst, after=options.after)
    sys.stdout.write(told(measured))
    problems = [*measured.broken, *measured.slower]
    sys.stdout.writelines(f"! {problem}\n" for problem in problems)
    if options.report is not None:
        page = options.report.read_text("utf-8")
        made = _MADE.sub(lambda found: f"{found[1]}{told(measured)}{found[3]}", page)
        options.report.write_text(made, "utf-8")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
