"""The lead's page of a session: a signed link that one browser opens, once, until the deadline.

What is shown and typed passes through memory only; no line of the log names the link (B-06).
"""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from html import escape
from importlib.resources import files
from math import inf
from time import monotonic
from typing import Any
from uuid import UUID

from flask import Flask, Request, Response, g, redirect, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from hub.bootstrap import Hub
from hub.domain.booking_sessions.inputs import read_inputs
from hub.domain.booking_sessions.lead_lines import DONE, PATH, SEEN, digest_of, session_of
from hub.domain.booking_sessions.viewing import Standing, open_once, standing
from hub.errors import Unavailable
from hub.lines import Lines
from hub.storage.db import DatabaseClock
from hub.web.console.guard import is_from_own_page, own_origins
from hub.web.endpoints import TO_LIVE
from hub.web.inbound import remote_ip
from hub.web.visits import Visits

COOKIE = "hub_lead"
LONGEST = 1200.0  # seconds of one stream: longer than any session
_LARGEST = 16_384  # bytes of one message of inputs
_MOST_STREAMS = 3  # of one link
_HEAR_FOR = 1.0
_LOOK_EVERY = 3.0  # seconds between two looks whether the session goes on
_WATCH_EVERY = 10.0
_KINDS = {"viewer.js": "text/javascript; charset=utf-8", "viewer.css": "text/css; charset=utf-8"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_TOLD: dict[Standing, tuple[int, str]] = {
    "unknown": (404, "There is no such page."),
    "over": (410, "This booking is over. A text message tells you how it ended."),
    "waiting": (409, "The payment page is not ready yet. Please open the link again in a minute."),
    "others": (410, "This link was opened before, in another browser. It can be used only once."),
}
_OPENING = (
    "<h1>Finish your booking</h1><p>The payment page of the clinic is ready. The link works once,"
    ' in this browser.</p><form method="post"><button>Go to the payment</button></form>'
)
_VIEWER = (
    '<div id="stage"><img id="page" alt="The clinic\'s payment page" draggable="false"></div>'
    '<form id="keys"><label for="type">Tap a field above, then type here</label>'
    '<input id="type" autocomplete="off" autocapitalize="off" autocorrect="off" spellcheck="false">'
    '<button type="button" data-key="Tab">Next field</button>'
    '<button type="button" data-key="Enter">Enter</button></form>'
    '<p id="state" role="status">Connecting …</p>'
    '<dialog id="choices" aria-labelledby="asked"><h2 id="asked"></h2><div id="options"></div>'
    '<button type="button" id="none">Leave it as it is</button></dialog>'
)


class LeadRequest(Request):
    """A request whose body is small."""

    max_content_length = _LARGEST


class Handoff(Flask):
    """An application of its own; nobody signs in here, the link is the proof."""

    request_class = LeadRequest

    def __init__(self, hub: Hub, visits: Visits) -> None:
        super().__init__("hub.web.handoff", static_folder=None)
        self.config["DEBUG"] = self.config["PROPAGATE_EXCEPTIONS"] = False
        self._hub, self._visits = hub, visits
        self._origins = own_origins(hub.settings.public_url)
        self._is_secure = hub.settings.public_url.startswith("https:")
        self._streams: Counter[UUID] = Counter()
        seal = hub.seal
        self._lines = Lines(hub.settings.redis_url, close=seal.close, open_=seal.open)
        self.before_request(self._arrive)
        self.after_request(self._dress)
        self.teardown_request(self._leave)
        self.register_error_handler(HTTPException, _refuse)
        self.register_error_handler(Unavailable, lambda _: _page(503, "Please try again soon."))
        self.register_error_handler(SQLAlchemyError, lambda _: _page(503, "Please try again soon."))
        self.register_error_handler(Exception, _fail)
        for rule, view, method in (
            ("assets/<name>", self._asset, "GET"),
            ("<token>", self._show, "GET"),
            ("<token>", self._open, "POST"),
            ("<token>/frames", self._frames, "GET"),
            ("<token>/inputs", self._inputs, "POST"),
        ):
            self.add_url_rule(
                f"{PATH}{rule}",
                f"{method} {rule}",
                view,
                methods=[method],
                provide_automatic_options=False,
            )

    @property
    def is_showing(self) -> bool:
        """Whether a page is shown to anybody now."""
        return bool(self._streams)

    # ------------------------------------------------------------------------------------ requests

    def _arrive(self) -> None:
        g.visit = self._visits.begin(request.environ, f"{PATH}…")

    def _leave(self, _problem: BaseException | None) -> None:
        if "visit" in g:
            self._visits.end(g.visit)

    def _dress(self, response: Response) -> Response:
        said = {name.lower() for name, _ in response.headers}
        for name, value in self._visits.added(g.visit, said):
            response.headers.add(name, value)
        ip = remote_ip(request.environ, self._hub.settings.trusted_proxies)
        self._visits.leave(g.visit, request.environ, response.status_code, ours=PATH, ip=ip)
        return response

    # --------------------------------------------------------------------------------------- views

    def _asset(self, name: str) -> Response:
        if name not in _KINDS:
            return _page(404, "There is no such page.")
        text = (files("hub.web.handoff") / "files" / name).read_text("utf-8")
        return Response(text, content_type=_KINDS[name])

    def _show(self, token: str) -> Response:
        """Looking changes nothing: messengers look at links too."""
        session_id = self._session(token)
        found = self._standing(session_id)
        if found == "free":
            return _page(200, _OPENING, is_html=True)
        if found == "ours":
            return _page(200, _VIEWER, is_html=True, has_script=True)
        return _page(*_TOLD[found])

    def _open(self, token: str) -> Response:
        """From now on this browser has the page; each other one is refused."""
        session_id = self._session(token)
        found = self._standing(session_id)
        answer = redirect(f"{PATH}{token}", 303)
        if found == "ours":
            return _flask(answer)
        if found != "free" or session_id is None or not self._is_from_here():
            return _page(*_TOLD.get(found, (403, "This form came from elsewhere.")))
        viewer = secrets.token_urlsafe(24)
        with self._hub.console_database.begin() as db:
            clock = self._hub.runs_clock or DatabaseClock(db)
            if not open_once(db, clock, session_id, viewer=digest_of(viewer)):
                return _page(*_TOLD["others"])
        answer.set_cookie(
            COOKIE,
            viewer,
            path=f"{PATH}{token}",
            httponly=True,
            secure=self._is_secure,
            samesite="Lax",
        )
        return _flask(answer)

    def _frames(self, token: str) -> Response:
        """The page as pictures, each as soon as it changes (server-sent events)."""
        session_id = self._ours(token)
        if session_id is None:
            return _page(410, "This page is not yours.")
        if self._streams[session_id] >= _MOST_STREAMS:
            return _page(429, "This page is open too often.")
        to_live = request.environ.get(TO_LIVE, lambda: inf)
        self._streams[session_id] += 1
        feed = _Feed(self._pictures(session_id, request.cookies[COOKIE], to_live))
        answer = Response(feed, content_type="text/event-stream; charset=utf-8")
        answer.headers["X-Accel-Buffering"] = "no"
        answer.call_on_close(lambda: self._gone(session_id))
        return answer

    def _inputs(self, token: str) -> Response:
        """What the lead does goes to the browser; nothing of it is kept or quoted."""
        session_id = self._ours(token)
        if session_id is None:
            return _page(410, "This page is not yours.")
        if not request.is_json or not self._is_from_here():
            return _page(403, "Only the page itself sends here.")
        given = request.get_json(silent=True)
        try:
            read_inputs(given)
        except ValueError as wrong:
            return _page(422, str(wrong))
        said = json.dumps({"kind": "inputs", "inputs": given}).encode()
        if not self._lines.say(DONE.format(session_id), said):
            return _page(503, "The browser cannot be reached just now.")
        return Response(status=204)

    # ------------------------------------------------------------------------------------- insides

    def _pictures(self, session_id: UUID, viewer: str, to_live: Any) -> Iterator[bytes]:
        began = monotonic()
        looked = watched = -inf
        line = DONE.format(session_id)
        with ExitStack() as listening:
            hear = listening.enter_context(self._lines.hear(SEEN.format(session_id)))
            while monotonic() - began < LONGEST and to_live() == inf:
                now = monotonic()
                if now - looked > _LOOK_EVERY:
                    looked = now
                    if self._asked(session_id, viewer) != "ours":
                        yield b'data: {"kind":"over"}\n\n'
                        return
                if now - watched > _WATCH_EVERY:
                    watched = now
                    is_there = self._lines.say(line, b'{"kind":"watch"}')
                    yield b": here\n\n" if is_there else b'data: {"kind":"away"}\n\n'
                said = hear(_HEAR_FOR)
                if said is not None:
                    yield b"data: " + said + b"\n\n"

    def _gone(self, session_id: UUID) -> None:
        self._streams[session_id] -= 1
        if self._streams[session_id] <= 0:
            del self._streams[session_id]

    def _session(self, token: str) -> UUID | None:
        return session_of(token, self._hub.settings.encryption_key)

    def _ours(self, token: str) -> UUID | None:
        session_id = self._session(token)
        return session_id if self._standing(session_id) == "ours" else None

    def _standing(self, session_id: UUID | None) -> Standing:
        if session_id is None:
            return "unknown"
        return self._asked(session_id, request.cookies.get(COOKIE))

    def _asked(self, session_id: UUID, viewer: str | None) -> Standing:
        with self._hub.console_database.begin() as db:
            clock = self._hub.runs_clock or DatabaseClock(db)
            kept = None if viewer is None else digest_of(viewer)
            return standing(db, clock, session_id, viewer=kept)

    def _is_from_here(self) -> bool:
        return is_from_own_page(request.headers, self._origins)


class _Feed:
    """The pieces of a stream; without Redis it ends, and the page connects again."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._pieces
        except (Unavailable, SQLAlchemyError):
            yield b'data: {"kind":"away"}\n\n'


def create_handoff(hub: Hub, visits: Visits) -> Handoff:
    """The pages of leads, of one open hub."""
    return Handoff(hub, visits)


def _refuse(refused: HTTPException) -> Response:
    return _page(refused.code or 400, refused.name)


def _fail(_problem: Exception) -> Response:
    """No trace, and no word of the request: a card may stand in it (S20)."""
    return _page(500, "Something went wrong. Please try again.")


def _flask(answer: Any) -> Response:
    """A redirection as the answer that it is."""
    return Response(answer.get_data(), answer.status_code, headers=answer.headers)


def _page(status: int, said: str, *, is_html: bool = False, has_script: bool = False) -> Response:
    body = said if is_html else f"<p>{escape(said)}</p>"
    script = f'<script src="{PATH}assets/viewer.js" defer></script>' if has_script else ""
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>Your booking</title><link rel="stylesheet" href="{PATH}assets/viewer.css">{script}'
        f"</head><body><main>{body}</main></body></html>"
    )
    answer = Response(text, status, content_type="text/html; charset=utf-8")
    answer.headers["Content-Security-Policy"] = _POLICY
    return answer
