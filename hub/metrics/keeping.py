"""The files in which the figures of a process lie, and what becomes of them when it is gone.

Each process has files of its own under a name that no other ever has, and holds a lock on one of
them as long as it lives: the kernel lets go of it, however the process ends. Whoever finds files
without a living owner adds their counts to `past.json`, in one replacement, and removes them; the
gauges of the dead count no more.
"""

from __future__ import annotations

import errno
import fcntl
import json
import logging
import os
import struct
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from threading import Lock
from typing import Any, ClassVar

from hub.metrics.catalogue import CATALOGUE
from hub.metrics.metric import Metric

log = logging.getLogger(__name__)

Counts = dict[str, dict[str, float]]  # kind → the library's key of a value → the value
_LARGEST = 8 * 1024 * 1024  # bytes of one file: labels are bounded, and this is their bound
_SUMMED = ("counter", "histogram")
_GAUGES = "gauge_livesum"
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, RuntimeError, struct.error)


@dataclass(frozen=True)
class Keeper:
    """The directory of a machine's figures. `name` is that of this process, if it keeps any."""

    folder: Path
    name: str | None = None
    _alive: int | None = field(default=None, repr=False)
    _files: _Files | None = field(default=None, repr=False)

    def close(self) -> None:
        """Keep no figures any more; what was counted stays."""
        if self._files is None or self._alive is None:
            return
        for metric in CATALOGUE.values():
            metric.bind(None)
        from prometheus_client import values  # noqa: PLC0415 - loaded by `keep`

        values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]
        self._files.close()
        os.close(self._alive)

    def living(self) -> dict[str, str]:
        """The names of living processes, each with its role."""
        names = [path.stem for path in self.folder.glob("*.alive") if not _is_free(path)]
        return {name: name.partition("-")[0] for name in names}

    def bury(self) -> None:
        """Add the counts of dead processes to those of the past; one process at a time does so."""
        with suppress(OSError), alone(self.folder) as is_alone:
            if is_alone:
                self._bury()

    def counts(self) -> Counts:
        """What all processes counted, the dead ones too; gauges of the living. Lock-free."""
        while True:
            past, before = self._past()
            total: defaultdict[str, defaultdict[str, float]] = defaultdict(
                lambda: defaultdict(float)
            )
            _add(total, past.counts)
            living = self.living()
            for path in self.folder.glob("*.db"):
                kind, name = _kind_and_name(path)
                if name not in past.buried and (kind in _SUMMED or name in living):
                    _add(total, {kind.partition("_")[0]: _values(path)})
            if self._past()[1] == before:  # nobody was buried meanwhile: nothing is counted twice
                return {kind: dict(values) for kind, values in total.items()}

    # ------------------------------------------------------------------------------------ the past

    def _past(self) -> tuple[_Past, tuple[int, int]]:
        """What is left of the dead, and which edition of it this is."""
        path = self.folder / "past.json"
        try:
            with path.open(encoding="utf-8") as file:
                stat = os.fstat(file.fileno())
                edition = stat.st_ino, stat.st_mtime_ns
                try:
                    told = json.load(file)
                    return _Past(told["counts"], frozenset(told["buried"])), edition
                except _UNREADABLE:
                    log.warning("%s cannot be read: counts begin anew", path)
                    return _Past(), edition
        except OSError:
            return _Past(), (0, 0)

    def _bury(self) -> None:
        past, _ = self._past()
        files = list(self.folder.glob("*.db"))
        names = {path.stem for path in self.folder.glob("*.alive")}
        living = self.living()  # after the files: whoever began meanwhile has none among them
        names -= living.keys()
        dead = [path for path in files if _kind_and_name(path)[1] not in living]
        if not dead and not names:
            return
        total: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
        _add(total, past.counts)
        for path in dead:
            kind, name = _kind_and_name(path)
            names.add(name)
            if name not in past.buried and kind in _SUMMED:
                _add(total, {kind: _values(path)})
        self._replace_past({"counts": total, "buried": sorted(names)})
        for path in dead:
            path.unlink(missing_ok=True)
        for name in names:
            (self.folder / f"{name}.alive").unlink(missing_ok=True)

    def _replace_past(self, past: Mapping[str, Any]) -> None:
        fresh = self.folder / "past.json.new"
        try:
            fresh.write_text(json.dumps(past), "utf-8")
            fresh.replace(self.folder / "past.json")
        except OSError:
            fresh.unlink(missing_ok=True)
            raise


@dataclass(frozen=True)
class _Past:
    """`buried`: whose counts are in it, though files of theirs may still lie there."""

    counts: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    buried: frozenset[str] = frozenset()


def keep(folder: Path, *, role: str) -> Keeper:
    """Keep the figures of this process from now on; call it after a fork, once.

    A directory that cannot be written costs the figures, is told in the log, and nothing else.
    """
    name = f"{role}-{os.getpid()}-{token_hex(4)}"
    try:
        for each in (folder.parent, folder):  # the first may become the state of `hub dev`
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
        alive = _say_alive(folder, name)
        files = _Files(folder, name)
    except OSError as problem:
        log.warning("no figures are kept: HUB_METRICS_DIR, %s: %s", folder, problem.strerror)
        return Keeper(folder)
    keeper = Keeper(folder, name, alive, files)
    keeper.bury()
    for metric in CATALOGUE.values():
        if metric.source == "processes":
            metric.bind(_bound(metric, files))
    return keeper


def _say_alive(folder: Path, name: str) -> int:
    """A file under this process's lock, which nobody ever sees without it."""
    hidden, shown = folder / f"{name}.new", folder / f"{name}.alive"
    descriptor = os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    hidden.replace(shown)
    return descriptor


def _is_free(path: Path) -> bool:
    """Whether nobody holds the lock on a file, so that its owner is dead."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


@contextmanager
def alone(folder: Path) -> Iterator[bool]:
    """Whether this process may change what others read; never waits."""
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(descriptor)


def _kind_and_name(path: Path) -> tuple[str, str]:
    kind, _, name = path.stem.rpartition("_")
    return kind, name


def _values(path: Path) -> dict[str, float]:
    """The values of one file; none of one that nobody can read."""
    from prometheus_client.mmap_dict import MmapedDict  # noqa: PLC0415 - only where it is kept

    try:
        read = MmapedDict.read_all_values_from_file(path)  # type: ignore[no-untyped-call]
        return {key: value for key, value, _, _ in read}
    except FileNotFoundError:
        return {}
    except _UNREADABLE:
        log.warning("the figures in %s cannot be read", path)
        return {}


def _add(
    total: defaultdict[str, defaultdict[str, float]], more: Mapping[str, Mapping[str, float]]
) -> None:
    for kind, values in more.items():
        for key, value in values.items():
            total[kind][key] += value


# --------------------------------------------------------------------- the library's side of it


class _Files:
    """The files of this process, one for each kind, allocated before they are written.

    A value in a mapped file that the disk has no room for would end the process by a signal.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.lock = Lock()
        self._folder, self._name = folder, name
        self._open: dict[str, Any] = {}
        self._is_told = False
        self.of("counter")

    def of(self, kind: str) -> Any:
        """The file of a kind; raises `OSError` when there is no room for it."""
        if kind not in self._open:
            self._open[kind] = _allocated(self._folder / f"{kind}_{self._name}.db")
        return self._open[kind]

    def close(self) -> None:
        """Let go of the files."""
        for file in self._open.values():
            file.close()

    def tell(self, problem: OSError) -> None:
        """Say once that figures are missing."""
        if not self._is_told:
            self._is_told = True
            log.warning("some figures are not kept: %s", problem.strerror)


def _allocated(path: Path) -> Any:
    """A mapped dictionary of the library whose every page has its place on the disk."""
    from prometheus_client import mmap_dict  # noqa: PLC0415 - only where it is kept

    class Allocated(mmap_dict.MmapedDict):
        def _init_value(self, key: str) -> None:
            needed = self._used + len(key.encode()) + 64
            size = self._capacity
            while needed > size:
                size *= 2
            if size > _LARGEST:
                raise OSError(errno.EFBIG, "there are too many labels")
            if size > self._capacity:
                _fill(path, self._capacity, size)
            super()._init_value(key)  # type: ignore[no-untyped-call]

    _fill(path, 0, mmap_dict._INITIAL_MMAP_SIZE)  # noqa: SLF001 - there is no other name for it
    return Allocated(str(path))  # type: ignore[no-untyped-call]


def _fill(path: Path, begin: int, end: int) -> None:
    """Bytes of zero that the file system has room for; raises `OSError`, and nothing is longer."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.lseek(descriptor, begin, os.SEEK_SET)
        left = end - begin
        while left:
            left -= os.write(descriptor, bytes(left))
        os.fsync(descriptor)  # some file systems find out only now
    except OSError:
        os.ftruncate(descriptor, begin)
        raise
    finally:
        os.close(descriptor)


def _bound(metric: Metric, files: _Files) -> Any:
    """The library's own metric, whose values lie in our files."""
    import prometheus_client  # noqa: PLC0415 - commands that keep nothing load nothing
    from prometheus_client import values  # noqa: PLC0415

    _Value.files = files
    values.ValueClass = _Value
    made: dict[str, Any] = {
        "counter": prometheus_client.Counter,
        "gauge": prometheus_client.Gauge,
        "histogram": prometheus_client.Histogram,
    }
    options: dict[str, Any] = {"registry": None}
    if metric.kind == "histogram":
        options["buckets"] = metric.buckets
    if metric.kind == "gauge":
        options["multiprocess_mode"] = "livesum"
    return made[metric.kind](metric.name, "", metric.labels, **options)


class _Value:
    """What the library calls a value: a number in a file, or only in memory where there is none."""

    _multiprocess = True
    files: ClassVar[_Files]

    def __init__(self, typ: str, *named: Any, multiprocess_mode: str = "", **_: Any) -> None:
        from prometheus_client.mmap_dict import mmap_key  # noqa: PLC0415

        self._key = mmap_key(*named)
        self._value, self._file = 0.0, None
        with self.files.lock:
            try:
                file = self.files.of(f"{typ}_{multiprocess_mode}" if multiprocess_mode else typ)
                self._value, _at = file.read_value(self._key)
                self._file = file
            except OSError as problem:
                self.files.tell(problem)

    def inc(self, amount: float) -> None:
        with self.files.lock:
            self._write(self._value + amount)

    def set(self, value: float, timestamp: float | None = None) -> None:  # noqa: ARG002
        with self.files.lock:
            self._write(value)

    def get(self) -> float:
        with self.files.lock:
            return self._value

    def set_exemplar(self, _exemplar: Any) -> None:
        """There are none."""

    def get_exemplar(self) -> None:
        return None

    def _write(self, value: float) -> None:
        self._value = value
        if self._file is not None:
            self._file.write_value(self._key, value, 0.0)
