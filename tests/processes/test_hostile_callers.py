"""Callers who mean harm: smuggled requests, bodies that swell in memory, and endless patience."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from statistics import median
from threading import Event, Thread
from time import monotonic
from uuid import uuid4

import httpx
import pytest

from tests.acceptance.counter import BROKER, GOOD
from tests.figures import Figure
from tests.processes.house import House, until
from tests.processes.kinds import KINDS, Kind, wire
from tests.processes.wires import (
    Heard,
    children,
    connect,
    forget_highest_memory,
    highest_memory,
    memory,
    open_connections,
    say,
)

ALL = {kind.name: kind for kind in KINDS}
PLAIN = ALL["json"]
RECEIVED_WITHIN = 15.0 + 5.0  # seconds: what the clause says, and a busy machine
IN_TIME = 1.0


@pytest.fixture
def web(counters: House) -> House:
    """The web as it is shipped, with one process so that nobody can help it."""
    counters.start_web()
    return counters


# ------------------------------------------------------------------------------ smuggled requests

HIDDEN = wire("POST", PLAIN.path, {**PLAIN.headers(b""), "X-Case": "hidden"}, PLAIN.good)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def smuggling() -> Iterator[tuple[str, bytes]]:
    """A request that says in two ways how long it is, with another one inside its body."""
    said = {"Host": "hub", **BROKER, "Content-Type": "application/json"}
    ended, all_of_it = b"0\r\n\r\n" + HIDDEN, chunk(HIDDEN) + b"0\r\n\r\n"
    for name, framing, body in (
        ("length, then chunks", b"Content-Length: %d\r\nTransfer-Encoding: chunked", ended),
        ("chunks, then length", b"Transfer-Encoding: chunked\r\nContent-Length: %d", ended),
        (
            "a short length before chunks",
            b"Content-Length: 3\r\nTransfer-Encoding: chunked",
            all_of_it,
        ),
        (
            "a short length behind chunks",
            b"Transfer-Encoding: chunked\r\nContent-Length: 3",
            all_of_it,
        ),
        ("an unknown coding", b"Content-Length: %d\r\nTransfer-Encoding: xchunked", ended),
        ("no coding", b"Content-Length: %d\r\nTransfer-Encoding: identity", ended),
        ("an odd space", b"Content-Length: %d\r\nTransfer-Encoding:\x0bchunked", ended),
        ("a space before the colon", b"Content-Length: %d\r\nTransfer-Encoding : chunked", ended),
        ("a tab before the coding", b"Content-Length: %d\r\nTransfer-Encoding:\tchunked", ended),
        ("a folded coding", b"Content-Length: %d\r\nTransfer-Encoding:\r\n chunked", ended),
        (
            "a coding in a folded line",
            b"Content-Length: %d\r\nX: y\r\n Transfer-Encoding: chunked",
            ended,
        ),
        (
            "a coding behind a bare LF",
            b"Content-Length: %d\r\nX: y\nTransfer-Encoding: chunked",
            ended,
        ),
        (
            "a coding behind a bare CR",
            b"Content-Length: %d\r\nX: y\rTransfer-Encoding: chunked",
            ended,
        ),
        ("a coding with NUL", b"Content-Length: %d\r\nTransfer-Encoding: chunked\x00", ended),
        (
            "two codings",
            b"Content-Length: %d\r\nTransfer-Encoding: x\r\nTransfer-Encoding: chunked",
            ended,
        ),
        ("a list of codings", b"Content-Length: %d\r\nTransfer-Encoding: chunked, identity", ended),
        ("an underscore", b"Content-Length: %d\r\nTransfer_Encoding: chunked", ended),
        ("a capital letter", b"Content-Length: %d\r\nTransfer-Encoding: CHUNKED", ended),
        ("another length first", b"Content-Length: 0\r\nContent-Length: %d", HIDDEN),
        ("another length last", b"Content-Length: %d\r\nContent-Length: 0", HIDDEN),
        ("a list of lengths", b"Content-Length: 0, %d", HIDDEN),
        ("a length with a sign", b"Content-Length: +%d", HIDDEN),
        ("a length of an underscore", b"Content_Length: 0\r\nContent-Length: %d", HIDDEN),
        ("a length behind a bare LF", b"X: y\nContent-Length: 0\r\nContent-Length: %d", HIDDEN),
        ("a chunk with an extension", b"Transfer-Encoding: chunked", b"5;a=\r\n" + HIDDEN),
        (
            "an extension with LF",
            b"Transfer-Encoding: chunked",
            b"1;\n" + all_of_it + b"0\r\n\r\n" + HIDDEN,
        ),
        (
            "a wrong end of a chunk",
            b"Transfer-Encoding: chunked",
            b"1\r\n{XX\r\n0\r\n\r\n" + HIDDEN,
        ),
        (
            "a chunk too large to count",
            b"Transfer-Encoding: chunked",
            b"10000000000000000\r\n" + ended,
        ),
        ("a negative chunk", b"Transfer-Encoding: chunked", b"-1\r\n\r\n" + ended),
        (
            "a trailer that says a length",
            b"Transfer-Encoding: chunked",
            b"0\r\nContent-Length: 5\r\n\r\n" + HIDDEN,
        ),
    ):
        lines = b"".join(f"{each}: {value}\r\n".encode() for each, value in said.items())
        framed = framing % len(body) if b"%d" in framing else framing
        yield name, b"POST /webhook/plain HTTP/1.1\r\n" + lines + framed + b"\r\n\r\n" + body


def refused_bodies() -> Iterator[tuple[str, bytes]]:
    """Requests that are refused before their body is read: what follows is still their body."""
    length = str(len(HIDDEN))
    said = {"Host": "hub", "Content-Type": "application/json", "Content-Length": length}
    for name, start in {
        "nobody's endpoint": ("POST", "/webhook/nobody", said),
        "another method": ("GET", "/webhook/plain", said),
        "a page": ("POST", "/healthz", said),
        "no credentials": ("POST", "/webhook/plain", said),
        "compressed": ("POST", "/webhook/plain", {**said, "Content-Encoding": "gzip"}),
        "an upload": ("POST", "/webhook/plain", {**said, "Content-Type": "multipart/mixed"}),
        "a page with a body": ("GET", "/healthz", said),
        "a question about a page": ("HEAD", "/healthz", said),
        "an older version": ("POST", "/webhook/plain", said),
    }.items():
        version = "1.0" if name == "an older version" else "1.1"
        yield name, wire(*start, HIDDEN, version)


def test_I14_no_request_is_read_out_of_the_body_of_another(web: House, figure: Figure):
    attacks = [*smuggling(), *refused_bodies()]
    for name, data in attacks:
        heard = say(web.port, data)
        accepted = [
            status for status in heard.statuses if status // 100 == 2 and b"run_id" in heard.data
        ]
        assert accepted == [], (name, heard.data)

    assert web.count("FROM deliveries") == 0
    both = say(web.port, HIDDEN + HIDDEN)  # the same bytes, where they are requests
    assert both.statuses == [202, 202]
    figure("I14 smuggling", f"{len(attacks)} smuggled requests: none was read")


# ------------------------------------------------------------------------- bodies that want memory


WIDE = "\N{PILE OF POO}".encode()  # with it each character of a text takes four bytes


def filled(unit: bytes, room: int, start: bytes = b"[", end: bytes = b"]") -> bytes:
    """As many of a value as there is room for."""
    return start + b",".join([unit] * (room // (len(unit) + 1))) + end


def members(room: int) -> bytes:
    return b"{" + b",".join(b'"%08x":1' % each for each in range(room // 13)) + b"}"


def swelling(room: int) -> Mapping[str, bytes]:
    """Values that take far more memory than bytes on the wire."""
    return {
        "empty lists": filled(b"[]", room),
        "lists in lists": filled(b"[[[[[[[[]]]]]]]]", room),
        "small objects": filled(b'{"a":0}', room),
        "numbers": filled(b"1.5", room),
        "texts": filled(b'"ab"', room),
        "texts to mend": filled(rb'"\u0000"', room),
        "one object": members(room),
        "one text": b'"' + b"x" * room + b'"',
        "a wide text": b'"' + b"x" * (room - 4) + WIDE + b'"',
        "a wide text with escapes": b'"' + WIDE + b"x" * (room - 6) + rb"\n" + b'"',
        "a wide text to mend": b'"' + WIDE + b"x" * (room - 10) + rb"\u0000" + b'"',
        "escapes": b'"' + rb"\"" * (room // 2) + b'"',
    }


SHARES = (16, 6, 3, 1)


@pytest.mark.parametrize(
    ("name", "shares", "kept"),
    [("json", SHARES, ""), ("cloudevents", SHARES, ""), ("vapi.event", (1,), "wide")],
)
def test_I14_no_body_takes_more_than_ten_times_its_limit(
    web: House, figure: Figure, name: str, shares: tuple[int, ...], kept: str
):
    kind = ALL[name]
    (process,) = children(web.started[0].pid)
    for _ in range(5):
        assert say(web.port, posted(kind, kind.good)).status in {200, 202}
    room = kind.limit - len(kind.good) - 100
    worst = 0.0
    for share in shares:
        for what, value in swelling(room // share).items():
            if kept not in what:
                continue
            heard, grown = heard_and_grown(web.port, process, kind, value)
            assert heard.status in {200, 202, 413, 422}, (what, heard.data)
            assert grown <= 10, (what, share, grown)
            worst = max(worst, grown)
    figure(f"I14 memory of {name}", f"at most {worst:.1f} times the limit of a body")


def heard_and_grown(port: int, process: int, kind: Kind, value: bytes) -> tuple[Heard, float]:
    """The answer, and by how many times its limit the process grew meanwhile."""
    body = posted(kind, holding(kind, value))
    before = memory(process)
    forget_highest_memory(process)
    heard = say(port, body)
    return heard, (highest_memory(process) - before) * 1024 * 1024 / kind.limit


def holding(kind: Kind, value: bytes) -> bytes:
    """A message that was not sent before, with this value where the workflow's payload is."""
    good = kind.good.replace(b"019a9f10-2c4e-7aa1-9d53-0f2b6c1e7d10", str(uuid4()).encode())
    for place in (b'"name": "Ada"', b'"message": {'):
        if place in good:
            named = b'"name": %s' % value
            return good.replace(place, named if b"name" in place else b"%s%s," % (place, named), 1)
    return good.replace(b"{", b'{"data": %s,' % value, 1)


def posted(kind: Kind, body: bytes) -> bytes:
    return wire(kind.method, kind.path, kind.headers(body), body)


# --------------------------------------------------------------------------------- endless patience

SLOW = 100
DEAF = 5
SENT_WITHIN = 15.0 + 5.0


class Dripping:
    """Callers that send nothing, or one byte a second, until they are closed."""

    def __init__(self, opened: ExitStack, port: int) -> None:
        head = b"POST /webhook/plain HTTP/1.1\r\nHost: hub\r\n"
        starts = (b"", b"", head[:9], head + b"X-Slow: ", _unfinished(head), _chunked(head))
        self.connections = [opened.enter_context(connect(port)) for _ in range(SLOW)]
        for place, connection in enumerate(self.connections):
            connection.sendall(starts[place % len(starts)])
        self._drips = [each for place, each in enumerate(self.connections) if place % 6 > 1]
        self._is_over = Event()
        self._thread = Thread(target=self._drip)
        self._thread.start()
        opened.callback(self._stop)

    def are_closed(self) -> bool:
        """Whether the server has let go of all of them."""
        return all(_is_closed(each) for each in self.connections)

    def _drip(self) -> None:
        while not self._is_over.wait(1):
            for each in self._drips:
                with suppress(OSError):
                    each.send(b"1")

    def _stop(self) -> None:
        self._is_over.set()
        self._thread.join()


def _unfinished(head: bytes) -> bytes:
    said = b"Authorization: %s\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"
    return head + said % BROKER["Authorization"].encode()


def _chunked(head: bytes) -> bytes:
    return head + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel"


def _is_closed(connection: socket.socket) -> bool:
    connection.settimeout(0)
    try:
        while connection.recv(65_536):
            pass
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def answered(web: House) -> tuple[float, float]:
    """Seconds until a health check and a good webhook are answered."""
    begun = monotonic()
    assert web.caller.get(f"{web.url}/healthz").status_code == 200
    between = monotonic()
    good = httpx.post(f"{web.url}{PLAIN.path}", json=GOOD, headers=BROKER, trust_env=False)
    assert good.status_code == 202
    return between - begun, monotonic() - between


def deafen(opened: ExitStack, port: int) -> None:
    """Somebody who asks for more answers than any buffer holds, and never reads one."""
    deaf = opened.enter_context(socket.socket())
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2_048)
    deaf.connect(("127.0.0.1", port))
    deaf.settimeout(0.05)
    with suppress(OSError):
        deaf.sendall(wire("GET", "/openapi.json", {"Host": "hub"}) * 2_000)


def test_I16_100_slow_callers_and_some_that_never_read_delay_nobody_and_are_let_go(
    web: House, figure: Figure
):
    answered(web)  # the first request of a process is its slowest
    with ExitStack() as opened:
        begun = monotonic()
        slow = Dripping(opened, web.port)
        for _ in range(DEAF):
            deafen(opened, web.port)
        took = [answered(web) for _ in range(20)]
        until(slow.are_closed, "the slow ones are closed", within=RECEIVED_WITHIN)
        until(lambda: not open_connections(web.port), "so are the deaf ones", within=SENT_WITHIN)
        lasted = monotonic() - begun
        answered(web)
    # Whom slow ones hold up waits each time; a busy machine holds up somebody now and then.
    health, webhook = (median(each) for each in zip(*took, strict=True))
    assert max(health, webhook) < IN_TIME
    figure(
        "I16", f"{SLOW} slow and {DEAF} deaf callers: others < 1 s, all let go in {lasted:.0f} s"
    )
    assert "Traceback" not in web.started[0].lines
