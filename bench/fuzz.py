"""`make fuzz`: real files damaged at random, for MINUTES; prints what made the checker stumble.

Ends with 1 when it found something: each finding can be made again from its seed.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Mapping
from random import Random

from hub.engine.findings import Finding
from tests.unit.engine import order_project, small_project
from tests.unit.engine.damage import damaged, misplaced

_TOLD = 20
_SLOW = 2.0  # seconds for one project


def main() -> int:
    """Damage and check until the time is over."""
    options = _options()
    until = time.monotonic() + options.minutes * 60
    seed, told, codes = options.seed, 0, Counter[str]()
    while time.monotonic() < until and told < _TOLD:
        problem = _tried(seed, codes)
        if problem is not None:
            told += 1
            print(f"seed {seed}: {problem}\n", flush=True)
        seed += 1
    tried = seed - options.seed
    print(
        f"{tried} damaged files, {told} stumbles, findings by code: {dict(sorted(codes.items()))}"
    )
    return 1 if told else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0, help="where to begin, to see one again")
    return parser.parse_args()


def _tried(seed: int, codes: Counter[str]) -> str | None:
    """What went wrong with the file of this seed, or None."""
    chance = Random(seed)  # noqa: S311 - no secret
    project = chance.choice([order_project, small_project])
    path = chance.choice(sorted(project.FILES))
    files = {**project.FILES, path: damaged(project.FILES[path], chance)}
    began = time.monotonic()
    try:
        wrong = _wrong(project.load(files).findings, files, codes)
    except Exception:  # noqa: BLE001 - this is what is looked for
        wrong = traceback.format_exc(limit=-4)
    took = time.monotonic() - began
    if wrong is None and took > _SLOW:
        wrong = f"took {took:.1f} s"
    return None if wrong is None else f"{path}: {wrong}"


def _wrong(
    findings: Iterable[Finding], files: Mapping[str, str], codes: Counter[str]
) -> str | None:
    found = list(findings)
    codes.update(each.code for each in found)
    lost = misplaced(found, files)
    return "\n".join(["not at a place of the file:", *map(str, lost)]) if lost else None


if __name__ == "__main__":
    sys.exit(main())
