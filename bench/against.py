"""`python -m bench.against NAME=URL@PID,PID ...`: the same requests to programs with one flow.

Each URL is a webhook on this machine whose flow posts to the receiver that this starts; a run
counts as completed when its POST was answered. The programs are measured in turn. Of the named
processes (with their children) it tells processor time and memory. See bench/n8n/README.md.
"""

from __future__ import annotations

import argparse
import re
import shlex
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from bench import load, processes, receiver
from bench.folder import fresh
from bench.machine import Machine
from bench.processes import memory, processor
from bench.requests import Booking, ToolCall

_COMPLETED_WITHIN = 600.0  # seconds
_SETTLES_IN = 1.0  # seconds: after its last POST a program still writes down how the run ended
_NAMED = re.compile(r"(?P<name>[\w .-]+)=(?P<url>[^@]+)(?:@(?P<pids>\d+(?:,\d+)*))?")


@dataclass(frozen=True)
class Program:
    """One of those compared: its webhook, and the processes it consists of."""

    name: str
    port: int
    path: str
    pids: tuple[int, ...] = ()


@dataclass(frozen=True)
class Round:
    """What one round gave: per second, in milliseconds; processor time in seconds per 1,000."""

    rate: float
    p50: float
    p99: float
    completed: float
    own: float
    servers: float


def main() -> None:
    """Measure and print."""
    options = _options()
    machine = Machine.now(f"python -m bench.against {' '.join(sys.argv[1:])}")
    print(machine.told(), flush=True)
    if options.start:
        _starts(options)
    else:
        _rounds(options)
    print(machine.later().told())


def program(text: str) -> Program:
    """`n8n=http://127.0.0.1:5678/webhook/x@11,12`; raises `ArgumentTypeError`."""
    found = _NAMED.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text}: not NAME=URL or NAME=URL@PID,PID")
    url = urlsplit(found["url"])
    if url.hostname not in {"127.0.0.1", "localhost"} or url.port is None:
        raise argparse.ArgumentTypeError("the URL must be one of this machine, with its port")
    pids = tuple(int(pid) for pid in (found["pids"] or "").split(",") if pid)
    return Program(found["name"], url.port, url.path, pids)


def _rounds(options: argparse.Namespace) -> None:
    most = {each.name: memory(each.pids) for each in options.programs}
    for name, found in most.items():
        print(f"{name}: {found:.0f} MiB before")
    print(
        f"{'':10}{'callers':>8}{'answered/s':>12}{'p50 ms':>10}{'p99 ms':>10}{'completed/s':>13}"
        f"{'own s/1000':>12}{'servers':>9}"
    )
    with (
        fresh("hub-against-") as folder,
        receiver.running(folder / "log", options.receiver_port) as service,
    ):
        for callers in options.callers:
            rounds: dict[str, list[Round]] = defaultdict(list)
            for _ in range(options.rounds):
                for each in options.programs:
                    rounds[each.name].append(_round(each, service, callers, options))
                    most[each.name] = max(most[each.name], memory(each.pids))
            for name, given in rounds.items():
                print(_line(name, callers, given), flush=True)
    for name, heaviest in most.items():
        print(f"{name}: {heaviest:.0f} MiB at the most, at the end of a round")


def _round(
    measured: Program, service: receiver.Receiver, callers: int, options: argparse.Namespace
) -> Round:
    service.counted()
    before = processor(measured.pids), processor(options.servers)
    began = time.perf_counter()
    make = (ToolCall if measured.name in options.tool_calls else Booking)(measured.path)
    answers = load.run(measured.port, make, requests=options.requests, concurrency=callers)
    if answers.failed:
        print(f"{measured.name}, {callers} callers: {answers.statuses}")
    if not answers.served:
        raise SystemExit("nothing was served")
    if not options.answers_only:
        _await(service, answers.served)
    completed = answers.served / (time.perf_counter() - began)
    time.sleep(_SETTLES_IN)
    after = processor(measured.pids), processor(options.servers)
    own, servers = (1000 * (b - a) / answers.served for a, b in zip(before, after, strict=True))
    return Round(
        answers.rate, answers.percentile(0.5), answers.percentile(0.99), completed, own, servers
    )


def _await(service: receiver.Receiver, runs: int) -> None:
    arrived = 0

    def is_over() -> bool:
        nonlocal arrived
        arrived += service.counted().requests
        return arrived >= runs

    processes.until(is_over, "a POST of each run", within=_COMPLETED_WITHIN)


def _line(name: str, callers: int, rounds: Sequence[Round]) -> str:
    middle: Mapping[str, float] = {
        each: median(getattr(one, each) for one in rounds) for each in Round.__annotations__
    }
    return (
        f"{name:10}{callers:8}{middle['rate']:12.1f}{middle['p50']:10.1f}{middle['p99']:10.1f}"
        f"{middle['completed']:13.1f}{middle['own']:12.2f}{middle['servers']:9.2f}"
    )


def _starts(options: argparse.Namespace) -> None:
    """Seconds from the command to the first answered webhook of each program, in turn."""
    found = defaultdict(list)
    with fresh("hub-against-") as folder:
        for _ in range(options.rounds):
            for each, command in zip(options.programs, options.start, strict=True):
                log = folder / each.name
                found[each.name].append(_started(each, command, log))
                print(f"{each.name}: {found[each.name][-1]:.2f} s", flush=True)
    for name, seconds in found.items():
        print(f"{name}: {median(seconds):.2f} s to the first answered webhook")


def _started(measured: Program, command: str, log: Path) -> float:
    if processes.listens(measured.port):
        raise SystemExit(f"{measured.name} runs already")
    make = Booking(measured.path)

    def answers(_: Sequence[int]) -> bool:
        """Before its webhooks are there a program says 404."""
        if not processes.listens(measured.port):
            return False
        try:
            return not load.run(measured.port, make, requests=1, concurrency=1).failed
        except (OSError, EOFError):
            return False

    began = time.perf_counter()
    with processes.running([shlex.split(command)], environment={}, is_ready=answers, log=log):
        return time.perf_counter() - began


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.against")
    parser.add_argument(
        "programs",
        type=program,
        nargs="+",
        metavar="NAME=URL@PID,PID",
        help="such as n8n=http://127.0.0.1:5678/webhook/reference@4711,4712",
    )
    parser.add_argument("--callers", type=int, nargs="+", default=[1, 10, 50])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=200, help="of one round")
    parser.add_argument(
        "--tool-calls", nargs="+", default=(), metavar="NAME", help="who gets tool calls instead"
    )
    parser.add_argument(
        "--answers-only", action="store_true", help="no worker runs, so no run is waited for"
    )
    parser.add_argument(
        "--servers", type=_pids, default=(), metavar="PID,PID", help="of PostgreSQL and Redis"
    )
    parser.add_argument(
        "--start",
        nargs="+",
        metavar="COMMAND",
        help="one for each program: measure its start instead",
    )
    parser.add_argument("--receiver-port", type=int, default=3100)
    options = parser.parse_args()
    if options.start and len(options.start) != len(options.programs):
        parser.error("--start takes one command for each program")
    return options


def _pids(text: str) -> tuple[int, ...]:
    return tuple(int(each) for each in text.split(","))


if __name__ == "__main__":
    main()
