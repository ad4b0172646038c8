"""What the checker knows at one place of a workflow, and what it found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from hub.engine.expressions.syntax import Node
from hub.engine.expressions.types import Type, union_of

PathKey = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class TypeProblem:
    """A finding inside an expression; offsets count in its text.

    `source` is the file whose schema decided, where one did; `fix` is to be written there.
    """

    code: str
    message: str
    start: int
    end: int
    is_warning: bool = False
    source: str | None = None
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
    `sources`: the schema files that describe what lies at a path.
    `variants`: for a path whose text says which of several objects its owner is (the name of an
    event), these objects by that text.
    `fixed_vars`: the variables in which there is never any data (S14).
    """

    names: Mapping[str, Type]
    present: frozenset[PathKey] = frozenset()
    why: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[PathKey, str] = field(default_factory=dict)
    variants: Mapping[PathKey, Mapping[str, Type]] = field(default_factory=dict)
    fixed_vars: frozenset[str] = frozenset()

    def with_names(self, names: Mapping[str, Type]) -> TypeEnv:
        """The same place with more names, or others for the same names.

        What was known about replaced names is forgotten.
        """
        kept = frozenset(path for path in self.present if path[0] not in names)
        sources = {path: file for path, file in self.sources.items() if path[0] not in names}
        variants = {path: each for path, each in self.variants.items() if path[0] not in names}
        return replace(
            self,
            names={**self.names, **names},
            present=kept,
            sources=sources,
            variants=variants,
        )

    def with_present(self, paths: Iterable[PathKey]) -> TypeEnv:
        """The same place where these paths, and all they lead through, are known to be there."""
        known = {path[:length] for path in paths for length in range(1, len(path) + 1)}
        return replace(self, present=self.present | known) if known else self

    def source_of(self, path: PathKey | None) -> str | None:
        """The schema file that describes what lies at a path; None where there is none."""
        lengths = range(0 if path is None else len(path), 0, -1)
        found = (self.sources.get(path[:length]) for length in lengths if path is not None)
        return next((file for file in found if file is not None), None)


def joined(places: Sequence[TypeEnv]) -> TypeEnv:
    """The place that several ways lead to: what only some of them have may be missing there."""
    first, *others = places
    names = dict(first.names)
    sources, variants = dict(first.sources), dict(first.variants)
    for other in others:
        for name in names.keys() & other.names.keys():
            names[name] = union_of((names[name], other.names[name]))
        sources |= other.sources
        for path, kinds in other.variants.items():
            variants[path] = {**variants.get(path, {}), **kinds}
    present = first.present.intersection(*(other.present for other in others))
    return replace(first, names=names, present=present, sources=sources, variants=variants)


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

    def error(
        self,
        code: str,
        message: str,
        place: Node,
        *,
        source: str | None = None,
        fix: str | None = None,
    ) -> None:
        """Note something that is wrong."""
        problem = TypeProblem(code, message, place.start, place.end, source=source, fix=fix)
        self.problems.append(problem)

    def warning(
        self,
        code: str,
        message: str,
        place: Node,
        *,
        source: str | None = None,
        fix: str | None = None,
    ) -> None:
        """Note something that is doubtful."""
        problem = TypeProblem(
            code, message, place.start, place.end, is_warning=True, source=source, fix=fix
        )
        self.problems.append(problem)
