"""Web and worker as children of one command, with their servers: what `hub dev` keeps running.

Each child's lines come out with its name before them. SIGTERM or Ctrl-C drains both; a second one
ends them at once, which is as safe as any crash (E14).
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from types import FrameType
from typing import IO, Self

import click

from hub import embedded
from hub.bootstrap import check_server, check_values
from hub.bootstrap.secret_forms import made_up
from hub.cli.console import complain, printable
from hub.cli.environment import (
    Environment,
    completed,
    environment_of,
    generated_secrets,
    keep_secrets,
    without_value,
)
from hub.cli.ports import is_free
from hub.config import Settings
from hub.errors import Misconfigured, NotPossible
from hub.parent import end_with_parent
from hub.storage import migrate

DRAIN_WITHIN = 32  # seconds; each child has 30 (E14)
_LOOK_EVERY = 0.3  # seconds between two looks at the children
_REVIVE_EVERY = 1.0  # seconds between two looks at the servers
CHILDREN = ("web", "worker")
_OURSELVES = (sys.executable, "-m", "hub")
_MOST_DEATHS, _WITHIN = 5, 60.0  # so many deaths of one child in so many seconds are the end
_COLOURS = {"web": "cyan", "worker": "magenta", "browser-worker": "blue"}
_LEVELS = {"warning": "yellow", "error": "red", "critical": "red"}
_SHOWN_FIRST = ("at", "level", "message", "logger", "exception")

Revive = Callable[[], Sequence[str]]


@dataclass(frozen=True)
class Prepared:
    """What is ready for web and worker to start. `made` names the secrets that were made up.

    `revive` starts servers of ours again that ended, and names them.
    """

    settings: Settings
    secrets_file: Path
    made: tuple[str, ...]
    revive: Revive = tuple


@contextmanager
def prepared(environment: Environment) -> Iterator[Prepared]:
    """Servers that answer, tables of this version, a value for every secret; stops its servers."""
    signal.signal(signal.SIGTERM, _leave)
    stated = environment.stated
    declared = environment.loaded.project.settings
    known = generated_secrets(stated.state_dir)
    missing = without_value([*declared.secrets, "HUB_ENCRYPTION_KEY", "HUB_METRICS_TOKEN"], stated)
    made = {name: made_up(name, known.get(name), declared) for name in missing}
    check_values(completed(stated, made), declared)
    with ExitStack() as at_end:
        found: dict[str, str] = {}
        revive: Revive = tuple
        if not (stated.database_url and stated.redis_url):
            servers = at_end.enter_context(embedded.start(stated.state_dir))
            found["HUB_DATABASE_URL"] = servers.database_url
            found["HUB_REDIS_URL"] = servers.redis_url
            revive = servers.revive
        stated.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        secrets_file = keep_secrets(stated.state_dir, {**known, **made})
        settings = completed(stated, {**found, **made})
        migrate.upgrade(settings.database_url, actor=environment.actor)
        check_server(settings)
        yield Prepared(settings, secrets_file, tuple(sorted(made)), revive)


def _leave(_number: int, _frame: FrameType | None) -> None:
    """SIGTERM before the children run: what was started is stopped on the way out."""
    sys.exit(1)


class Deaths:
    """When the children died, to tell an accident from a child that cannot live."""

    def __init__(self) -> None:
        self._times: defaultdict[str, deque[float]] = defaultdict(
            lambda: deque(maxlen=_MOST_DEATHS)
        )

    def count(self, name: str, at: float) -> bool:
        """Note a death at this second; whether it was one too many."""
        times = self._times[name]
        times.append(at)
        return len(times) == _MOST_DEATHS and at - times[0] <= _WITHIN


def how_it_ended(code: int) -> str:
    """The return code of a process, in words."""
    return f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"


class Household:
    """The children, from their start to their end. `program` is what runs `web` and `worker`.

    `revive` is asked once a second to start servers again that ended.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        is_quiet: bool = False,
        program: Sequence[str] = _OURSELVES,
        revive: Revive = tuple,
        children: Sequence[str] = CHILDREN,
    ) -> None:
        self._settings = settings
        self._revive = revive
        self._revived_at = monotonic()
        self._program = program
        self._names = children
        self._deaths = Deaths()
        self._is_quiet = is_quiet
        self._children: dict[str, subprocess.Popen[str]] = {}
        self._readers: list[threading.Thread] = []
        self._someone_ended = threading.Event()
        self._signals = 0

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        for name in self._names:
            self._start(name)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)

    @property
    def is_stopping(self) -> bool:
        """Whether somebody asked for the end."""
        return self._signals > 0

    def missing(self) -> str | None:
        """The name of a child that ended without being asked."""
        if self.is_stopping:
            return None
        return next(
            (name for name, each in self._children.items() if each.poll() is not None), None
        )

    def wait(self) -> int:
        """Until a signal (0), or until a child that is started again cannot live (1)."""
        while not self.is_stopping:
            self._someone_ended.wait(_LOOK_EVERY)
            self._someone_ended.clear()
            self._revive_servers()
            name = self.missing()
            if name is not None and not self._start_again(name):
                return 1
        return 0

    def _revive_servers(self) -> None:
        if self.is_stopping or monotonic() - self._revived_at < _REVIVE_EVERY:
            return
        try:
            for name in self._revive():
                complain(f"hub: {name} had ended; started again")
        except Misconfigured as problem:  # the next look tries again
            complain(f"hub: {problem}")
        self._revived_at = monotonic()

    def _start_again(self, name: str) -> bool:
        """False when the child died too often for that."""
        ended = f"{name} {how_it_ended(self._children[name].returncode)}"
        if self._deaths.count(name, monotonic()):
            complain(
                f"hub: {ended}, the {_MOST_DEATHS}th time within a minute; stopping."
                f" Its log is above, in the lines that begin with {name}"
            )
            return False
        if name == "web":
            self._wait_for_free_port()
        if not self.is_stopping:
            complain(f"hub: {ended}; started again")
            self._start(name)
        return True

    def _wait_for_free_port(self) -> None:
        """What is left of a killed web lets go of the port within seconds."""
        ends_at = monotonic() + DRAIN_WITHIN
        pause = threading.Event()
        while not is_free(self._settings.host, self._settings.port):
            if self.is_stopping or monotonic() > ends_at:
                return
            pause.wait(_LOOK_EVERY)

    def wait_for_port(self) -> None:
        """Until the web listens; raises `NotPossible` when a child ended by itself instead."""
        while is_free(self._settings.host, self._settings.port) and not self.is_stopping:
            self._someone_ended.wait(_LOOK_EVERY)
            self._someone_ended.clear()
            name = self.missing()
            if name is not None and not (self._was_killed(name) and self._start_again(name)):
                raise NotPossible(f"{name} did not start: see above")

    def _was_killed(self, name: str) -> bool:
        return (self._children[name].returncode or 0) < 0

    def stop(self) -> None:
        """Drain the children; whoever is not done in time is ended."""
        for child in self._children.values():
            if child.poll() is None:
                child.terminate()
        for child in self._children.values():
            try:
                child.wait(DRAIN_WITHIN)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        for reader in self._readers:
            reader.join(timeout=2)

    def _start(self, name: str) -> None:
        child = subprocess.Popen(  # noqa: S603 - ourselves
            [*self._program, name],
            env=environment_of(self._settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # Ctrl-C reaches us alone, and we drain them
            preexec_fn=end_with_parent,  # noqa: PLW1509 - one call into C, which takes no lock
        )
        self._children[name] = child
        reader = threading.Thread(target=self._read, args=(name, child.stdout), daemon=True)
        reader.start()
        self._readers.append(reader)

    def _read(self, name: str, stream: IO[str] | None) -> None:
        for line in stream or ():
            shown = for_people(line)
            if shown is not None and not (self._is_quiet and shown.is_calm):
                label = click.style(f"{name:<6} | ", fg=_COLOURS[name])
                click.echo(label + click.style(printable(shown.text), fg=shown.colour), err=True)
        if stream is not None:
            stream.close()
        self._someone_ended.set()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1
        self._someone_ended.set()
        if self._signals > 1:
            for child in self._children.values():
                child.kill()


@dataclass(frozen=True)
class ShownLine:
    """One line of a child's log, for a person; `is_calm`: nothing is wrong."""

    text: str
    colour: str | None
    is_calm: bool


def for_people(line: str) -> ShownLine | None:
    """A JSON line of the log as `12:00:01 message key=value`; anything else stays as it is."""
    line = line.rstrip("\n")
    if not line.strip():
        return None
    try:
        event = json.loads(line)
    except ValueError:
        return ShownLine(line, None, is_calm=False)
    if not isinstance(event, dict) or "message" not in event:
        return ShownLine(line, None, is_calm=False)
    level = str(event.get("level", "info"))
    told = [str(event.get("at", ""))[11:19], str(event["message"]), *_details(event)]
    text = " ".join(part for part in told if part).replace("\n", "\\n")  # one event, one line
    if event.get("exception"):
        text = f"{text}\n{event['exception']}"
    return ShownLine(text, _LEVELS.get(level), is_calm=level in {"debug", "info", "warning"})


def _details(event: Mapping[str, object]) -> list[str]:
    return [
        f"{name}={value}"
        for name, value in event.items()
        if name not in _SHOWN_FIRST and value not in (None, "", [], {})
    ]
