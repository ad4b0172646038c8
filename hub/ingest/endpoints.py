"""Which workflow a method and a path belong to: an index made once, never a path on disk (S12)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from hub.engine.workflow import Endpoint
from hub.errors import Rejected

_Methods = dict[str, str]


@dataclass(frozen=True)
class Match:
    """The workflow of a request, and what the `{name}` parts of its path were."""

    workflow: str
    params: Mapping[str, str] = field(default_factory=dict)


class EndpointIndex:
    """All enabled endpoints, by name of their workflow."""

    def __init__(self, endpoints: Mapping[str, Endpoint]) -> None:
        self._fixed: dict[str, _Methods] = {}
        self._open: dict[tuple[str, ...], _Methods] = {}
        for workflow, endpoint in endpoints.items():
            if "{" in endpoint.path:
                parts = tuple(endpoint.path.split("/"))
                self._open.setdefault(parts, {})[endpoint.method] = workflow
            else:
                self._fixed.setdefault(endpoint.path, {})[endpoint.method] = workflow

    def find(self, method: str, path: str) -> Match:
        """The workflow for a request; raises `Rejected` 404, or 405 with `Allow`.

        A path without `{name}` parts wins over one with them.
        """
        allowed: set[str] = set()
        for methods, params in self._candidates(path):
            if method in methods:
                return Match(methods[method], params)
            allowed |= methods.keys()
        if not allowed:
            raise Rejected(404, "There is no such endpoint.")
        raise Rejected(
            405,
            "This endpoint takes another method.",
            headers={"Allow": ", ".join(sorted(allowed))},
        )

    def at(self, path: str) -> list[str]:
        """The workflows of a path, whatever method they take."""
        return [name for methods, _ in self._candidates(path) for name in methods.values()]

    def _candidates(self, path: str) -> list[tuple[_Methods, dict[str, str]]]:
        found: list[tuple[_Methods, dict[str, str]]] = []
        if path in self._fixed:
            found.append((self._fixed[path], {}))
        given = path.split("/")
        for parts, methods in self._open.items():
            params = _params(parts, given)
            if params is not None:
                found.append((methods, params))
        return found


def is_one_of(paths: Iterable[str], path: str) -> bool:
    """Whether the path of a request is one of these, which may have `{name}` parts."""
    given = path.split("/")
    return any(_params(tuple(each.split("/")), given) is not None for each in paths)


def _params(parts: tuple[str, ...], given: list[str]) -> dict[str, str] | None:
    if len(parts) != len(given):
        return None
    params = {}
    for part, value in zip(parts, given, strict=True):
        if part.startswith("{"):
            if not value:
                return None
            params[part[1:-1]] = value
        elif part != value:
            return None
    return params
