"""`make bench`: the hub and the floor in one run on this machine, medians of several rounds.

PostgreSQL runs at default durability. Each round measures the floor and the hub one after the
other, so that both meet the same neighbours; what counts is the ratio.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
from cryptography.fernet import Fernet

from bench import floor, load, processes
from bench.load import Measured, Request
from hub import embedded
from hub.storage import migrate

SECRET = "bench-shared-secret"  # noqa: S105 - made for this run
LEADS = 3000


@dataclass(frozen=True)
class Side:
    """The hub or the floor: its processes, how its requests look, what is left to do."""

    name: str
    port: int
    web: list[str]
    worker: list[str]
    environment: dict[str, str]
    accept: Callable[[int], Request]
    wait: Callable[[int], Request]
    waiting: str

    def running(self, command: list[str], log: Path) -> AbstractContextManager[list[int]]:
        """Start one of its processes."""
        return processes.running([command], environment=self.environment, port=self.port, log=log)


class Bench:
    """The measurements. Each round measures one side after the other."""

    def __init__(self, options: argparse.Namespace, sides: list[Side], url: str) -> None:
        self._options = options
        self._sides = sides
        self._url = url
        self.figures: dict[str, dict[str, float]] = {}

    def accept(self) -> None:
        """Requests that are stored and answered at once; no worker competes for the processor."""
        for concurrency in (1, 10, 50):
            self._compare("accept", lambda side: side.accept, concurrency)

    def drain(self, log: Path) -> None:
        """How fast a worker works off what has piled up."""
        for side in self._sides:
            queued = self._left(side)
            began = time.perf_counter()
            with side.running(side.worker, log):
                while self._left(side):
                    time.sleep(0.02)
                seconds = time.perf_counter() - began
            self.note(f"drain {side.name}", {"runs": queued, "runs/s": queued / seconds})

    def complete(self) -> None:
        """From the first request to the end of the last run, while the worker works."""
        for concurrency in (1, 10, 50):
            rates: dict[str, list[float]] = {side.name: [] for side in self._sides}
            for _ in range(self._options.rounds):
                for side in self._sides:
                    rates[side.name].append(self._completed(side, concurrency))
            found = {name: load.middle(each) for name, each in rates.items()}
            for name, rate in found.items():
                self.note(f"complete {name} c={concurrency}", {"runs/s": rate})
            print(f"  hub / floor: rate {found['hub'] / found['floor']:.2f}")

    def _completed(self, side: Side, concurrency: int) -> float:
        requests: int = self._options.requests // (2 if concurrency == 1 else 1)
        began = time.perf_counter()
        measured = load.run(side.port, side.accept, requests=requests, concurrency=concurrency)
        _refuse_failures(side, measured)
        while self._left(side):
            time.sleep(0.005)
        return requests / (time.perf_counter() - began)

    def wait(self) -> None:
        """A tool call with two effects in the database: from the request to the spoken answer."""
        for concurrency in (1, 10, 50):
            self._compare("wait", lambda side: side.wait, concurrency)

    def note(self, name: str, figures: dict[str, float]) -> None:
        """Keep and print."""
        self.figures[name] = figures
        print(f"{name:22}" + "".join(f"  {label} {value:8.1f}" for label, value in figures.items()))

    def targets(self) -> None:
        """What the figures say of the first targets."""
        accept = min(self._ratio("accept", each, "rate/s") for each in (1, 10, 50))
        wait = self._ratio("wait", 1, "p50 ms")
        memory = self.figures["memory (PSS)"]["hub MiB"]
        for what, is_met in (
            (f"accept at least 60 % of the floor's rate: {accept:.0%}", accept >= 0.6),  # noqa: PLR2004
            (f"waiting tool call p50 at most twice its floor: {wait:.1f}", wait <= 2),  # noqa: PLR2004
            (f"web and worker in at most 250 MiB: {memory:.0f}", memory <= 250),  # noqa: PLR2004
        ):
            print(f"  {'met   ' if is_met else 'missed'}  {what}")

    def _ratio(self, kind: str, concurrency: int, figure: str) -> float:
        hub, simple = (f"{kind} {name} c={concurrency}" for name in ("hub", "floor"))
        return self.figures[hub][figure] / self.figures[simple][figure]

    def _compare(
        self, kind: str, request: Callable[[Side], Callable[[int], Request]], concurrency: int
    ) -> None:
        rounds: dict[str, list[Measured]] = {side.name: [] for side in self._sides}
        for _ in range(self._options.rounds):
            for side in self._sides:
                measured = load.run(
                    side.port,
                    request(side),
                    requests=self._options.requests // (2 if concurrency == 1 else 1),
                    concurrency=concurrency,
                )
                _refuse_failures(side, measured)
                rounds[side.name].append(measured)
        found = {name: _figures(measured) for name, measured in rounds.items()}
        for name, figures in found.items():
            self.note(f"{kind} {name} c={concurrency}", figures)
        rate, p50 = (found["hub"][each] / found["floor"][each] for each in ("rate/s", "p50 ms"))
        print(f"  hub / floor: rate {rate:.2f}, p50 {p50:.2f}")

    def _left(self, side: Side) -> int:
        with psycopg.connect(self._url, autocommit=True) as database:
            row = database.execute(side.waiting).fetchone()
        return int(row[0]) if row else 0


def main() -> None:
    """Measure and print."""
    options = _options()
    with (
        tempfile.TemporaryDirectory(prefix="hub-bench-") as folder,
        embedded.start(Path(folder) / "state") as servers,
    ):
        migrate.upgrade(servers.database_url)
        libpq = servers.database_url.replace("+psycopg", "", 1)
        _prepare(libpq)
        log = Path(folder) / "log"
        hub = Side(
            name="hub",
            port=(hub_port := processes.free_port()),
            web=[str(processes.BIN / "hub"), "web"],
            worker=[str(processes.BIN / "hub"), "worker"],
            environment=_hub_environment(servers, hub_port),
            accept=_call_ended,
            wait=_tool_call,
            waiting="SELECT count(*) FROM runs WHERE ended_at IS NULL",
        )
        simple = Side(
            name="floor",
            port=(floor_port := processes.free_port()),
            web=_floor_web(floor_port),
            worker=_floor_worker(servers.redis_url),
            environment={"FLOOR_DATABASE_URL": libpq, "FLOOR_REDIS_URL": servers.redis_url},
            accept=_floor_request("/accept"),
            wait=_floor_request("/wait"),
            waiting="SELECT count(*) FROM floor_hooks WHERE kind = 'accept' AND NOT done",
        )
        with simple.running(simple.web, log), hub.running(hub.web, log) as web_pids:
            print(f"{platform.platform()}, Python {platform.python_version()}")
            bench = Bench(options, [simple, hub], libpq)
            bench.accept()
            bench.drain(log)
            with simple.running(simple.worker, log), hub.running(hub.worker, log) as worker_pids:
                time.sleep(1)  # both workers have told that they are there
                bench.complete()
                bench.wait()
                bench.note("memory (PSS)", {"hub MiB": processes.memory(web_pids + worker_pids)})
                bench.targets()
        if options.json:
            options.json.write_text(json.dumps(bench.figures, indent=2) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    return parser.parse_args()


def _prepare(url: str) -> None:
    """The floor's tables, and leads that hold numbers."""
    with psycopg.connect(url, autocommit=True) as database:
        database.execute(floor.TABLES)
        leads = [lead(number) for number in range(LEADS)]
        database.execute(
            "INSERT INTO leads (id, first_name, last_name)"
            " SELECT unnest(%s::uuid[]), 'Bench', 'Lead'",
            [leads],
        )
        database.execute(
            "INSERT INTO phone_numbers"
            " (id, number, lead_id, assigned_at, initial_until, release_at)"
            " SELECT gen_random_uuid(), '+1202555' || lpad(n::text, 5, '0'), lead, now(),"
            " now() + interval '18 h', now() + interval '18 h'"
            " FROM unnest(%s::uuid[]) WITH ORDINALITY AS given (lead, n)",
            [leads],
        )
        database.execute(
            "INSERT INTO phone_assignments (id, phone_id, lead_id, assigned_at, mode)"
            " SELECT gen_random_uuid(), id, lead_id, assigned_at, 'simulate' FROM phone_numbers"
        )


def lead(number: int) -> UUID:
    """The id of a lead."""
    return UUID(int=(0x5B0C2C2E6F0A4A519A8E << 48) + number)


def _hub_environment(servers: embedded.EmbeddedServers, port: int) -> dict[str, str]:
    return {
        "HUB_DATABASE_URL": servers.database_url,
        "HUB_REDIS_URL": servers.redis_url,
        "HUB_PORT": str(port),
        "HUB_PROJECT": str(processes.ROOT),
        "HUB_ENCRYPTION_KEY": Fernet.generate_key().decode(),
        "VAPI_WEBHOOK_SECRET": SECRET,
        "HUB_MODE": "simulate",
        "HUB_LOG_LEVEL": "warning",
    }


def _floor_web(port: int) -> list[str]:
    gunicorn = ["-m", "gunicorn", "bench.floor:create_app()", "-k", "gevent", "-w", "2"]
    listen = ["-b", f"127.0.0.1:{port}", "--log-level", "warning"]
    return [str(processes.BIN / "python"), *gunicorn, *listen]


def _floor_worker(redis_url: str) -> list[str]:
    worker = ["worker", "floor", "--url", redis_url, "-w", "rq.SimpleWorker", "-q"]
    return [str(processes.BIN / "rq"), *worker]


def _floor_request(path: str) -> Callable[[int], Request]:
    return lambda number: Request(path, {}, _tool_call(number).body)


def _call_ended(number: int) -> Request:
    body = {
        "callId": str(uuid4()),
        "leadId": str(lead(number % LEADS)),
        "outcome": "voicemail",
        "transcript": "AI: Hello.\nUser: Please leave a message.",
    }
    return Request("/webhook/vapi-call-ended", {"X-Vapi-Secret": SECRET}, json.dumps(body).encode())


_day = iter(range(1, 10**9))


def _tool_call(number: int) -> Request:
    """A booking at a time of its own: two effects, then the spoken answer."""
    seconds = time.time() + 86_400 + next(_day) % 40_000_000
    starts_at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
    arguments = {"lead_id": str(lead(number % LEADS)), "appointment_time": starts_at}
    function = {"name": "book_appointment", "arguments": arguments}
    call = {"id": f"call_{uuid4().hex}", "type": "function", "function": function}
    message = {"type": "tool-calls", "toolCallList": [call], "call": {"id": str(uuid4())}}
    return Request(
        "/webhook/vapi-appointment-booked",
        {"X-Vapi-Secret": SECRET},
        json.dumps({"message": message}).encode(),
    )


def _refuse_failures(side: Side, measured: Measured) -> None:
    """Tell what was not served; more than one in a hundred is no measurement."""
    wrong = {status: count for status, count in measured.statuses.items() if status >= 300}  # noqa: PLR2004
    if wrong:
        print(f"  {side.name} answered {wrong}")
    if sum(wrong.values()) > len(measured.latencies) / 100:
        raise SystemExit("this is no measurement")


def _figures(rounds: list[Measured]) -> dict[str, float]:
    return {
        "rate/s": load.middle([each.rate for each in rounds]),
        "p50 ms": load.middle([each.percentile(0.50) for each in rounds]),
        "p95 ms": load.middle([each.percentile(0.95) for each in rounds]),
        "p99 ms": load.middle([each.percentile(0.99) for each in rounds]),
    }


if __name__ == "__main__":
    main()
