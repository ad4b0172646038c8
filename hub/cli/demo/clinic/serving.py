"""The mock booking page over HTTP, for browsers on this machine.

Its first path says how it behaves: `/usual/book`, `/slow/`, `/moved/` (other selectors), `/taken/`
(somebody is quicker), `/never/` (it does not load), `/stuck/` (step 4 leads nowhere).
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs, urlsplit

from hub.cli.demo.clinic.cards import refusal
from hub.cli.demo.clinic.diary import PROVIDERS, SERVICES, Diary

HOST = "127.0.0.1"
SLOWNESS = 0.4  # seconds of each answer of the slow page
_MOST = 65_536
_NEVER = 3600.0
_WAYS = ("usual", "slow", "moved", "taken", "never", "stuck")
_PAYMENT = (
    '<section data-step="payment"><p class="error-message" data-testid="error">{told}</p>'
    '<form method="post" action="pay">'
    '<label>Card number <input name="card" id="card" autocomplete="cc-number"></label>'
    '<label>Expires <input name="expires" id="expires" autocomplete="cc-exp"></label>'
    '<label>Code <input name="code" id="code" autocomplete="cc-csc"></label>'
    '<button id="pay">Pay the deposit</button></form></section>'
)
_CONFIRMED = (
    '<h2 data-testid="success">Booking Confirmed</h2>'
    '<p>Your number: <span class="confirmation-number">{number}</span></p>'
)
_TERMS = '<h2>Terms</h2><button id="close" onclick="window.close()">Close</button>'


@dataclass(frozen=True)
class Said:
    """An answer of the page."""

    status: int
    body: str
    kind: str = "text/html; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Clinic:
    """The page that is being served. `diary`: its times; `ends`: nobody waits for it any more."""

    server: ThreadingHTTPServer
    diary: Diary = field(default_factory=Diary)
    ends: threading.Event = field(default_factory=threading.Event)
    wishes: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://{HOST}:{self.server.server_port}"

    def url(self, way: str = "usual") -> str:
        """The page that behaves so."""
        return f"{self.origin}/{way}/book"

    def get(self, path: str, visit: str) -> Said:
        """What a visitor sees."""
        way, _, name = urlsplit(path).path.strip("/").partition("/")
        if way not in _WAYS:
            return Said(404, "There is no such page.")
        self._wait(way)
        if name == "book":
            return self._book(way, visit)
        if name == "times":
            day = parse_qs(urlsplit(path).query).get("day", [""])[0]
            return Said(200, json.dumps(self.diary.free(day)), "application/json")
        first, _, rest = name.partition("/")
        shown = {"confirmation": _CONFIRMED.format(number=escape(rest)), "terms": _TERMS}
        if first in shown:
            return Said(200, _page("told", BODY=shown[first]))
        if first == "link" and rest in self.wishes:  # opens in any browser, unlike the page itself
            told = {"Set-Cookie": f"visit={rest}; HttpOnly; Path=/"}
            page = _page("told", BODY=_PAYMENT.format(told="").replace('"pay"', '"../pay"', 1))
            return Said(200, page, headers=told)
        return Said(404, "There is no such page.")

    def post(self, path: str, visit: str, body: str) -> Said:
        """What a visitor does."""
        way, _, name = urlsplit(path).path.strip("/").partition("/")
        self._wait(way)
        if name == "hold":
            return self._hold(way, visit, json.loads(body))
        if name == "pay":
            form = {key: values[0] for key, values in parse_qs(body).items()}
            return self._pay(way, visit, form.get("card", ""), form.get("country", ""))
        return Said(404, "There is no such page.")

    def _book(self, way: str, visit: str) -> Said:
        visit = visit or secrets.token_hex(8)
        self.wishes.setdefault(visit, {})
        marks = {"STEP": "step", "NEXT": "next", "OPTION": "option"}
        if way == "moved":
            marks = {name: f"new-{mark}" for name, mark in marks.items()}
        facts = json.dumps({"services": SERVICES, "providers": PROVIDERS})
        text = _page("book", FACTS=facts, LINK=f"link/{visit}", **marks)
        return Said(200, text, headers={"Set-Cookie": f"visit={visit}; HttpOnly; Path=/"})

    def _hold(self, way: str, visit: str, wish: Mapping[str, Any]) -> Said:
        if way == "stuck":
            self.ends.wait(_NEVER)
        slot = str(wish.get("slot"))
        if way == "taken":
            self.diary.hold("somebody quicker", slot)
        if visit not in self.wishes or not self.diary.hold(visit, slot):
            return Said(409, "{}", "application/json")
        self.wishes[visit] = {str(name): str(value) for name, value in wish.items()}
        return Said(200, "{}", "application/json")

    def _pay(self, way: str, visit: str, card: str, country: str) -> Said:
        if not self.wishes.get(visit):
            return Said(403, "Your visit is over: begin again.")
        told = refusal(card)
        if told is not None:
            return Said(200, _page("told", BODY=_PAYMENT.format(told=escape(told))))
        booked = self.diary.book(visit, {**self.wishes[visit], "country": country})
        return Said(303, "", headers={"Location": f"/{way}/confirmation/{booked.number}"})

    def _wait(self, way: str) -> None:
        if way in {"slow", "never"}:
            self.ends.wait(SLOWNESS if way == "slow" else _NEVER)


@contextmanager
def open_clinic(port: int = 0) -> Iterator[Clinic]:
    """Serve the page by threads of this process; raises `OSError` for a port that is taken."""
    server = ThreadingHTTPServer((HOST, port), BaseHTTPRequestHandler)
    server.daemon_threads = True
    clinic = Clinic(server)
    server.RequestHandlerClass = _handler(clinic)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield clinic
    finally:
        clinic.ends.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(clinic: Clinic) -> type[BaseHTTPRequestHandler]:
    """What serves one connection."""

    class Handler(BaseHTTPRequestHandler):
        server_version, sys_version = "clinic", ""

        def do_GET(self) -> None:
            self._say(clinic.get(self.path, self._visit()))

        def do_POST(self) -> None:
            size = min(int(self.headers.get("Content-Length") or 0), _MOST)
            body = self.rfile.read(size).decode("utf-8", "replace")
            self._say(clinic.post(self.path, self._visit(), body))

        def _visit(self) -> str:
            given = SimpleCookie(self.headers.get("Cookie", "")).get("visit")
            return given.value if given is not None else ""

        def _say(self, said: Said) -> None:
            data = said.body.encode()
            try:
                self.send_response(said.status)
                told = {"Content-Type": said.kind, "Content-Length": str(len(data))}
                for name, value in {**told, "Cache-Control": "no-store", **said.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)
            except OSError:
                self.close_connection = True  # the browser is gone

        def log_message(self, *_: object) -> None:
            """What is typed into the page belongs into no log."""

    return Handler


def _page(name: str, **values: str) -> str:
    text = (files("hub.cli.demo.clinic") / "files" / f"{name}.html").read_text("utf-8")
    for key, value in values.items():
        text = text.replace("{{" + key + "}}", value)
    return text
