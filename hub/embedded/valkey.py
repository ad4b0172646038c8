"""An embedded Valkey: on a private Unix socket, in memory only: nothing in it would be missed."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from hub.embedded import processes
from hub.embedded.account import Account
from hub.embedded.programs import EmbeddedError, Programs

SOCKET = "redis.sock"
LOG = "server.log"
PID_FILE = "server.pid"
START_SECONDS = 15
ANSWER_SECONDS = 5
PAUSE = 0.02


@dataclass(frozen=True)
class Valkey:
    """One server: its programs, its account, its directory and the directory of its socket."""

    programs: Programs
    account: Account
    data: Path
    sockets: Path
    title = "Valkey"

    def ensure(self) -> None:
        """Have it run and answer. Raises EmbeddedError."""
        if answers(self.sockets):
            return
        self.account.make_private(self.data)
        self._end_unreachable()
        done = self.account.run(self._command(), cwd=self.data)
        deadline = time.monotonic() + START_SECONDS
        while not answers(self.sockets):
            if done.returncode != 0 or time.monotonic() > deadline:
                raise EmbeddedError(f"Valkey did not start, see {self.data / LOG}. {done.stdout}")
            threading.Event().wait(PAUSE)

    def stop(self) -> None:
        """Stop it; what it holds is gone."""
        _ask(self.sockets, b"SHUTDOWN NOSAVE\r\n")

    def is_running(self) -> bool:
        """Whether its process lives, answering or not."""
        return self._pid() is not None if processes.can_tell() else answers(self.sockets)

    def _pid(self) -> int | None:
        return processes.find(self.data / PID_FILE, argument=str(self.data))

    def _end_unreachable(self) -> None:
        """End a server of ours that lives but whose socket was removed."""
        pid = self._pid()
        if pid is not None:
            os.kill(pid, signal.SIGKILL)

    def _command(self) -> list[str | Path]:
        options = {
            "daemonize": "yes",
            "dir": str(self.data),
            "pidfile": str(self.data / PID_FILE),
            "set-proc-title": "no",  # the command line tells whose it is
            "logfile": str(self.data / LOG),
            "port": "0",
            "unixsocket": str(self.sockets / SOCKET),
            "unixsocketperm": "700",
            "save": "",
            "appendonly": "no",
            "maxmemory-policy": "noeviction",
        }
        pairs = [part for name, value in options.items() for part in (f"--{name}", value)]
        return [self.programs.valkey_server, *pairs]


def answers(sockets: Path) -> bool:
    """Whether a Valkey (or Redis) answers on the socket in this directory."""
    return _ask(sockets, b"PING\r\n").startswith(b"+PONG")


def redis_url(sockets: Path) -> str:
    """The URL of the server."""
    return f"unix://{sockets / SOCKET}"


def _ask(sockets: Path, command: bytes) -> bytes:
    """The first bytes of its answer; nothing when it does not answer or ends the connection."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ANSWER_SECONDS)
        try:
            connection.connect(str(sockets / SOCKET))
            connection.sendall(command)
            return connection.recv(64)
        except OSError:
            return b""
