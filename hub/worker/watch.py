"""One thread that looks at the project's files until it is stopped, and puts them in force."""

from __future__ import annotations

import threading

from hub.bootstrap import Hub
from hub.bootstrap.following import Following


class Watch:
    """Keeps the hub of this process up to date."""

    def __init__(self, hub: Hub) -> None:
        self._following = Following(hub)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._go, name="files", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the present look."""
        self._stopping.set()

    def join(self) -> None:
        """Wait for the end."""
        self._thread.join()

    def _go(self) -> None:
        while not self._stopping.wait(self._following.pause):
            self._following.take(self._following.look())
