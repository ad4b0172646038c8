"""`python -m hub.worker`: a worker process with nothing in it that only commands need."""

from __future__ import annotations

import gc
import logging
import signal
import sys
import threading
from importlib import import_module

from sqlalchemy.exc import SQLAlchemyError

from hub import logs, tracing
from hub.bootstrap import Hub, open_hub
from hub.bootstrap.metrics_page import MetricsPage
from hub.bootstrap.secrets import Secrets
from hub.config import Settings
from hub.errors import Misconfigured
from hub.metrics import keep
from hub.worker.process import run_worker

log = logging.getLogger(__name__)

_OPEN_EVERY = 1.0  # seconds


def main() -> int:
    """Work with the settings of the environment; 2 when they are wrong."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))  # there is nothing in hand yet
    try:
        settings = Settings.from_environment()
        logs.configure(settings.log_level)
        logs.hide(Secrets((), settings.environment).hide)  # until hub.yaml has named the others
        logs.tell_uncaught()
        page = MetricsPage(settings, keep(settings.metrics_dir, role="worker"))
        if settings.metrics_port is not None:
            port = import_module("hub.worker.metrics_port")  # few workers need it
            port.MetricsPort(page, settings.metrics_host, settings.metrics_port).start()
        hub = page.opened = _open(settings)
        tracing.start(settings.environment, role="worker")
    except Misconfigured as wrong:
        sys.stderr.write(f"hub worker: {wrong}\n")
        return 2
    logs.hide(hub.hide)
    gc.collect()
    gc.freeze()  # what was loaded stays: no later collection walks through all of it
    code = run_worker(hub)
    hub.close()
    tracing.stop()
    return code


def _open(settings: Settings) -> Hub:
    """The open hub, as soon as the database can be reached."""
    while True:
        try:
            return open_hub(settings, role="worker")
        except SQLAlchemyError as problem:
            log.warning("the database cannot be reached yet: %s", type(problem).__name__)
            threading.Event().wait(_OPEN_EVERY)


if __name__ == "__main__":
    sys.exit(main())
