"""`python -m bench.against URL`: the same requests against another program with the same flow.

URL is its webhook on this machine, whose flow posts to the receiver that this starts. A run counts
as completed when its POST was answered. See bench/n8n/README.md.
"""

from __future__ import annotations

import argparse
import sys
import time
from statistics import median
from urllib.parse import urlsplit

from bench import load, processes, receiver
from bench.folder import fresh
from bench.machine import Machine
from bench.requests import Booking

_COMPLETED_WITHIN = 600.0  # seconds


def main() -> None:
    """Measure and print."""
    options = _options()
    url = urlsplit(options.url)
    if url.hostname not in {"127.0.0.1", "localhost"} or url.port is None:
        raise SystemExit("the URL must be one of this machine, with its port")
    print(Machine.now(f"python -m bench.against {' '.join(sys.argv[1:])}").told())
    print(f"{'callers':>8}{'answered/s':>12}{'p50 ms':>10}{'p99 ms':>10}{'completed/s':>13}")
    with (
        fresh("hub-against-") as folder,
        receiver.running(folder / "log", options.receiver_port) as service,
    ):
        for callers in options.callers:
            rounds = [
                _round(url.port, url.path, service, callers, options.requests)
                for _ in range(options.rounds)
            ]
            rate, p50, p99, completed = (median(each) for each in zip(*rounds, strict=True))
            print(f"{callers:8}{rate:12.1f}{p50:10.1f}{p99:10.1f}{completed:13.1f}", flush=True)


def _round(
    port: int, path: str, service: receiver.Receiver, callers: int, requests: int
) -> tuple[float, float, float, float]:
    service.counted()
    began = time.perf_counter()
    measured = load.run(port, Booking(path), requests=requests, concurrency=callers)
    if not measured.served:
        raise SystemExit(f"nothing was served: {measured.statuses}")
    arrived = 0

    def is_over() -> bool:
        nonlocal arrived
        arrived += service.counted().requests
        return arrived >= measured.served

    processes.until(is_over, "a POST of each run", within=_COMPLETED_WITHIN)
    completed = measured.served / (time.perf_counter() - began)
    return measured.rate, measured.percentile(0.5), measured.percentile(0.99), completed


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.against")
    parser.add_argument("url", help="such as http://127.0.0.1:5678/webhook/reference")
    parser.add_argument("--callers", type=int, nargs="+", default=[1, 10, 50, 200])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--requests", type=int, default=200, help="of one round")
    parser.add_argument("--receiver-port", type=int, default=3100)
    return parser.parse_args()


if __name__ == "__main__":
    main()
