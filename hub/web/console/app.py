"""The application of the console: every page says who may see it, and nobody else does (S8).

A page that no role was declared for cannot be added. Errors are pages too; never a trace (S20).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import Flask, Request, Response, g, make_response, redirect, render_template, request
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from hub.bootstrap import Hub
from hub.errors import NotPossible, Rejected, Unavailable
from hub.people import signing_in
from hub.people.roles import LEAST, Deed, Role, lesser, may
from hub.people.signing_in import Door
from hub.people.tokens import API_PREFIX, digest_of
from hub.storage import api_tokens
from hub.storage.audit import Actor
from hub.storage.console_sessions import Session
from hub.storage.db import DatabaseClock
from hub.web.console import assets, guard, words
from hub.web.console.guard import Cookies
from hub.web.console.remembered import Remembered
from hub.web.inbound import remote_ip
from hub.web.problems import PROBLEM_TYPE, problem_document
from hub.web.visits import Visits
from hub.web.watching import Circle

_log = logging.getLogger(__name__)

SIGN_IN = "/admin/sign-in"
API = "/admin/api/"
# No inline script and no inline style, nothing from elsewhere (S10).
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_LARGEST_FORM = 64 * 1024  # bytes
_LONGEST_FIELD = 1000  # characters
_MOST_FIELDS = 100
_READING = frozenset({"GET", "HEAD"})
_SEE_OTHER, _FORBIDDEN, _UNAUTHORIZED, _BUSY, _BROKEN = 303, 403, 401, 503, 500

View = Callable[..., Any]


@dataclass(frozen=True)
class Visitor:
    """Who asks: a person by a session, or a program by a token of theirs."""

    email: str
    role: Role
    session: Session | None = None

    def may(self, deed: Deed) -> bool:
        """Whether they may do it."""
        return may(self.role, deed)


class ConsoleRequest(Request):
    """A request whose form is small."""

    max_content_length = _LARGEST_FORM
    max_form_memory_size = _LARGEST_FORM
    max_form_parts = _MOST_FIELDS


class Console(Flask):
    """Flask, with a declared deed for each page. `None` as the deed: a page for strangers."""

    request_class = ConsoleRequest
    jinja_options: dict[str, Any] = {  # noqa: RUF012 - as Flask declares it
        "trim_blocks": True,
        "lstrip_blocks": True,
        "autoescape": True,
    }

    def __init__(self, hub: Hub, visits: Visits) -> None:
        super().__init__("hub.web.console", static_folder=None, template_folder="templates")
        self.hub, self.visits = hub, visits
        self.deeds: dict[tuple[str, str], Deed | None] = {}
        self._largest: dict[str, int] = {}
        self.remembered: list[Remembered[Any]] = []
        self.circles: list[Circle[Any]] = []
        self.cookies = Cookies(hub.settings.public_url.startswith("https:"))
        self.origins = guard.own_origins(hub.settings.public_url)
        self.config["DEBUG"] = self.config["PROPAGATE_EXCEPTIONS"] = False  # whatever FLASK_DEBUG
        self.config["TRAP_HTTP_EXCEPTIONS"] = False
        words.add_to(self)
        self.before_request(self.arrive)
        self.before_request(self.admit)
        self.after_request(self.dress)
        self.teardown_request(self.leave)
        self.context_processor(self.for_templates)
        self._add_error_pages()

    # ------------------------------------------------------------------------------------- pages

    def page(
        self,
        rule: str,
        deed: Deed | None,
        *,
        methods: Sequence[str] = ("GET",),
        largest: int = _LARGEST_FORM,
    ) -> Callable[[View], View]:
        """Add a page; `deed` is what its visitors must be allowed, None: nothing.

        `largest` is what its form may hold, in bytes.
        """
        if deed is not None and deed not in LEAST:
            raise ValueError(f"{rule}: nobody may {deed.value}")

        def add(view: View) -> View:
            name = f"{' '.join(methods)} {rule}"
            self.add_url_rule(
                rule, name, view, methods=list(methods), provide_automatic_options=False
            )
            for method in methods:
                self.deeds[name, method] = deed
            self._largest[name] = largest
            return view

        return add

    def render(self, template: str, answer: int = 200, /, **values: Any) -> Response:
        """A page of this template."""
        return make_response(render_template(template, **values), answer)

    def for_templates(self) -> dict[str, Any]:
        """What every template may use."""
        return {
            "visitor": g.get("visitor"),
            "form_field": guard.FORM_FIELD,
            "form_token": g.get("form_token", ""),
            "asset": assets.address,
            "has_scripts": assets.has_scripts(),
            "has_editor": assets.has_editor(),
            "Deed": Deed,
            "zone": words.zone_of(self.hub),
            "here": request.path,
        }

    def forget(self) -> None:
        """Let go of what pages remember for some seconds: the next one asks the database."""
        for each in self.remembered:
            each.forget()

    # ------------------------------------------------------------------------- from begin to end

    def arrive(self) -> None:
        """A request is here; its lines in the log name it."""
        g.visit = self.visits.begin(request.environ, request.path)

    def admit(self) -> Response | None:
        """Let in who may; anybody else gets the way to sign in, or a sentence."""
        if request.url_rule is None:
            return self._is_unknown()
        method = "GET" if request.method == "HEAD" else request.method
        deed = self.deeds.get((request.endpoint or "", method), _UNDECLARED)
        if deed is _UNDECLARED:  # deny by default (S8)
            raise Rejected(_FORBIDDEN, "Nobody may see this.")
        largest = self._largest[request.endpoint or ""]
        request.max_content_length = request.max_form_memory_size = largest
        g.visitor = self._visitor()
        if deed is None:
            cookie = self._form_cookie()
        elif g.visitor is None:
            return self._sign_in_first()
        else:
            cookie = request.cookies.get(self.cookies.session, "")
        g.form_token = guard.token_for(cookie)
        if deed is not None and not g.visitor.may(deed):
            raise Rejected(
                _FORBIDDEN, f"To {deed.value} you must be {LEAST[deed]}. You are {g.visitor.role}."
            )
        if method not in _READING and not request.path.startswith(API):
            self._require_own_page(cookie)
        return None

    def _visitor(self) -> Visitor | None:
        if request.path.startswith(API):
            return self._program()
        token = request.cookies.get(self.cookies.session)
        session = signing_in.find_session(self.door, token) if token else None
        if session is None:
            return None
        return Visitor(session.email, Role(session.role), session)

    def _program(self) -> Visitor | None:
        """Who a program asks for: it proves itself by a token, never by a cookie."""
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token.startswith(API_PREFIX):
            return None
        with self.hub.console_database.begin() as db:
            found = api_tokens.find(db, digest_of(token.strip()), self.now(db))
        if found is None:
            return None
        role = lesser([Role(found.role), Role(found.persons_role)])
        return Visitor(f"{found.email} by token {found.name}", role)

    def _form_cookie(self) -> str:
        """The cookie of somebody who is about to sign in; made with the first page."""
        known = request.cookies.get(self.cookies.form)
        g.new_form_cookie = None if known else guard.new_cookie()
        return known or g.new_form_cookie or ""

    def _require_own_page(self, cookie: str) -> None:
        if not guard.is_from_own_page(request.headers, self.origins):
            raise Rejected(
                _FORBIDDEN,
                "This did not come from a page of this console. Open it at"
                f" {self.hub.settings.public_url}/admin (HUB_PUBLIC_URL) and try again.",
                reason="another origin",
            )
        if not guard.proves_itself(request, cookie):
            raise Rejected(
                _FORBIDDEN,
                "This page is too old. Go back, load it again, and try once more.",
                reason="no form token",
            )

    def _is_unknown(self) -> Response | None:
        """Only who is signed in learns that there is no such page."""
        g.visitor = self._visitor()
        if g.visitor is None and isinstance(request.routing_exception, NotFound):
            return self._sign_in_first()
        return None

    def _sign_in_first(self) -> Response:
        if request.path.startswith(API):
            raise Rejected(
                _UNAUTHORIZED,
                "Send a token as `Authorization: Bearer hub_…`.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        after = request.full_path.rstrip("?") if request.method in _READING else "/admin"
        target = f"{SIGN_IN}?{urlencode({'next': guard.safe_next(after)})}"
        if "HX-Request" in request.headers:  # a part of a page: the whole page has to go there
            return Response(status=_UNAUTHORIZED, headers={"HX-Redirect": target})
        return self.see_other(target)

    def see_other(self, target: str) -> Response:
        """Go on at another page of ours."""
        answer = redirect(target, code=_SEE_OTHER)
        return make_response(answer)

    def dress(self, response: Response) -> Response:
        """The headers of every answer."""
        response.headers.setdefault("Content-Security-Policy", CONTENT_POLICY)
        if g.get("new_form_cookie"):
            self.cookies.give(response, self.cookies.form, g.new_form_cookie)
        said = {name.lower() for name, _ in response.headers}
        for name, value in self.visits.added(g.visit, said):
            response.headers[name] = value
        ip = remote_ip(request.environ, self.hub.settings.trusted_proxies)
        self.visits.leave(g.visit, request.environ, response.status_code, ours="/admin", ip=ip)
        return response

    def leave(self, _problem: BaseException | None) -> None:
        """Behind all that Flask does."""
        if "visit" in g:
            self.visits.end(g.visit)

    # ------------------------------------------------------------------------------ what they use

    @property
    def door(self) -> Door:
        """Where people sign in."""
        return Door(
            engine=self.hub.console_database,
            now=self.now,
            new_id=self.hub.new_id,
            aside=self.aside,
        )

    @property
    def aside(self) -> Callable[[Callable[[], object]], object]:
        """Does what only computes beside those who take webhooks in, where there are any."""
        found: Callable[[Callable[[], object]], object] = request.environ.get("hub.aside", _here)
        return found

    def now(self, connection: Connection) -> datetime:
        """The time by which sessions go: the database's, unless a test has one of its own."""
        return (self.hub.runs_clock or DatabaseClock(connection)).now()

    @property
    def address(self) -> str:
        """Where the visitor is, as far as proxies are trusted."""
        return remote_ip(request.environ, self.hub.settings.trusted_proxies) or "unknown"

    @property
    def actor(self) -> Actor:
        """Who acts, for the audit (S9)."""
        return Actor(g.visitor.email, self.address)

    # ------------------------------------------------------------------------------------- errors

    def _add_error_pages(self) -> None:
        self.register_error_handler(Rejected, self._rejected)
        self.register_error_handler(NotPossible, self._not_possible)
        self.register_error_handler(HTTPException, self._http_error)
        self.register_error_handler(Unavailable, self._unavailable)
        self.register_error_handler(SQLAlchemyError, self._unavailable)
        self.register_error_handler(Exception, self._broken)

    def _rejected(self, refusal: Rejected) -> Response:
        if refusal.reason is not None:
            g.visit.facts["reason"] = refusal.reason
        response = self._error(refusal.status, refusal.title)
        response.headers.update(refusal.headers)
        return response

    def _not_possible(self, problem: NotPossible) -> Response:
        return self._error(409, f"{problem}".rstrip(".") + ".")

    def _http_error(self, error: HTTPException) -> Response:
        response = self._error(error.code or _BROKEN, _SAID.get(error.code or 0, f"{error.name}."))
        if isinstance(error, MethodNotAllowed):
            response.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
        return response

    def _unavailable(self, problem: Exception) -> Response:
        _log.warning("a page of the console was not made: %s", type(problem).__name__)
        said = "The database is busy or away. Webhooks are looked after first; try again."
        response = self._error(_BUSY, said)
        response.headers["Retry-After"] = "5"
        return response

    def _broken(self, error: Exception) -> Response:
        _log.error("a page of the console failed", exc_info=error)
        return self._error(_BROKEN, "Something went wrong on our side.")

    def _error(self, status: int, sentence: str) -> Response:
        """A page with one sentence; for programs a problem document."""
        name = g.visit.request_id
        if request.path.startswith(API):
            body = problem_document(status=status, title=sentence, request_id=name)
            return Response(body, status, content_type=PROBLEM_TYPE)
        return self.render("error.html", status, sentence=sentence, status=status, request_id=name)


def field(name: str) -> str:
    """One field of the form that was sent; empty where there is none."""
    return request.form.get(name, "")[:_LONGEST_FIELD]


_UNDECLARED: Any = object()
_SAID = {
    404: "There is no such page.",
    405: "This page cannot be used that way.",
    413: "That was too much at once.",
}


def _here(work: Callable[[], object]) -> object:
    """What takes long, done by whoever asks: there is nobody else to keep waiting."""
    return work()
