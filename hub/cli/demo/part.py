"""What can be played: a part with its scenes, and what must be true after each of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar

from hub.cli.demo.caller import Answer
from hub.cli.demo.stage import Stage
from hub.config import Settings
from hub.errors import NotPossible


@dataclass(frozen=True)
class Claim:
    """Something that must be true after a scene, and whether it is."""

    text: str
    is_true: bool


@dataclass(frozen=True)
class Scene:
    """What is seen: the request, the answer, and the claims."""

    title: str
    request: str
    answer: Answer
    claims: tuple[Claim, ...]
    spoken: str | None = None


@dataclass(frozen=True)
class Outfit:
    """What a part needs beside web and worker: variables, and other children of the household."""

    variables: Mapping[str, str] = field(default_factory=dict)
    children: tuple[str, ...] = ()


class Part(ABC):
    """One flow on the stage. `needed` and `wanted` are the workflows that it plays.

    A part without one of those it needs is not played; what it wants is shown where it is there.
    """

    title: ClassVar[str]
    needed: ClassVar[tuple[str, ...]]
    wanted: ClassVar[tuple[str, ...]] = ()
    shown: ClassVar[tuple[str, ...]]

    def __init__(self, stage: Stage, *, mark: str) -> None:
        """`mark` makes the ids of this performance its own."""
        self.stage = stage
        self.mark = mark

    @classmethod
    def played(cls) -> tuple[str, ...]:
        """All its workflows."""
        return (*cls.needed, *cls.wanted)

    @classmethod
    def require_flows(cls, present: Iterable[str]) -> None:
        """Raises `NotPossible` when the project lacks a workflow that the part plays."""
        known = set(present)
        missing = [name for name in cls.needed if name not in known]
        if missing:
            raise NotPossible(
                f"the demonstration needs the workflows {', '.join(missing)}: see `hub check`"
            )

    @classmethod
    @contextmanager
    def outfit(cls, settings: Settings) -> Iterator[Outfit]:  # noqa: ARG003 - for those who need it
        """What is there while the part is played: nothing more, for most."""
        yield Outfit()

    @abstractmethod
    def prepare(self) -> None:
        """Rows to play with, or those of last time as they were before it."""

    @property
    @abstractmethod
    def scenes(self) -> Iterable[Callable[[], Scene]]:
        """In the order in which they are played; later ones build on earlier ones."""

    @abstractmethod
    def say_rows(self) -> None:
        """What lies in the tables now."""
