"""Server-sent events: `streams` of hub.yaml, for whoever proves himself (C-20, C-21).

A stream tells every stored event of its key behind `Last-Event-ID`, or from the first one on, and
then each as it happens, once. It ends by itself after a while, and when the process ends; clients
come again with the last id they saw, wherever they then land.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from math import inf
from time import monotonic
from typing import Any, Generic
from urllib.parse import parse_qs

from hub.bootstrap import Hub
from hub.engine.settings import EventStream
from hub.errors import Rejected, Unavailable
from hub.metrics import catalogue as metrics
from hub.storage.event_feed import FIRST, happened
from hub.storage.events import StoredEvent
from hub.storage.json_text import json_text
from hub.values import format_instant
from hub.web.endpoints import TO_LIVE
from hub.web.inbound import inbound_request
from hub.web.visits import Visit
from hub.web.watching import Board, Box, Item

HEADERS = (
    ("Content-Type", "text/event-stream; charset=utf-8"),
    ("X-Accel-Buffering", "no"),  # a proxy that collects an answer would keep events back
)
HEARTBEAT = 15.0  # seconds; shows both sides that the other one is there
LONGEST = 900.0  # seconds of one stream
RETRY_MILLISECONDS = 2000
_LOOK = 0.5
_LONGEST_KEY = 200
_LARGEST_ID = 2**63 - 1
_ID = re.compile(r"[0-9]{1,19}", re.ASCII)
_PART = re.compile(r"\\\{[a-z][a-z0-9_]*\\\}")
_BEGIN = f"retry: {RETRY_MILLISECONDS}\n\n".encode()
_BEAT = b": still here\n\n"


@dataclass(frozen=True)
class Asked:
    """A stream that is asked for, with the key."""

    stream: EventStream
    key: str


class Feed(Generic[Item]):
    """The body of one stream: what comes into a box, in bytes; closed when its reader is gone.

    `leave` is called then; `now` counts seconds.
    """

    def __init__(
        self,
        box: Box[Item],
        leave: Callable[[], None],
        to_live: Callable[[], float],
        *,
        written: Callable[[Item], bytes],
        beat: bytes = _BEAT,
        longest: float = LONGEST,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._box, self._leave, self._to_live, self._now = box, leave, to_live, now
        self._written, self._beat, self._longest = written, beat, longest
        metrics.STREAMS.add()

    def __iter__(self) -> Iterator[bytes]:
        """Pieces, until the stream is old or the process ends (E14)."""
        yield _BEGIN
        began = said = self._now()
        while self._now() - began < self._longest and self._to_live() == inf:
            for item in self._box.take(_LOOK):
                yield self._written(item)
                said = self._now()
            if self._now() - said >= HEARTBEAT:
                yield self._beat
                said = self._now()

    def close(self) -> None:
        """Its reader is gone, or has heard all."""
        self._leave()
        metrics.STREAMS.add(by=-1)


class Streams:
    """The streams of a hub, as its files say now."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self.board = Board(
            lambda watched: happened(hub.database, watched), most=hub.settings.most_streams
        )
        self._known: tuple[EventStream, ...] = ()
        self._patterns: list[tuple[re.Pattern[str], EventStream]] = []

    def find(self, path: str) -> Asked | None:
        """The stream at a path, if there is one."""
        declared = self._hub.current.settings.streams
        if declared is not self._known:
            self._patterns = [(_pattern(each.path), each) for each in declared]
            self._known = declared
        for pattern, stream in self._patterns:
            if (match := pattern.fullmatch(path)) is not None:
                return Asked(stream, match[1])
        return None

    def open(self, environ: dict[str, Any], asked: Asked, visit: Visit) -> Feed[StoredEvent]:
        """Let a reader in; raises `Rejected` and `Unavailable`."""
        if environ["REQUEST_METHOD"] != "GET":
            raise Rejected(405, "This address takes another method.", headers={"Allow": "GET"})
        hub = self._hub
        request = inbound_request(
            environ,
            id_=visit.id,
            path=visit.path,
            arrived_at=visit.arrived_at,
            max_body=0,
            public_url=hub.settings.public_url,
            trusted_proxies=hub.settings.trusted_proxies,
            now=hub.clock.now,
        )
        hub.reception.prove(request, asked.stream.auth)
        if len(asked.key) > _LONGEST_KEY:
            raise Rejected(404, "There is nothing here.")
        after = _last_seen(environ)
        try:
            watcher = self.board.watch(asked.stream.events, asked.key, after=after)
        except Unavailable:
            raise Rejected(
                503, "Too many streams are open.", headers={"Retry-After": "5"}
            ) from None
        leave = partial(self.board.leave, watcher)
        return Feed(watcher, leave, environ.get(TO_LIVE, lambda: inf), written=written)


def written(event: StoredEvent) -> bytes:
    """An event as it goes over the wire: JSON has no line breaks of its own."""
    told = {"at": format_instant(event.at), "key": event.key, "data": event.data}
    return f"id: {event.id}\nevent: {event.name}\ndata: {json_text(told)}\n\n".encode()


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(_PART.sub("([^/]+)", re.escape(path)) + "/?")


def _last_seen(environ: Mapping[str, Any]) -> int:
    """The id that the client saw last: from its header, or from the address of its first look."""
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    told = environ.get("HTTP_LAST_EVENT_ID") or query.get("last_event_id", [""])[-1]
    if not told:
        return FIRST
    if _ID.fullmatch(told) is None or int(told) > _LARGEST_ID:
        raise Rejected(400, "Last-Event-ID is the id of an event of this stream.")
    return int(told)
