"""`python -m hub.worker`: a worker process with nothing in it that only commands need."""

from __future__ import annotations

import sys

from hub import logs
from hub.bootstrap import open_hub
from hub.config import Settings
from hub.errors import Misconfigured
from hub.worker.process import run_worker


def main() -> int:
    """Work with the settings of the environment; 2 when they are wrong."""
    try:
        settings = Settings.from_environment()
        logs.configure(settings.log_level)
        hub = open_hub(settings, role="worker")
    except Misconfigured as wrong:
        sys.stderr.write(f"hub worker: {wrong}\n")
        return 2
    logs.hide(hub.secrets.hide)
    code = run_worker(hub)
    hub.close()
    return code


if __name__ == "__main__":
    sys.exit(main())
