"""What happened since an event, for everybody who watches: one statement for all of them.

Within one name and key the ids grow in the order of the commits: whoever emits holds their lock
(`hub.storage.events`). So whoever has seen an id has seen all that came before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, text

from hub.storage.db import at_once
from hub.storage.events import StoredEvent

MOST_AT_ONCE = 1000
FIRST = 0  # before all events


@dataclass(frozen=True)
class Watched:
    """Events of a name and a key behind the one with the id `after`; for the watcher `watcher`."""

    watcher: int
    name: str
    key: str
    after: int


_SINCE = text(
    """
    SELECT watched.watcher, events.id, events.name, events.key, events.data, events.at
      FROM unnest(CAST(:watchers AS bigint[]), CAST(:names AS text[]), CAST(:keys AS text[]),
                  CAST(:afters AS bigint[])) AS watched (watcher, name, key, after)
      JOIN events ON events.name = watched.name AND events.key = watched.key
                 AND events.id > watched.after
     ORDER BY events.id LIMIT :most
    """
)


def happened(engine: Engine, watched: Sequence[Watched]) -> Mapping[int, list[StoredEvent]]:
    """The new events by watcher, the oldest first; the rest of very many comes the next time."""
    values = {
        "watchers": [each.watcher for each in watched],
        "names": [each.name for each in watched],
        "keys": [each.key for each in watched],
        "afters": [each.after for each in watched],
        "most": MOST_AT_ONCE,
    }
    found: dict[int, list[StoredEvent]] = {}
    with at_once(engine) as connection:
        for row in connection.execute(_SINCE, values):
            event = StoredEvent(row.id, row.name, row.key, row.data, row.at)
            found.setdefault(row.watcher, []).append(event)
    return found
