"""`make fuzz`: each target for MINUTES (MINUTES=10 TARGETS="body yaml" SEED=0).

Each target runs in a process of its own, so that a crash is a finding as well. What is found is
made small and kept in tests/fuzz/corpus, which the suite replays; the code is 1 then.
"""

from __future__ import annotations

import argparse
import mmap
import os
import sys
import time

from bench.fuzz import answers, corpus, door, language, values
from bench.fuzz.limits import MOST_SECONDS, Verdict, bound_memory, judge
from bench.fuzz.shrinking import shrunk
from bench.fuzz.target import Target

TARGETS = {
    each.name: each
    for each in (
        door.BODY,
        door.FORM,
        door.SIGNATURES,
        values.DATES,
        values.DURATIONS,
        values.PHONES,
        values.CRON,
        language.YAML,
        language.PROJECTS,
        language.EXPRESSIONS,
        answers.ANSWERS,
        answers.INVITATIONS,
    )
}
_MOST_TOLD = 20
_SIZE_BYTES = 8


def main() -> int:
    """Fuzz what was asked for; 1 when something was found."""
    options = _options()
    names = options.targets.split() or [*TARGETS]
    codes = [_apart(TARGETS[name], options.minutes * 60, options.seed) for name in names]
    return 1 if any(codes) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="for each target")
    parser.add_argument("--seed", type=int, default=0, help="where to begin")
    parser.add_argument("--targets", default="", help=f"some of: {' '.join(TARGETS)}")
    return parser.parse_args()


def _apart(target: Target, seconds: float, seed: int) -> int:
    """Fuzz in a child; a case that ends the child is kept from what it left in shared memory."""
    desk = mmap.mmap(-1, target.most + _SIZE_BYTES)
    child = os.fork()
    if child == 0:
        code = 2
        try:
            code = _fuzz(target, seconds, seed, desk)
        finally:
            sys.stdout.flush()
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code not in {0, 1}:
        size = int.from_bytes(desk[:_SIZE_BYTES])
        kept = corpus.keep(target.name, desk[_SIZE_BYTES : _SIZE_BYTES + size])
        print(f"{target.name}: the process died ({code}) of {kept}", flush=True)
    return code


def _fuzz(target: Target, seconds: float, seed: int, desk: mmap.mmap) -> int:
    for sample in target.samples:
        judge(target, sample)  # what is loaded on first use belongs to no case
    bound_memory()
    tried, slowest, largest, kinds = 0, 0.0, 0, set[str]()
    until = time.monotonic() + seconds
    while time.monotonic() < until and len(kinds) < _MOST_TOLD:
        case = target.case(seed + tried)
        desk[: _SIZE_BYTES + len(case)] = len(case).to_bytes(_SIZE_BYTES) + case
        verdict = judge(target, case)
        slowest, largest, tried = max(slowest, verdict.seconds), max(largest, len(case)), tried + 1
        if verdict.fault is not None and verdict.kind not in kinds:
            kinds.add(verdict.kind)
            told = _kept(target, case, verdict)
            print(f"{target.name}: seed {seed + tried - 1}, {told}", flush=True)
    print(
        f"{target.name}: {tried:,} cases up to {largest:,} bytes in {seconds:.0f} s,"
        f" {len(kinds)} found, slowest {slowest * 1000:.0f} ms of {MOST_SECONDS * 1000:.0f}",
        flush=True,
    )
    return 1 if kinds else 0


def _kept(target: Target, case: bytes, verdict: Verdict) -> str:
    """Keep the smallest case with the same fault; what to tell of it."""
    small = shrunk(case, lambda shorter: judge(target, shorter).kind == verdict.kind)
    return f"kept as {corpus.keep(target.name, small)}:\n{verdict.fault}\n{small[:200]!r}\n"


if __name__ == "__main__":
    sys.exit(main())
