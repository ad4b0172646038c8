"""The listening port: handed to a successor, or given up without dropping anybody (I11, E14).

Belongs to the main process of the web, and is made before anything is patched for greenlets.
"""

from __future__ import annotations

import ctypes
import logging
import os
import socket
import struct
import sys
from contextlib import suppress
from typing import Any

from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped]

log = logging.getLogger(__name__)

_SERVER = "hub.web.server"
_SO_ATTACH_FILTER = 26  # Linux; Python has no name for it
_FLAGS, _SYN, _SYN_OR_ACK = 13, 0x02, 0x12  # where a TCP header has its flags, and what they mean
_LOAD_BYTE, _AND, _IS_EQUAL, _RETURN = 0x30, 0x54, 0x15, 0x06  # classic BPF
# Drop what begins a connection, keep everything else: handshakes that began come to their end.
_NO_NEW_CONNECTIONS = (
    (_LOAD_BYTE, 0, 0, _FLAGS),
    (_AND, 0, 0, _SYN_OR_ACK),
    (_IS_EQUAL, 0, 1, _SYN),
    (_RETURN, 0, 0, 0),
    (_RETURN, 0, 0, 0xFFFF_FFFF),
)


def turn_away(listening: Any) -> None:
    """Let the kernel begin no more connections on this socket, whoever holds it.

    Closing a listening socket resets the connections that wait in its queue: they were welcomed
    and would be dropped. After this the queue runs empty, and can be closed. Callers try again by
    themselves and are refused. A system that cannot do this only leaves a smaller chance of it.
    """
    code = b"".join(struct.pack("HBBI", *each) for each in _NO_NEW_CONNECTIONS)
    program = ctypes.create_string_buffer(code)
    said = struct.pack("HL", len(_NO_NEW_CONNECTIONS), ctypes.addressof(program))
    if sys.platform == "linux":
        with suppress(OSError):
            listening.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, said)


class MainProcess(Arbiter):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's main process, which begins itself anew on SIGUSR2 and leaves its port in order."""

    def __init__(self, app: Any) -> None:
        super().__init__(app)
        self.START_CTX["args"] = [sys.executable, "-m", _SERVER]

    def start(self) -> None:
        """Take the port; whoever starts the hub reads where. Then load what all workers share."""
        super().start()
        places = " ".join(str(listener) for listener in self.LISTENERS)
        log.info("the web listens at %s", places)
        self.app.share()

    def reexec(self) -> None:
        """SIGUSR2: start a successor on the same port; SIGTERM to this one is then the change."""
        super().reexec()
        if self.reexec_pid:
            log.info("a successor starts on the same port", extra={"successor": self.reexec_pid})

    def stop(self, graceful: bool = True) -> None:  # noqa: FBT001, FBT002 - as gunicorn calls it
        """Give the port up, unless it goes on in other hands: a successor's, or the system's."""
        if not (self.systemd or self._has_successor() or self._has_predecessor()):
            for listener in self.LISTENERS:
                turn_away(listener.sock)
        super().stop(graceful)

    def _has_successor(self) -> bool:
        self.reap_workers()  # it may have ended
        return bool(self.reexec_pid)

    def _has_predecessor(self) -> bool:
        return bool(self.master_pid) and self.master_pid == os.getppid()
