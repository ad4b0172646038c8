"""The Flask application: routes, errors as problem documents, headers that every answer has.

Most requests are for endpoints. These take a short way: what Flask does for pages (its contexts,
its routes, its signals) they need only when something goes wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property, lru_cache
from importlib import import_module
from typing import Any

from flask import Flask, Response, g
from flask import request as flask_request
from flask.sessions import NullSession, SessionInterface
from werkzeug.http import HTTP_STATUS_CODES

from hub.bootstrap import Hub
from hub.bootstrap.metrics_page import MetricsPage
from hub.errors import Unavailable
from hub.ingest.dialects import Packed
from hub.metrics import Keeper
from hub.metrics import catalogue as metrics
from hub.web.endpoints import EndpointDesk
from hub.web.health import add_health
from hub.web.inbound import METHODS, remote_ip
from hub.web.problems import add_error_handlers
from hub.web.streams import HEADERS as STREAM_HEADERS
from hub.web.streams import Asked, Streams
from hub.web.visits import Visit, Visits

_ON_THE_SHORT_WAY = frozenset(METHODS) - {"HEAD"}
_WITHOUT_BODY = {204, 304}
_CONSOLE = "/admin"
_HANDOFF = "/handoff/"
_FIRST_FINAL = 200
_WRITTEN_BY_FLASK = {"content-length", "content-location", "location"}


class _NoSessions(SessionInterface):
    """Machines have no session."""

    _none = NullSession()

    def open_session(self, *_: object) -> NullSession:
        """The same for everybody: it refuses to be written to."""
        return self._none


class HubApp(Flask):
    """Flask, with a short way for endpoints."""

    session_interface = _NoSessions()

    def __init__(self, hub: Hub) -> None:
        super().__init__("hub", static_folder=None)
        self.visits, self.desk = Visits(hub), EndpointDesk(hub)
        self.streams = Streams(hub)
        self._trusted_proxies = hub.settings.trusted_proxies
        self._pages: frozenset[str] = frozenset()
        self._hub = hub

    def open_short_way(self) -> None:
        """All pages are there: whatever else is asked for is an endpoint, or nothing."""
        rules = [rule.rule for rule in self.url_map.iter_rules() if not rule.arguments]
        self._pages = frozenset(rule.strip("/") for rule in rules)

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """As it is: nothing here is a coroutine."""
        return func

    def wsgi_app(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        if environ.get("PATH_INFO", "").startswith(_CONSOLE) and _is_of_console(environ):
            return self._of_console(environ, start_response)
        if environ.get("PATH_INFO", "").startswith(_HANDOFF):
            shown: Iterable[bytes] = self.handoff(environ, start_response)
            return shown
        asked = self.streams.find(environ.get("PATH_INFO", ""))
        if asked is not None:
            return self._streamed(environ, start_response, asked)
        if not self._is_on_the_short_way(environ):
            return super().wsgi_app(environ, start_response)
        visit = self.visits.begin(environ, environ["PATH_INFO"])
        try:
            packed = self.desk.receive(environ, visit)
            return self._sent(environ, start_response, visit, packed)
        except Exception as problem:  # noqa: BLE001 - the error handlers know them all
            return self._refused(environ, start_response, visit, problem)
        finally:
            self.visits.end(visit)

    def _of_console(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """A page. What the first one loads is loaded beside the requests of others."""
        if "console" not in vars(self):
            visit = self.visits.begin(environ, environ["PATH_INFO"])
            try:
                environ.get("hub.aside", _here)(_load_console)
            except Unavailable as problem:
                return self._refused(environ, start_response, visit, problem)
            finally:
                self.visits.end(visit)
        answered: Iterable[bytes] = self.console(environ, start_response)
        return answered

    @cached_property
    def console(self) -> Any:
        """The pages for people, loaded when somebody asks for one: webhooks never need them."""
        return _load_console().create_console(self._hub, self.visits)

    @cached_property
    def handoff(self) -> Any:
        """The pages of leads who pay in our browser, loaded when one comes."""
        return import_module("hub.web.handoff.pages").create_handoff(self._hub, self.visits)

    def _streamed(
        self, environ: dict[str, Any], start_response: Any, asked: Asked
    ) -> Iterable[bytes]:
        """The beginning of a stream; what follows is told while its reader is there."""
        visit = self.visits.begin(environ, environ["PATH_INFO"])
        try:
            feed = self.streams.open(environ, asked, visit)
            headers = [*STREAM_HEADERS, *self.visits.added(visit, {"content-type"})]
            self._leave(environ, visit, 200, ours=asked.stream.path)
            start_response(_status_line(200), headers)
        except Exception as problem:  # noqa: BLE001 - the error handlers know them all
            return self._refused(environ, start_response, visit, problem)
        finally:
            self.visits.end(visit)
        return feed

    def _is_on_the_short_way(self, environ: dict[str, Any]) -> bool:
        """Whether Flask would call for the endpoints, and the request has nothing special."""
        path = environ.get("PATH_INFO", "")
        return (
            environ["REQUEST_METHOD"] in _ON_THE_SHORT_WAY
            and path[:1] == "/"
            and path[1:2] not in {"", "/"}
            and path.isascii()
            and path.isprintable()
            and path.strip("/") not in self._pages
            and "HTTP_UPGRADE" not in environ
        )

    def _sent(
        self, environ: dict[str, Any], start_response: Any, visit: Visit, packed: Packed
    ) -> Iterable[bytes]:
        said = {name.lower() for name in packed.headers}
        headers = [each for each in packed.headers.items() if each[0].lower() != "x-request-id"]
        headers += self.visits.added(visit, said)
        self._leave(environ, visit, packed.status, ours=metrics.NO_ENDPOINT)
        is_plain = (
            packed.status >= _FIRST_FINAL
            and packed.status not in _WITHOUT_BODY
            and "content-type" in said
            and said.isdisjoint(_WRITTEN_BY_FLASK)
        )
        if not is_plain:
            return Response(packed.body, packed.status, headers)(environ, start_response)
        headers.append(("Content-Length", str(len(packed.body))))
        start_response(_status_line(packed.status), headers)
        return [packed.body]

    def _refused(
        self,
        environ: dict[str, Any],
        start_response: Any,
        visit: Visit,
        problem: Exception,
    ) -> Iterable[bytes]:
        """What Flask makes of an error of any request."""
        with self.request_context(environ):
            g.visit = visit
            try:
                response = self.finalize_request(self.handle_user_exception(problem))
            except Exception as another:  # noqa: BLE001 - as Flask does
                response = self.handle_exception(another)
            return response(environ, start_response)

    def arrive(self) -> None:
        """Before Flask looks for the page."""
        path = flask_request.path
        g.visit = self.visits.begin(flask_request.environ, path)
        g.is_ended_here = True

    def end(self, _problem: BaseException | None) -> None:
        """Behind all that Flask does; not for requests on the short way."""
        if "is_ended_here" in g:
            self.visits.end(g.visit)

    def dress(self, response: Response) -> Response:
        """An answer that Flask made, with the headers that every answer has."""
        said = {name.lower() for name, _ in response.headers}
        response.headers.pop("X-Request-Id", None)
        for name, value in self.visits.added(g.visit, said):
            response.headers.add(name, value)
        rule = flask_request.url_rule
        ours = metrics.NO_ENDPOINT if rule is None or rule.arguments else rule.rule
        self._leave(flask_request.environ, g.visit, response.status_code, ours=ours)
        return response

    def serve_endpoint(self, path: str) -> Response:  # noqa: ARG002 - Flask hands it in
        """An endpoint, for a request with something special."""
        packed = self.desk.receive(flask_request.environ, g.visit)
        return Response(packed.body, packed.status, headers=dict(packed.headers))

    def _leave(self, environ: dict[str, Any], visit: Visit, status: int, *, ours: str) -> None:
        ip = remote_ip(environ, self._trusted_proxies)
        self.visits.leave(visit, environ, status, ours=ours, ip=ip)


def _is_of_console(environ: dict[str, Any]) -> bool:
    """Whether a path that begins like those of the console is one of them."""
    return environ["PATH_INFO"][len(_CONSOLE) : len(_CONSOLE) + 1] in {"", "/"}


def _load_console() -> Any:
    return import_module("hub.web.console.making")


def _here(work: Callable[[], object]) -> object:
    """Where there are no greenlets nobody else is kept waiting."""
    return work()


@lru_cache(maxsize=100)
def _status_line(status: int) -> str:
    return f"{status} {HTTP_STATUS_CODES.get(status, 'unknown').upper()}"


def create_app(hub: Hub, page: MetricsPage | None = None) -> Flask:
    """The application of one open hub; `page` is that of the process, if it keeps figures."""
    app = HubApp(hub)
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.config["TRAP_HTTP_EXCEPTIONS"] = False
    app.config["DEBUG"] = app.config["PROPAGATE_EXCEPTIONS"] = False  # whatever FLASK_DEBUG says
    app.before_request(app.arrive)
    app.after_request(app.dress)
    app.teardown_request(app.end)
    add_health(app, hub, page or MetricsPage(hub.settings, Keeper(hub.settings.metrics_dir), hub))
    add_error_handlers(app, hub)
    app.add_url_rule(
        "/<path:path>",
        "endpoint",
        app.serve_endpoint,
        methods=METHODS,
        provide_automatic_options=False,
    )
    app.open_short_way()
    return app
