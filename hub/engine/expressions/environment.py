"""What the checker knows at one place of a workflow, and what it found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from hub.engine.expressions.syntax import Node
from hub.engine.expressions.types import Type

PathKey = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class TypeProblem:
    """A finding inside an expression; offsets count in its text, `fix` is to be written there."""

    code: str
    message: str
    start: int
    end: int
    is_warning: bool = False
    fix: str | None = None

    def moved(self, distance: int) -> TypeProblem:
        """The same finding in a text that begins `distance` characters earlier."""
        return replace(self, start=self.start + distance, end=self.end + distance)


@dataclass(frozen=True, slots=True)
class TypeEnv:
    """The names in scope and their types.

    `present`: paths that are known to be there and not null, such as `("payload", "phone")`.
    `why`: for names and steps that exist elsewhere, why not here, by path (`payload`,
    `steps.hold`); the text ends the message of HUB201 and HUB202.
    """

    names: Mapping[str, Type]
    present: frozenset[PathKey] = frozenset()
    why: Mapping[str, str] = field(default_factory=dict)

    def with_names(self, names: Mapping[str, Type]) -> TypeEnv:
        """The same place with more names, or others for the same names.

        What was known about replaced names is forgotten.
        """
        kept = frozenset(path for path in self.present if path[0] not in names)
        return replace(self, names={**self.names, **names}, present=kept)

    def with_present(self, paths: Iterable[PathKey]) -> TypeEnv:
        """The same place where these paths, and all they lead through, are known to be there."""
        known = {path[:length] for path in paths for length in range(1, len(path) + 1)}
        return replace(self, present=self.present | known) if known else self


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of one part of an expression.

    `missing` names the first field that may not be there. `is_certain`: nothing about it is
    unknown, so a `default` can be called useless.
    """

    type: Type
    missing: str | None = None
    is_certain: bool = True


class Findings:
    """The problems of one expression, in the order they are found."""

    def __init__(self) -> None:
        self.problems: list[TypeProblem] = []

    def error(self, code: str, message: str, place: Node, *, fix: str | None = None) -> None:
        """Note something that is wrong."""
        self.problems.append(TypeProblem(code, message, place.start, place.end, fix=fix))

    def warning(self, code: str, message: str, place: Node) -> None:
        """Note something that is doubtful."""
        self.problems.append(TypeProblem(code, message, place.start, place.end, is_warning=True))
