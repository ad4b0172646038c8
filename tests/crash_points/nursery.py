"""`python -m tests.crash_points.nursery web|worker`: everything is imported once, with probes.

Each line on stdin is a life to begin: a child is forked, before there are threads or connections.
On stdout come the ids of children, and how they ended.
"""

from __future__ import annotations

import json
import logging
import os
import select
import signal
import sys
import traceback
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

PATCHED = "web"
_EXIT_AT_A_LOSS = 70


def main() -> None:
    """Import, then fork whenever a line comes, until stdin ends."""
    if sys.argv[1] == PATCHED:
        # Before anything else, as the real worker does.
        from gevent import monkey  # type: ignore[import-untyped]  # noqa: PLC0415

        monkey.patch_all()
    _import_everything()
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    _unpatched("signal", signal.signal)(signal.SIGCHLD, lambda *_: None)
    _say({"ready": True})
    wait = _unpatched("select", select.select)
    lines = sys.stdin.fileno()
    while True:
        ready, _, _ = wait([lines, woken], [], [])
        if woken in ready:
            os.read(woken, 1024)
            _tell_of_the_dead()
        if lines in ready:
            line = sys.stdin.readline()
            if not line:
                return
            _begin(json.loads(line), woken, wake)


def _import_everything() -> None:
    from tests.crash_points.loading import instrument_hub  # noqa: PLC0415

    instrument_hub()
    import hub.bootstrap.actions as known  # noqa: PLC0415
    import hub.cli  # noqa: PLC0415
    import hub.connectors.http.pool  # noqa: PLC0415
    import hub.connectors.twilio_client  # noqa: PLC0415
    import hub.web.app  # noqa: PLC0415
    import hub.web.server  # noqa: PLC0415
    import hub.worker.process  # noqa: F401, PLC0415

    vars(known)["BUILT_IN"] = (*known.BUILT_IN, "tests.crash_points.ledger")
    known.all_actions()


def _say(what: Mapping[str, Any]) -> None:
    os.write(1, (json.dumps(what) + "\n").encode())


def _tell_of_the_dead() -> None:
    while True:
        try:
            pid, status = _unpatched("os", os.waitpid)(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        _say({"pid": pid, "status": os.waitstatus_to_exitcode(status)})


def _begin(life: Mapping[str, Any], *pipe: int) -> None:
    pid = _unpatched("os", os.fork)()
    if pid:
        _say({"child": pid})
        return
    code = _EXIT_AT_A_LOSS
    try:
        for each in (*pipe, 0, 1):
            os.close(each)
        signal.set_wakeup_fd(-1)
        _unpatched("signal", signal.signal)(signal.SIGCHLD, signal.SIG_DFL)
        _redirect(life["log"])
        code = _live(life)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else _EXIT_AT_A_LOSS
    except BaseException:  # noqa: BLE001 - the log is all that is left of it
        traceback.print_exc()
    finally:
        logging.shutdown()
        sys.stderr.flush()
        os._exit(code)


def _redirect(log: str) -> None:
    os.open(os.devnull, os.O_RDONLY)  # becomes 0
    written = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)  # becomes 1
    os.dup2(written, 2)


def _live(life: Mapping[str, Any]) -> int:
    from hub import logs  # noqa: PLC0415
    from hub.config import Settings  # noqa: PLC0415
    from tests.crash_points import probes  # noqa: PLC0415

    told = os.open(life["told"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    if life["death"] is not None:
        probes.attend(probes.Death(**life["death"]), told)
    settings = Settings.from_environment(life["environment"])
    logs.configure(settings.log_level)
    if life["role"] == "web":
        _serve(settings, told)
        return 0
    if life["role"] == "worker":
        return _work(settings, is_hurried=life["is_hurried"])
    return _command(life["environment"], life["arguments"])


def _work(settings: Any, *, is_hurried: bool) -> int:
    from hub.worker import __main__ as entrance  # noqa: PLC0415
    from hub.worker import process, rounds, runner  # noqa: PLC0415

    if is_hurried:  # whoever comes after a death: looks more often, decides the same
        runner.LOOK_EVERY = timedelta(seconds=0.05)
        rounds.SWEEP_EVERY = timedelta(seconds=0.2)
    hub = entrance._open(settings)  # noqa: SLF001 - what `hub worker` does
    code = process.run_worker(hub)
    hub.close()
    return code


def _serve(settings: Any, told: int) -> None:
    """The real worker of gunicorn, without the process above it."""
    import gevent  # noqa: PLC0415
    from gunicorn import sock  # type: ignore[import-untyped]  # noqa: PLC0415

    from hub.web.server import HubLogger, HubServer, HubWorker  # noqa: PLC0415

    gevent.reinit()
    server = HubServer(settings)
    server.cfg.set("bind", "127.0.0.1:0")
    logger = HubLogger(server.cfg)
    listeners = sock.create_sockets(server.cfg, logger)
    port = listeners[0].sock.getsockname()[1]
    worker = HubWorker(1, os.getppid(), listeners, server, 30, server.cfg, logger)
    ready = worker.load_wsgi

    def load() -> None:
        ready()
        os.write(told, f"port {port}\n".encode())

    worker.__dict__["load_wsgi"] = load
    try:
        worker.init_process()
    finally:
        server.cfg.worker_exit(None, worker)


def _command(environment: Mapping[str, str], arguments: list[str]) -> int:
    from hub.cli import main as hub_command  # noqa: PLC0415

    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["hub", *arguments]
    hub_command()
    return 0


def _unpatched(module: str, function: Any) -> Any:
    """The function itself: here nothing may begin greenlets before the fork."""
    if sys.argv[1] != PATCHED:
        return function
    from gevent import monkey  # noqa: PLC0415

    return monkey.get_original(module, function.__name__)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    main()
