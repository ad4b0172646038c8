"""What the hub promises and the tests that prove it: the tables of docs/guarantees.md.

A test proves a clause when its name begins with it: `test_E6_...`, `test_E2_E5_...` proves two.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from pathlib import Path

from tests import figures

TESTS = Path(__file__).parent
DOCS = TESTS.parent / "docs"
SPOOL = "a spool for requests while the database is down"
SLOTS = "slots and public booking"
_ID = re.compile(r"[IEDSP]\d+")
_TEST = re.compile(r"^ *(?:async )?def (test_\w+)", re.MULTILINE)
_MOST_FILES = 4


@dataclass(frozen=True)
class Clause:
    """One promise; `due` names the feature that the rest of it, or all of it, comes with."""

    id: str
    promise: str
    due: str = ""


INGEST = (
    Clause("I1", "A 2xx leaves after the commit of the body, its key and its runs, never before."),
    Clause("I2", "That commit is durable; the hub refuses a database where it would not be."),
    Clause("I3", "Redis is a doorbell: flushed, killed or never started, nothing is lost."),
    Clause("I4", "The bell is rung after the commit, briefly, and never changes the answer."),
    Clause("I5", "A refused request made no run."),
    Clause("I6", "A key is unique per endpoint; a malformed one is refused, a long one digested."),
    Clause("I7", "Requests with one key make one run and get the first answer; a run that failed"
                 " does not count, so that it can be tried again."),
    Clause("I8", "One Idempotency-Key with another body is 422; a vendor's changed copy is noted."),
    Clause("I9", "A key is kept for its window, and at least until its run is over."),
    Clause("I10", "Without a key, an exact repeat of a message whose signature covers a time or an"
                  " id makes no second run at its endpoint, while it is accepted."),
    Clause("I11", "Database, disk or Redis away, slow or full: 503 or 2xx as promised, never 500."),
    Clause("I12", "What is taken while the database is down is on disk first, and enters in order.",
           due=SPOOL),
    Clause("I13", "A caller who waits is answered at the deadline, whoever is dead or busy."),
    Clause("I14", "No malformed request makes a 5xx, a hang, a dead process or a full memory."),
    Clause("I15", "Validation is bounded, whatever schema and body."),
    Clause("I16", "A hundred slow clients delay nobody else."),
    Clause("I17", "What is stored, verified and replayed is the bytes that came."),
)  # fmt: skip

EXECUTION = (
    Clause("E1", "A run changes its state by compare-and-set, and each change is in its history."),
    Clause("E2", "Every accepted run ends."),
    Clause("E3", "A run has one owner by a lease of the database's clock, with a growing token."),
    Clause("E4", "A worker that lost its run writes nothing more, however long it slept."),
    Clause("E5", "After a crash a run goes on elsewhere by itself, lease and sweep later."),
    Clause("E6", "An effect in our database and its step are one transaction: exactly once."),
    Clause("E7", "A call out is stored before and after; its key and inputs never change."),
    Clause("E8", "What may happen once is never repeated; an unknown outcome is told as unknown."),
    Clause("E9", "Retries obey the step and Retry-After; an attempt ends at its timeout."),
    Clause("E10", "A run that kills its owners in one step fails as poison; others go on."),
    Clause("E11", "Timers are rows: they fire once, never early, also after restarts."),
    Clause("E12", "A planned time fires once, for any number of schedulers and any crash."),
    Clause("E13", "A clock that jumps, or two that differ, cause nothing early and nothing twice."),
    Clause("E14", "SIGTERM ends in good order; a rolling restart refuses nobody."),
    Clause("E15", "A run executes the version it was accepted with."),
    Clause("E16", "Runs of one key never exceed their limit, and go in the order of acceptance."),
    Clause("E17", "Messages carry a run's id; lost, repeated or forged ones change only latency."),
    Clause("E18", "`hub doctor` names each row that breaks an invariant it asks for: those of"
                  " [this table](when-things-go-wrong.md#the-doctor-names-rows)."),
    Clause("E19", "Retention removes nothing that goes on, no hold, no audit row in its period."),
    Clause("E20", "Running again is a new run; it asks before repeating what may happen once."),
)  # fmt: skip

DOMAIN = (
    Clause("D1", "One number holds one lead and one lead one number, by an index."),
    Clause("D2", "No two bookings of a seat overlap, by an exclusion constraint.", due=SLOTS),
    Clause("D3", "A number is kept to the latest of its reasons; extending is free of order."),
    Clause("D4", "Only the outcome of the last open appointment brings the release forward."),
    Clause("D5", "A number inside its hold is never released, also when both race."),
    Clause("D6", "The history of a number has no overlaps and no gaps in meaning."),
    Clause("D7", "Instants have an offset and hours are elapsed time, in every zone."),
    Clause("D8", "Times out of range are refused; whatever is stored can be shown."),
    Clause("D9", "Ways of writing one phone number are one number."),
    Clause("D10", "In `simulate` nothing leaves; in `test` only what goes to listed destinations."),
)

SECURITY = (
    Clause("S1", "Each endpoint says how callers prove themselves; comparing takes equal time."),
    Clause("S2", "Signatures cover the raw bytes. With a signed time a captured request makes no"
                 " second run at its endpoint and is refused after 300 s; without one, keys do that"
                 " (I6 to I9)."),
    Clause("S3", "Outgoing HTTP reaches public addresses only, those that were looked up."),
    Clause("S4", "Expressions are a closed language within limits; payloads are never evaluated."),
    Clause("S5", "YAML is a strict profile; a bad file stops nothing else."),
    Clause("S6", "Secrets are names until they are used, and are shown nowhere in any form."),
    Clause("S7", "Login, sessions and cookies of administrators."),
    Clause("S8", "Roles, denied by default."),
    Clause("S9", "Each change by a person is an audit row of a chain."),
    Clause("S10", "Headers of pages; an API never answers HTML."),
    Clause("S11", "Payloads on pages are text."),
    Clause("S12", "Names are looked up, never joined to paths; files stay in their folder."),
    Clause("S13", "SQL steps: bound values, one statement, limits, no way to the hub's tables."),
    Clause("S14", "Data in headers and URLs cannot break out of its place."),
    Clause("S15", "One event is one line of JSON, at most 8 KiB."),
    Clause("S16", "Schemas that could hurt are refused when they are loaded."),
    Clause("S17", "Workers take the hub's own messages only."),
    Clause("S18", "The dialect decides the parser; nothing is guessed."),
    Clause("S19", "Dependencies are locked, hashed and audited; there is a bill of materials."),
    Clause("S20", "No debugger and no stack trace for anybody outside."),
    Clause("S21", "Host and forwarding headers are believed only as configured."),
)  # fmt: skip

PROOFS = (
    Clause("P1", "Killed before and after every commit, call and message."),
    Clause("P2", "Webhooks amid random faults; every 2xx reconciled with its effects."),
    Clause("P3", "State machines against models."),
    Clause("P4", "Requests generated from our OpenAPI document."),
    Clause("P5", "Fuzzers of everything that reads."),
    Clause("P6", "Races at their full figures."),
    Clause("P7", "Faults of the network and a full disk."),
    Clause("P8", "An upgrade amid runs in every state.", due="the first release"),
    Clause("P9", "Canaries in every secret place, looked for everywhere."),
    Clause("P10", "Two hours of even load.", due="the first release"),
)

CLAUSES = (*INGEST, *EXECUTION, *DOMAIN, *SECURITY, *PROOFS)


@dataclass(frozen=True)
class Proof:
    """A test that names a clause."""

    path: Path
    name: str


@cache
def proofs() -> dict[str, list[Proof]]:
    """Clause → the tests that name it, by file and place in it."""
    found: dict[str, list[Proof]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        for name in _TEST.findall(path.read_text("utf-8")):
            for clause in named(name):
                found.setdefault(clause, []).append(Proof(path, name))
    return found


def named(test: str) -> list[str]:
    """The clauses that a test's name begins with."""
    words = test.removeprefix("test_").split("_") if test.startswith("test_") else []
    return list(takewhile(_ID.fullmatch, words))


def table(clauses: Sequence[Clause]) -> str:
    """The rows of one chapter: of what there is so far."""
    known = proofs()
    rows = [_row(each, known[each.id]) for each in clauses if each.id in known]
    return "\n".join(
        ["| | What is promised | Proved by | Last figure |", "|---|---|---|---|", *rows]
    )


def not_yet() -> str:
    """The promises of which nothing is built: no test names them."""
    known = proofs()
    rows = [
        f"| {each.id} | {each.promise} | {each.due} |" for each in CLAUSES if each.id not in known
    ]
    return "\n".join(["| | What will be promised | Comes with |", "|---|---|---|", *rows])


def _row(clause: Clause, tests: Sequence[Proof]) -> str:
    told = "; ".join(
        [_files(tests), *([f"the rest comes with {clause.due}"] if clause.due else [])]
    )
    return f"| {clause.id} | {clause.promise} | {told} | {figures.of(clause.id)} |"


def _files(tests: Sequence[Proof]) -> str:
    """Links to the files with most of the tests, and how many there are."""
    counts: dict[Path, int] = {}
    for test in tests:
        counts[test.path] = counts.get(test.path, 0) + 1
    ordered = sorted(counts, key=lambda path: (-counts[path], path))
    links = [_link(path) for path in ordered[:_MOST_FILES]]
    more = f" and {len(ordered) - _MOST_FILES} more files" if len(ordered) > _MOST_FILES else ""
    counted = "1 test" if len(tests) == 1 else f"{len(tests)} tests"
    return f"{counted}: {', '.join(links)}{more}"


def _link(path: Path) -> str:
    return f"[{path.stem.removeprefix('test_')}](../{path.relative_to(TESTS.parent).as_posix()})"


PARTS = {
    "guarantees-ingest": lambda: table(INGEST),
    "guarantees-execution": lambda: table(EXECUTION),
    "guarantees-domain": lambda: table(DOMAIN),
    "guarantees-security": lambda: table(SECURITY),
    "guarantees-proofs": lambda: table(PROOFS),
    "guarantees-not-yet": not_yet,
}
