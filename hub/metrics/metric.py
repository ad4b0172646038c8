"""A metric: a name, a meaning, the names of its labels. Counts nothing until it is bound."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Literal

Kind = Literal["counter", "gauge", "histogram"]
Source = Literal["processes", "database", "here"]

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
LONG_SECONDS = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 86_400.0)


@dataclass
class Metric:
    """One metric. Labels hold names from files and fixed words, never data of a payload.

    `source`: `processes` add it up in their files; `database` and `here` are asked for each page.
    """

    name: str
    meaning: str
    kind: Kind
    labels: tuple[str, ...] = ()
    source: Source = "processes"
    buckets: tuple[float, ...] = ()
    _kept: Any = field(default=None, repr=False)
    _of_labels: dict[tuple[str, ...], Any] = field(default_factory=dict, repr=False)

    def bind(self, kept: Any) -> None:
        """From now on `kept`, of the library, has the figures; None: they are not kept."""
        self._kept = kept
        self._of_labels = {}

    def add(self, *labels: str, by: float = 1) -> None:
        """Count; a gauge may go down as well."""
        if self._kept is not None:
            self._value(labels).inc(by)

    def set(self, value: float) -> None:
        """What a gauge shows of this process."""
        if self._kept is not None:
            self._kept.set(value)

    def observe(self, value: float, *labels: str) -> None:
        """One more measured value, such as seconds."""
        if self._kept is not None:
            self._value(labels).observe(value)

    def _value(self, labels: tuple[str, ...]) -> Any:
        """What counts under these labels; the library looks for it under a lock."""
        found = self._of_labels.get(labels)
        if found is None:
            found = self._kept.labels(*labels) if labels else self._kept
            self._of_labels[labels] = found
        return found

    @contextmanager
    def timed(self, *labels: str) -> Iterator[None]:
        """Observe how many seconds it took, however it ended."""
        began = perf_counter()
        try:
            yield
        finally:
            self.observe(perf_counter() - began, *labels)
