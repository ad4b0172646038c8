"""`python -m hub.browser`: a browser worker with nothing in it that only commands need."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from importlib import import_module

from sqlalchemy.exc import SQLAlchemyError

from hub import logs
from hub.bootstrap import Hub, open_hub
from hub.bootstrap.secrets import Secrets
from hub.browser.program import find_program
from hub.config import Settings
from hub.errors import Misconfigured
from hub.metrics import keep

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
        find_program(settings.browser_program)
        keep(settings.metrics_dir, role="browser")
        hub = _open(settings)
        logs.hide(hub.hide)
        process = import_module("hub.browser.process")  # needs the extra, which is there
        code = int(process.run_browser_worker(hub))
    except Misconfigured as wrong:
        sys.stderr.write(f"hub browser-worker: {wrong}\n")
        return 2
    hub.close()
    return code


def _open(settings: Settings) -> Hub:
    """The open hub, as soon as the database can be reached."""
    while True:
        try:
            return open_hub(settings, role="browser")
        except SQLAlchemyError as problem:
            log.warning("the database cannot be reached yet: %s", type(problem).__name__)
            threading.Event().wait(_OPEN_EVERY)


if __name__ == "__main__":
    sys.exit(main())
