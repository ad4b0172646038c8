"""`python -m hub.web.server`: gunicorn with greenlets, so that slow callers delay nobody (I16).

The main process binds, loads what its workers share and supervises; it begins no greenlet and opens
nothing that a fork would share. Each worker process opens its own hub.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterable
from functools import partial
from importlib import import_module
from math import inf
from time import monotonic
from typing import Any
from uuid import uuid4

import gevent  # type: ignore[import-untyped]
from gevent.select import select  # type: ignore[import-untyped]
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from gunicorn.errors import HaltServer  # type: ignore[import-untyped]
from gunicorn.glogging import Logger  # type: ignore[import-untyped]
from gunicorn.http import errors  # type: ignore[import-untyped]
from gunicorn.workers.ggevent import GeventWorker  # type: ignore[import-untyped]

from hub import logs
from hub.config import Settings
from hub.errors import Misconfigured
from hub.parent import end_with_parent
from hub.web import sharing
from hub.web.listening import MainProcess
from hub.web.patience import RECEIVE_WITHIN, WsgiApp, with_deadline

log = logging.getLogger(__name__)

SEND_WITHIN = 15.0  # seconds for a whole answer, so that nobody holds a connection who never reads
DRAIN_WITHIN = 25  # seconds for what is in hand at SIGTERM (E14)
ANSWER_WITHIN = 20.0  # seconds, then who still waits for a run hears `otherwise`
WELCOMED_WITHIN = 0.5  # seconds for handshakes that began before SIGTERM; then the queue is emptied
EMPTIED_WITHIN = 3.0
KEEP_ALIVE = 5
_LOOK_EVERY = 0.02
LARGEST_LINE = 8190
_OPEN_EVERY = 1.0
_APP_LOAD_ERROR = 4  # gunicorn's own: a worker that ends so ends the server
_TOO_LONG, _HEAD_TOO_LARGE, _UNREADABLE, _BROKEN = 414, 431, 400, 500


class HubWorker(GeventWorker):  # type: ignore[misc]  # gunicorn has no types
    """A worker of greenlets that gives each request a deadline and speaks no HTML."""

    wsgi: WsgiApp
    ends_at = inf

    def init_process(self) -> None:
        """In the new process: whoever is left alone by its main process ends in good order."""
        end_with_parent()
        super().init_process()

    def init_signals(self) -> None:
        """The same, and the settings at hand: gunicorn looks some up for each request, slowly."""
        super().init_signals()
        self.cfg.__dict__.update({name: each.get() for name, each in self.cfg.settings.items()})

    def patch(self) -> None:
        """Greenlets everywhere: the main process could not have them in all places."""
        sharing.finish_patching()
        super().patch()

    def notify(self) -> None:
        """A sign of life; with the main process gone it is time to stop."""
        self.tmp.notify()
        if self.ppid != os.getppid():
            self.alive = False
            self._hurry()

    def handle_exit(self, sig: int, frame: Any) -> None:
        """SIGTERM: go on until everybody is in whom the kernel has welcomed, then stop (I11)."""
        self._hurry()
        gevent.spawn(self._stop_accepting, partial(super().handle_exit, sig, frame))

    def _hurry(self) -> None:
        self.ends_at = min(self.ends_at, monotonic() + ANSWER_WITHIN)

    def _stop_accepting(self, stop: Callable[[], None]) -> None:
        gevent.sleep(WELCOMED_WITHIN)
        with gevent.Timeout(EMPTIED_WITHIN, False):  # noqa: FBT003 - as gevent wants it
            while self.alive and select(self.sockets, [], [], 0)[0]:  # ended otherwise: closed
                gevent.sleep(_LOOK_EVERY)
        stop()

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """One connection; its first request must be there in time."""
        current = gevent.getcurrent()
        current.arrived_at = monotonic()
        current.head = gevent.Timeout(RECEIVE_WITHIN)
        current.head.start()
        try:
            super().handle(listener, client, addr)
        finally:
            current.head.close()

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> None:
        """The head is here: the body has what is left of the time."""
        current = gevent.getcurrent()
        current.head.close()
        req.headers = _without_repeated_key(req.headers)
        current.body = None
        sock.settimeout(SEND_WITHIN)
        answering = _InOnePiece(sock)
        try:
            try:
                super().handle_request(listener_name, req, answering, addr)
            except StopIteration:  # the answer is given, and the last one here
                answering.flush()
                raise
            answering.flush()
        except TimeoutError:
            raise StopIteration from None  # the answer found no reader
        if current.body is not None and current.body.is_broken:
            raise StopIteration  # what follows on this connection is not a request
        gevent.sleep(0)  # others first: a caller may have sent thousands of requests at once
        current.arrived_at = None

    def handle_error(self, _req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Say what is wrong with a head that cannot be read; never gunicorn's page."""
        if isinstance(exc, gevent.Timeout):
            return
        status = _status_of(exc)
        if status == _BROKEN:
            log.error("a connection failed", exc_info=exc)
        _send_problem(client, status, ip=str(addr[0]), reason=type(exc).__name__)

    def load_wsgi(self) -> None:
        """The application, behind the deadline of its bodies, and of its own process."""
        super().load_wsgi()
        self.wsgi = with_deadline(self.wsgi, lambda: self.ends_at - monotonic())


class _InOnePiece:
    """A caller's socket to which the head of an answer goes with what follows it."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._head: bytes | None = None
        self._is_begun = False

    def sendall(self, data: bytes) -> None:
        """Send; the first piece waits for the second, or for `flush`."""
        if self._is_begun:
            head, self._head = self._head, None
            self._sock.sendall(head + data if head else data)
        else:
            self._head, self._is_begun = data, True

    def flush(self) -> None:
        """All is said: send what waits."""
        head, self._head = self._head, None
        if head:
            self._sock.sendall(head)

    def shutdown(self, how: int) -> None:
        """It is broken off: what waits is not sent any more."""
        self._head = None
        self._sock.shutdown(how)

    def __getattr__(self, name: str) -> Any:
        """Everything else is the socket's."""
        return getattr(self._sock, name)


def _without_repeated_key(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """A repeated Idempotency-Key becomes one that is not allowed, and is refused (I6)."""
    keys = [value for name, value in headers if name == "IDEMPOTENCY-KEY"]
    if len(keys) < 2:  # noqa: PLR2004 - twice is once too often
        return headers
    others = [header for header in headers if header[0] != "IDEMPOTENCY-KEY"]
    return [*others, ("IDEMPOTENCY-KEY", ", ".join(keys))]


def _status_of(problem: BaseException) -> int:
    if isinstance(problem, errors.LimitRequestLine):
        return _TOO_LONG
    if isinstance(problem, errors.LimitRequestHeaders):
        return _HEAD_TOO_LARGE
    is_callers = type(problem).__module__ == errors.__name__
    return _UNREADABLE if is_callers else _BROKEN


def _send_problem(client: Any, status: int, *, ip: str, reason: str) -> None:
    """Refuse what cannot be read, and say so in one line: a connection ends with it.

    So nobody gets more lines for a connection than by a request, and none holds what was sent.
    """
    problems = import_module("hub.web.problems")  # loaded behind the patch
    request_id = str(uuid4())
    body: bytes = problems.problem_document(
        status=status, title="The request cannot be read.", request_id=request_id
    )
    facts = {"request_id": request_id, "status": status, "reason": reason, "ip": ip}
    log.info("a request that cannot be read", extra=facts)
    metrics = import_module("hub.metrics.catalogue")
    metrics.REQUESTS.add(metrics.NO_ENDPOINT, str(status))
    head = (
        f"HTTP/1.1 {status} Refused\r\nConnection: close\r\nContent-Length: {len(body)}\r\n"
        f"X-Request-Id: {request_id}\r\n"
        f"Content-Type: {problems.PROBLEM_TYPE}\r\nX-Content-Type-Options: nosniff\r\n\r\n"
    )
    try:
        client.sendall(head.encode("ascii") + body)
    except OSError:
        log.debug("the caller did not wait for the refusal")


class HubLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's own messages, as lines of the hub's log; requests are logged by the hub."""

    def setup(self, cfg: Any) -> None:
        """Let everything flow to the one handler of the process."""
        self.cfg = cfg
        for logger in (self.error_log, self.access_log):
            logger.handlers[:] = []
            logger.propagate = True
        self.error_log.setLevel(logging.WARNING)

    def access(self, resp: Any, req: Any, environ: Any, request_time: Any) -> None:
        """Nothing: the hub writes its own line."""


class OpeningApp:
    """Opens the hub of one worker, in the background; until then requests are sent away (503).

    A worker that starts while the database is down must neither hang its callers nor end the
    server.
    """

    def __init__(self, settings: Settings, lookout: Any) -> None:
        self._settings, self._lookout = settings, lookout
        self._app: WsgiApp | None = None
        self._hub: Any = None
        keeper = import_module("hub.metrics").keep(settings.metrics_dir, role="web")
        self._tracing = import_module("hub.tracing")
        self._page = import_module("hub.bootstrap.metrics_page").MetricsPage(settings, keeper)
        if not self._open():
            gevent.spawn(self._keep_opening)

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        if self._app is not None:
            return self._app(environ, start_response)
        if environ.get("PATH_INFO") == "/healthz":
            start_response("200 OK", [("Content-Type", "application/json")])
            return [b'{"status":"alive"}']
        if environ.get("PATH_INFO") == "/metrics" and self._may_read(environ):
            start_response("200 OK", [("Content-Type", "text/plain; version=0.0.4")])
            return [self._page.text()]
        problems, request_id = import_module("hub.web.problems"), str(uuid4())
        body = problems.problem_document(
            status=503, title="The hub is starting.", request_id=request_id
        )
        facts = {"request_id": request_id, "status": 503, "ip": environ.get("REMOTE_ADDR")}
        log.info("a request before the hub is open", extra=facts)
        headers = [
            ("Content-Type", problems.PROBLEM_TYPE),
            ("Retry-After", "5"),
            ("X-Request-Id", request_id),
        ]
        start_response("503 Service Unavailable", headers)
        return [body]

    def _may_read(self, environ: dict[str, Any]) -> bool:
        """Whether the caller of a hub that is not open yet may read its figures."""
        access = import_module("hub.metrics.access")
        given = environ.get("HTTP_AUTHORIZATION", "")
        return bool(access.is_allowed(self._settings.metrics_token, given))

    def close(self) -> None:
        """Let go of the hub's connections."""
        if self._hub is not None:
            self._hub.answers.stop()
            self._hub.close()
        self._tracing.stop()

    def _follow(self, hub: Any) -> None:
        """Take up what is saved in the project's files; reading them keeps no request waiting."""
        following = import_module("hub.bootstrap.following").Following(hub)
        in_a_thread = gevent.get_hub().threadpool
        while True:
            gevent.sleep(following.pause)
            following.take(in_a_thread.apply(following.look))

    def _keep_opening(self) -> None:
        while not self._open():
            gevent.sleep(_OPEN_EVERY)

    def _open(self) -> bool:
        """False when the database cannot be reached; a setting that is wrong ends the server."""
        bootstrap, web = import_module("hub.bootstrap"), import_module("hub.web.app")
        unreachable = import_module("sqlalchemy.exc").SQLAlchemyError
        try:
            hub = bootstrap.open_hub(self._settings, role="web", lookout=self._lookout)
            self._tracing.start(self._settings.environment, role="web")
        except Misconfigured as wrong:
            log.critical("%s", wrong)
            sys.exit(_APP_LOAD_ERROR)
        except unreachable as problem:
            log.warning("the database cannot be reached yet: %s", type(problem).__name__)
            return False
        logs.hide(hub.hide)
        hub.answers.start()
        self._hub = hub
        self._page.opened = hub
        self._app = web.create_app(hub, self._page)
        gevent.spawn(self._follow, hub)
        log.info("the web process is ready", extra={"pid": os.getpid()})
        return True


def _tell_of_greenlet(_context: Any, kind: Any, problem: Any, trace: Any) -> None:
    """What gevent would print as it is: told in the log, where nothing secret shows."""
    log.error("nobody caught this", exc_info=(kind, problem, trace))


class HubServer(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn, configured in code."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._lookout = settings, None
        self._opening: OpeningApp | None = None
        super().__init__()

    def load_config(self) -> None:
        """All settings of the server are here."""
        settings = self._settings
        chosen = {
            "bind": f"{settings.host}:{settings.port}",
            "workers": settings.web_processes,
            "worker_class": HubWorker,
            "worker_connections": 2000,
            "logger_class": HubLogger,
            "keepalive": KEEP_ALIVE,
            "graceful_timeout": DRAIN_WITHIN,
            "timeout": 60,
            "limit_request_line": LARGEST_LINE,
            "limit_request_field_size": LARGEST_LINE,
            "forwarded_allow_ips": "",  # the scheme comes from HUB_PUBLIC_URL (S21)
            "worker_exit": self._leave,
            "proc_name": "hub-web",
            "control_socket_disable": True,  # signals are enough, and nobody else may command it
        }
        for name, value in chosen.items():
            self.cfg.set(name, value)

    def share(self) -> None:
        """In the main process, before it forks: load what all workers need."""
        self._lookout = sharing.load(self._settings)

    def load(self) -> OpeningApp:
        """The application of one worker process, after the fork."""
        logs.hide(
            import_module("hub.bootstrap.secrets").Secrets((), self._settings.environment).hide
        )
        logs.tell_uncaught()
        gevent.get_hub().print_exception = _tell_of_greenlet
        self._opening = OpeningApp(self._settings, self._lookout)
        return self._opening

    def run(self) -> None:
        """Serve; a worker that found a wrong setting has said so, and ends the server."""
        try:
            MainProcess(self).run()
        except HaltServer as halted:  # the workers that follow the first one raise it once more
            sys.exit(halted.exit_status)

    def _leave(self, _server: Any, _worker: Any) -> None:
        if self._opening is not None:
            self._opening.close()


def serve(settings: Settings) -> None:
    """Serve until SIGTERM; ends the process."""
    logs.configure(settings.log_level)
    HubServer(settings).run()


def main() -> None:
    """Serve with the settings of the environment; 2 when they are wrong."""
    try:
        settings = Settings.from_environment()
    except Misconfigured as wrong:
        sys.stderr.write(f"hub web: {wrong}\n")
        sys.exit(2)
    serve(settings)


if __name__ == "__main__":
    main()
