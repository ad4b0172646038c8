"""Which deaths are played: all of them, or one for each point.

A recorded play of each kind says which points it passes and how often. `cover.json` keeps for each
point a kind that passes it, so that the suite need not record.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from tests.crash_points.kinds import KINDS
from tests.crash_points.play import Kind
from tests.crash_points.probes import Death
from tests.crash_points.sites import all_sites

COVER = Path(__file__).parent / "cover.json"
MOST_HITS = 3
BY_NAME: Mapping[str, Kind] = {kind.name: kind for kind in KINDS}

_LOOKS = "only looks; `hub db restore` is one transaction of pg_restore, in a database of its own"

# Points that no play reaches: prefix → why that is so.
BEYOND = {
    "hub.cli.demo.": "a show for a person; what it starts are the same web and worker",
    "hub.cli.backups:_refuse_data:": _LOOKS,
    "hub.cli.backups:_unfinished:": _LOOKS,
    "hub.storage.told:": "a caller was told at the deadline while the database hung: no play hangs",
    "hub.storage.event_feed:happened:": "only looks: what a page that listens is told",
    "hub.people.": "a person's own session: a transaction each, no run and no message",
    "hub.web.console.": "a person's click, made by what `hub cancel` and `hub retry` make it by",
    "hub.bootstrap.saving:": "a person saves a file: it is whole or as before, and no run begins",
    "hub.bootstrap.single_sign_on:": "asks who somebody is; nothing is kept before they are let in",
    "hub.bootstrap.repeating:replay_run:": "what is played once more in `simulate`: nothing leaves",
    "hub.browser.": "drives a page; a session whose worker died is settled by its lease (B-20)",
    "hub.lines:": "passes pictures and input between a page and a lead; nothing of it is kept",
    "hub.web.handoff.": "a lead's way to the page, good once; what it leaves is the session's row",
    "hub.embedded.": "begins the servers of `hub dev`; there is no hub yet",
    "hub.testing.": "`hub test --real` writes into a transaction that is always rolled back",
    "hub.connectors.http.backend:DeadlineStream.start_tls:": (
        "needs a certificate of a public authority; lies between connecting and the first byte"
    ),
}

# Points that lie on a clock: prefix → the play that lasts until they are passed.
_LASTING = "a call longer than a lease"
ON_A_CLOCK = {
    "hub.storage.runs:renew:": _LASTING,
    "hub.queue:drop_messages:": _LASTING,
    "hub.worker.listener:BellWorker._tidy:": _LASTING,
}


def is_beyond(point: str) -> bool:
    """Whether a point has a reason not to be reached."""
    return any(point.startswith(prefix) for prefix in BEYOND)


def wanted_points() -> list[str]:
    """Every point of the source that a play must reach."""
    found = (point for site in all_sites() for point in site.points)
    return [point for point in found if not is_beyond(point)]


def passed(told: Iterable[str]) -> Counter[str]:
    """How often each point was passed, of what a process told."""
    return Counter(line for line in told if line.endswith((".before", ".after")) and line[0] != "!")


def beside(told: Iterable[str]) -> set[str]:
    """What was done beside every site: a site is missing in the source's list."""
    return {line for line in told if line.startswith("?")}


def cover(recorded: Mapping[str, Counter[str]]) -> dict[str, str]:
    """For each point the kind with the shortest record that passes it, or that lasts until then."""
    by_length = sorted(recorded, key=lambda name: sum(recorded[name].values()))
    found = {
        point: next(name for name in by_length if point in recorded[name])
        for point in sorted({point for counts in recorded.values() for point in counts})
    }
    lasting = {
        point: name
        for point in found
        for start, name in ON_A_CLOCK.items()
        if point.startswith(start) and name in recorded
    }
    return {**found, **lasting}


def kept_cover() -> dict[str, str]:
    """Point → name of the kind."""
    found: dict[str, str] = json.loads(COVER.read_text("utf-8"))
    return found


def keep_cover(found: Mapping[str, str]) -> None:
    """Write it down."""
    COVER.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", "utf-8")


def all_deaths(
    recorded: Mapping[str, Counter[str]], *, most_hits: int = MOST_HITS
) -> Iterator[tuple[Kind, Death]]:
    """For each kind each point that it passes, so many times at most, with each way of dying."""
    for name, counts in recorded.items():
        for point, times in sorted(counts.items()):
            for hit in range(1, min(times, most_hits) + 1):
                for way in ways(point):
                    yield BY_NAME[name], Death(point, hit, way)


def ways(point: str) -> Sequence[str]:
    """How a process dies there; the link of a commit breaks before or behind it."""
    is_before_commit = ":commit" in point and point.endswith(".before")
    return ("killed", "exception", "lost", "cut") if is_before_commit else ("killed", "exception")
