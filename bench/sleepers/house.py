"""A project of its own: two workflows that sleep, one that wakes, one that a clock starts."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from cryptography.fernet import Fernet
from sqlalchemy import Engine, text

from bench.processes import ROOT
from hub.bootstrap import Hub, open_hub
from hub.config import Settings
from hub.embedded import EmbeddedServers
from hub.storage.deliveries import start_run

PATIENCE = 60.0
_IS_THERE = "SELECT count(*) > 0 FROM workers WHERE pid = :pid"
FILES = {
    "hub.yaml": "hub: 1\nmode: live\n",
    "schemas/events/alarm.rung.json": '{"type": "object", "properties": {}}\n',
    "workflows/listener.yaml": """\
hub: 1
title: Sleeps until somebody rings
inputs:
  key: {type: string}
timeout: 700d
steps:
  - id: rung
    wait:
      for: alarm.rung
      key: ${{ inputs.key }}
    timeout: 365d
  - return: ${{ steps.rung.event }}
""",
    "workflows/napper.yaml": """\
hub: 1
title: Sleeps for a year
inputs:
  key: {type: string}
timeout: 700d
steps:
  - id: year
    wait: 365d
  - return: ${{ inputs.key }}
""",
    "workflows/ringer.yaml": """\
hub: 1
title: Wakes one of them
inputs:
  key: {type: string}
steps:
  - emit: alarm.rung
    key: ${{ inputs.key }}
""",
    "workflows/clock.yaml": """\
hub: 1
title: Started by a clock, once a year
schedule:
  cron: "0 0 1 1 *"
steps:
  - log: a year is over
""",
}


class House:
    """The project in a folder, and what a process needs to work in it."""

    def __init__(self, folder: Path, servers: EmbeddedServers) -> None:
        for path, content in FILES.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(content, "utf-8")
        self.folder = folder
        self.environment: Mapping[str, str] = {
            "HUB_DATABASE_URL": servers.database_url,
            "HUB_REDIS_URL": servers.redis_url,
            "HUB_PROJECT": str(folder),
            "HUB_ENCRYPTION_KEY": Fernet.generate_key().decode(),
            "HUB_LOG_LEVEL": "warning",
        }

    @contextmanager
    def hub(self) -> Iterator[Hub]:
        """The open hub, as a worker has it."""
        settings = Settings.from_environment(self.environment, project=self.folder)
        opened = open_hub(settings, role="worker")
        try:
            yield opened
        finally:
            opened.close()

    @contextmanager
    def worker(self, engine: Engine) -> Iterator[int]:
        """A worker process that is ready; its pid."""
        with (self.folder / "worker.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "hub.worker"],
                cwd=ROOT,
                env={**os.environ, **self.environment},
                stdout=log,
                stderr=log,
            )
            try:
                wait_until(
                    engine, "SELECT count(*) > 0 FROM workers WHERE pid = :pid", pid=process.pid
                )
                yield process.pid
            finally:
                process.terminate()
                process.wait(timeout=40)


def begin(hub: Hub, workflow: str, key: str) -> UUID:
    """Start a run as an administrator does, and ring; its id."""
    start = hub.start(hub.project.workflows[workflow], {"inputs": {"key": key}})
    new = start.new_run(hub.new_id())
    with hub.database.begin() as connection:
        start_run(connection, new)
    hub.doorbell.ring(new.id)
    return new.id


def wait_until(engine: Engine, question: str, **values: object) -> None:
    """Ask until the answer is true; stops the measurement when it never is."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with engine.connect() as connection:
            if connection.execute(text(question), values).scalar_one():
                return
        time.sleep(0.005)
    raise SystemExit(f"never came true: {question} {values}")
