"""Tells a storm: for people, and as a row of docs/storms.md."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from tests.storm.facts import Facts
from tests.storm.faults import Applied
from tests.storm.plan import Plan
from tests.storm.reconcile import KINDS, Violation

ZEROS = ("lost", "doubled", "second", "stuck")
_SLEEPERS = ("waits", "naps")
_CALM_FOR = timedelta(seconds=8)  # after a fault, until a run counts as undisturbed
_SHORTLY = timedelta(seconds=2)  # a fault before a silence may be its cause
_MADE = re.compile(r"(<!-- storms -->\n)(.*?)(<!-- end of storms -->)", re.DOTALL)
_HEAD = (
    "| Seed | Servers | Webhooks | Faults | Requests | Answers that did not accept | Runs |"
    " Process ends | Seconds | Settled after | Longest run in calm | Lost | Done twice |"
    " Second message | Stuck | Other |\n" + "| --- " * 16 + "|\n"
)


@dataclass(frozen=True)
class Result:
    """Everything that is known of a storm when it is over."""

    plan: Plan
    applied: Sequence[Applied]
    accepted: int
    requests: int
    others: Counter[str]
    times: Sequence[datetime]
    facts: Facts
    ended: Counter[tuple[str, int]]
    looks: int
    blind: int
    tracebacks: int
    seconds: float
    settled_after: float
    violations: list[Violation] = field(default_factory=list)

    def count(self, *kinds: str) -> int:
        """How many violations of these kinds there are."""
        return sum(each.kind in kinds for each in self.violations)

    @property
    def amid_traffic(self) -> int:
        """Faults that began while webhooks were still to be accepted."""
        return sum(each.accepted < each.of for each in self.applied)


def longest_in_calm(result: Result) -> float:
    """Seconds from acceptance to the end, of runs that no fault was near; sleepers left out."""
    kinds = {webhook.id: webhook.kind for webhook in result.plan.webhooks}
    disturbed = [(each.began, each.over + _CALM_FOR) for each in result.applied]
    took = [
        (run.ended_at - run.created_at).total_seconds()
        for run in result.facts.runs
        if run.created_at is not None
        and run.ended_at is not None
        and kinds.get(run.webhook) not in _SLEEPERS
        and not _touches(run.created_at, run.ended_at, disturbed)
    ]
    return max(took, default=0.0)


def _touches(began: datetime, over: datetime, others: Sequence[tuple[datetime, datetime]]) -> bool:
    return any(began < end and start < over for start, end in others)


def silences(result: Result, most: int = 3) -> list[str]:
    """The longest times in which nothing was accepted, with the faults that fell into them."""
    times = sorted(result.times)
    gaps = sorted(pairwise(times), key=lambda gap: gap[0] - gap[1])[:most]
    return [
        f"{(over - began).total_seconds():.1f} s ("
        + ", ".join(
            f"{each.fault.kind} {each.fault.seconds:g} s"
            for each in result.applied
            if began - _SHORTLY < each.began and each.began < over
        )
        + ")"
        for began, over in gaps
    ]


def timeline(result: Result) -> str:
    """Each fault, when it was, and how many webhooks were accepted then."""
    return "".join(
        f"{each.began:%H:%M:%S.%f} {each.over:%H:%M:%S} {each.accepted:6} {each.fault.number:4}"
        f" {each.fault.kind} {each.fault.seconds:g} s: {each.what}\n"
        for each in result.applied
    )


def told(result: Result) -> str:
    """The whole report as text."""
    kinds = Counter(each.fault.kind for each in result.applied if each.is_done)
    ends = ", ".join(f"{name} {code}: {n}" for (name, code), n in sorted(result.ended.items()))
    sms = Counter(run.sms for run in result.facts.runs if run.sms)
    plan, calm = result.plan, longest_in_calm(result)
    statuses = Counter(run.status for run in result.facts.runs)
    taken_over = sum(run.lost_leases for run in result.facts.runs)
    facts = {
        "webhooks": f"{result.accepted} of {len(plan.webhooks)} accepted",
        "requests": f"{result.requests}; did not accept: {_counted(result.others)}",
        "runs": f"{_counted(statuses)}; {taken_over} taken over; SMS {_counted(sms)}",
        "faults": f"{len(result.applied)}, {result.amid_traffic} amid traffic: {_counted(kinds)}",
        "process ends": f"{ends or 'none'}; {result.tracebacks} tracebacks in the logs",
        "books": f"{result.looks} looks, {result.blind} while the database was away",
        "settled": f"{result.settled_after:.1f} s after the last fault and answer",
        "silences": "; ".join(silences(result)),
        "in calm": f"{calm:.2f} s was the longest run",
    }
    lines = [f"storm {plan.servers}, seed {plan.seed}: {result.seconds:.0f} s"]
    lines += [f"  {name:<15} {fact}" for name, fact in facts.items()]
    lines += [f"  {result.count(kind):<15} {KINDS[kind]}" for kind in ZEROS]
    for kind, name in KINDS.items():
        if kind not in ZEROS and result.count(kind):
            lines.append(f"  {result.count(kind):<15} {name}")
    lines += [f"  ! {each.kind}: {each.what}" for each in result.violations[:40]]
    return "\n".join(lines)


def _counted(counter: Counter[str]) -> str:
    return ", ".join(f"{n} {name}" for name, n in sorted(counter.items())) or "none"


def write(path: Path, result: Result) -> None:
    """Put the row of this storm into the page, in place of an earlier one of the same storm."""
    text = path.read_text("utf-8") if path.exists() else "<!-- storms -->\n<!-- end of storms -->\n"
    found = _MADE.search(text)
    if found is None:
        raise SystemExit(
            f"{path} has no place for storms: <!-- storms --> … <!-- end of storms -->"
        )
    key = _key(result)
    rows = [line for line in found[2].splitlines() if line.startswith("| ") and line[2].isdigit()]
    rows = sorted([row for row in rows if not row.startswith(key)] + [_row(result)], key=_order)
    made = f"{found[1]}{_HEAD}" + "".join(f"{row}\n" for row in rows) + found[3]
    path.write_text(text[: found.start()] + made + text[found.end() :], "utf-8")


def _order(row: str) -> tuple[str, int, int]:
    seed, servers, webhooks = (cell.strip() for cell in row.split("|")[1:4])
    return servers, int(webhooks), int(seed)


def _key(result: Result) -> str:
    plan = result.plan
    return f"| {plan.seed} | {plan.servers} | {len(plan.webhooks)} | {len(plan.faults)} |"


def _row(result: Result) -> str:
    others = len(result.violations) - result.count(*ZEROS)
    cells = [
        str(result.requests),
        str(sum(result.others.values())),
        str(len(result.facts.runs)),
        str(sum(result.ended.values())),
        f"{result.seconds:.0f}",
        f"{result.settled_after:.1f} s",
        f"{longest_in_calm(result):.2f} s",
        *(str(result.count(kind)) for kind in ZEROS),
        str(others),
    ]
    return f"{_key(result)} {' | '.join(cells)} |"
