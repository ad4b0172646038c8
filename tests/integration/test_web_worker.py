"""A worker process of the web at its end, without the main process above it."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from typing import Any

import gevent  # type: ignore[import-untyped]
import pytest

from hub.config import Settings
from hub.web import server


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A port with a caller in its queue whom nobody takes."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()),
    ):
        yield listener


@pytest.fixture
def uncaught(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What greenlets ended with and nobody caught."""
    found: list[Any] = []
    monkeypatch.setattr(gevent.get_hub(), "print_exception", lambda *told: found.append(told))
    yield found
    gevent.get_hub().destroy()


def test_E14_signals_that_come_together_end_a_worker_quietly(
    listening: socket.socket, uncaught: list[Any], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(server, "WELCOMED_WITHIN", 0)
    of_server = server.HubServer(Settings.from_environment({}))
    cfg = of_server.cfg
    worker = server.HubWorker(
        1, os.getppid(), [listening], of_server, 30, cfg, server.HubLogger(cfg)
    )
    worker.handle_exit(signal.SIGTERM, None)
    worker.handle_exit(signal.SIGTERM, None)
    gevent.sleep(0)
    gevent.sleep(0)
    assert worker.alive, "somebody waits in the queue"

    worker.ppid = 0  # the main process is gone
    worker.notify()
    listening.close()  # as the worker does that is not alive any more

    assert gevent.wait(timeout=30)
    worker.tmp.close()
    assert uncaught == []
