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
    """The hub or the floor: where it listens and how its requests look."""

    name: str
    port: int
    accept: Callable[[int], Request]
    wait: Callable[[int], Request]


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
        hub_port, floor_port = processes.free_port(), processes.free_port()
        hub_environment = {
            "HUB_DATABASE_URL": servers.database_url,
            "HUB_REDIS_URL": servers.redis_url,
            "HUB_PORT": str(hub_port),
            "HUB_PROJECT": str(processes.ROOT),
            "HUB_ENCRYPTION_KEY": Fernet.generate_key().decode(),
            "VAPI_WEBHOOK_SECRET": SECRET,
            "HUB_MODE": "simulate",
            "HUB_LOG_LEVEL": "warning",
        }
        hub = str(processes.BIN / "hub")
        floor_environment = {"FLOOR_DATABASE_URL": libpq, "FLOOR_REDIS_URL": servers.redis_url}
        with (
            processes.running(
                [[hub, "web"], [hub, "worker"]], environment=hub_environment, port=hub_port, log=log
            ) as hub_pids,
            processes.running(
                _floor_commands(floor_port, servers.redis_url),
                environment=floor_environment,
                port=floor_port,
                log=log,
            ) as floor_pids,
        ):
            sides = [
                Side("floor", floor_port, _floor_request("/accept"), _floor_request("/wait")),
                Side("hub", hub_port, _call_ended, _tool_call),
            ]
            _report(options, sides, libpq, hub_pids, floor_pids)


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


def _floor_commands(port: int, redis_url: str) -> list[list[str]]:
    python = str(processes.BIN / "python")
    gunicorn = ["-m", "gunicorn", "bench.floor:create_app()", "-k", "gevent", "-w", "2"]
    return [
        [python, *gunicorn, "-b", f"127.0.0.1:{port}", "--log-level", "warning"],
        [
            str(processes.BIN / "rq"),
            *("worker", "floor", "--url", redis_url, "-w", "rq.SimpleWorker", "-q"),
        ],
    ]


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


def _report(
    options: argparse.Namespace,
    sides: list[Side],
    url: str,
    hub_pids: list[int],
    floor_pids: list[int],
) -> None:
    print(f"{platform.platform()}, Python {platform.python_version()}, {options.rounds} rounds")
    figures: dict[str, dict[str, float]] = {}
    for kind, levels in (("accept", (1, 10, 50)), ("wait", (1, 10))):
        for concurrency in levels:
            found = _measure(options, sides, url, kind, concurrency)
            for name, values in found.items():
                figures[f"{kind} {name} c={concurrency}"] = values
                _print(f"{kind} {name} c={concurrency}", values)
            rate = found["hub"]["rate/s"] / found["floor"]["rate/s"]
            p50 = found["hub"]["p50 ms"] / found["floor"]["p50 ms"]
            print(f"  hub / floor: rate {rate:.2f}, p50 {p50:.2f}")
    figures["memory"] = {
        "hub MiB": processes.memory(hub_pids),
        "floor MiB": processes.memory(floor_pids),
    }
    _print("memory (PSS)", figures["memory"])
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


def _measure(
    options: argparse.Namespace, sides: list[Side], url: str, kind: str, concurrency: int
) -> dict[str, dict[str, float]]:
    """Medians of one kind of request at one level, by side."""
    rounds: dict[str, list[Measured]] = {side.name: [] for side in sides}
    completed: list[float] = []
    for _ in range(options.rounds):
        for side in sides:
            began = time.perf_counter()
            measured = load.run(
                side.port,
                side.accept if kind == "accept" else side.wait,
                requests=options.requests if concurrency > 1 else options.requests // 2,
                concurrency=concurrency,
            )
            _refuse_failures(side, measured)
            rounds[side.name].append(measured)
            if side.name == "hub":
                _settle(url)
                completed.append(len(measured.latencies) / (time.perf_counter() - began))
    found = {side.name: _figures(rounds[side.name]) for side in sides}
    found["hub"]["completed/s"] = load.middle(completed)
    return found


def _refuse_failures(side: Side, measured: Measured) -> None:
    wrong = {status: count for status, count in measured.statuses.items() if status >= 300}  # noqa: PLR2004
    if wrong:
        raise SystemExit(f"{side.name} answered {wrong}: this is no measurement")


def _settle(url: str) -> None:
    """Until every accepted run has ended."""
    with psycopg.connect(url, autocommit=True) as database:
        while True:
            row = database.execute("SELECT count(*) FROM runs WHERE ended_at IS NULL").fetchone()
            if row is not None and row[0] == 0:
                return
            time.sleep(0.01)


def _figures(rounds: list[Measured]) -> dict[str, float]:
    return {
        "rate/s": load.middle([each.rate for each in rounds]),
        "p50 ms": load.middle([each.percentile(0.50) for each in rounds]),
        "p95 ms": load.middle([each.percentile(0.95) for each in rounds]),
        "p99 ms": load.middle([each.percentile(0.99) for each in rounds]),
    }


def _print(name: str, figures: dict[str, float]) -> None:
    print(f"{name:22}" + "".join(f"  {label} {value:8.1f}" for label, value in figures.items()))


if __name__ == "__main__":
    main()
