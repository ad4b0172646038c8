"""What installed packages add to the hub, by entry points: actions, dialects, presets.

The installed packages are looked through once, and nothing of theirs is loaded before it is needed.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import TypeVar

from hub.errors import Misconfigured

ACTIONS = "hub.actions"
AUTH_TYPES = "hub.auth_types"
DIALECTS = "hub.dialects"
GROUPS = (ACTIONS, AUTH_TYPES, DIALECTS)

_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_T = TypeVar("_T")


@cache
def _installed() -> Mapping[str, tuple[EntryPoint, ...]]:
    """By group; one look through all packages."""
    found = entry_points()
    return {group: tuple(sorted(found.select(group=group))) for group in GROUPS}


def look_again() -> None:
    """Forget what is installed: a package came or went while this process lives."""
    _installed.cache_clear()


def plug_ins(group: str) -> tuple[EntryPoint, ...]:
    """What the installed packages bring in a group, in the order of their names."""
    return _installed()[group]


def are_installed() -> bool:
    """Whether any package brings anything."""
    return any(_installed().values())


def load(plug_in: EntryPoint) -> object:
    """What a package names; raises `Misconfigured`, which names the package, when it cannot."""
    try:
        loaded: object = plug_in.load()
    except Exception as problem:
        raise Misconfigured(
            f"The plug-in {plug_in.name} ({plug_in.value}) cannot be loaded:"
            f" {type(problem).__name__}: {problem}. Mend it, or remove its package."
        ) from problem
    return loaded


def load_module(plug_in: EntryPoint) -> ModuleType:
    """The module that a package names; raises `Misconfigured` when it is none."""
    loaded = load(plug_in)
    if not isinstance(loaded, ModuleType):
        raise Misconfigured(
            f"The plug-in {plug_in.name} must name a module; {plug_in.value} is none."
        )
    return loaded


class _ReadWhenNeeded(Mapping[str, _T]):
    """A mapping whose entries are made when somebody first asks for one."""

    def __getitem__(self, name: str) -> _T:
        return self._read()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    @abstractmethod
    def _read(self) -> Mapping[str, _T]:
        """All entries, as of the packages that are installed now."""


class Registry(_ReadWhenNeeded[_T]):
    """Our own entries and those of packages, by the names that files use; read when it is needed.

    A package names one entry, which is then called as its entry point is, or a module that has a
    mapping of them. Whoever reads it gets `Misconfigured` for a package that cannot be loaded or
    brings something else, and for a name that is taken or no name.
    """

    def __init__(
        self, own: Mapping[str, _T], *, group: str, kind: type[_T], attribute: str, noun: str
    ) -> None:
        self.own = own
        self._group, self._kind = group, kind
        self._attribute, self._noun = attribute, noun
        self._all: Mapping[str, _T] = own
        self._homes: Mapping[str, str] = {}
        self._installed: object = None

    def brought(self) -> Mapping[str, str]:
        """The names that packages brought, each with its plug-in."""
        return {name: self._homes[name] for name in self._read() if name not in self.own}

    def _read(self) -> Mapping[str, _T]:
        installed = _installed()
        if self._installed is not installed:
            brought = installed[self._group]
            self._all = {**self.own, **self._brought(brought)} if brought else self.own
            self._installed = installed
        return self._all

    def _brought(self, brought: tuple[EntryPoint, ...]) -> dict[str, _T]:
        homes = dict.fromkeys(self.own, "the hub itself")
        found: dict[str, _T] = {}
        for plug_in in brought:
            for name, entry in self._entries(plug_in):
                if name in homes:
                    raise Misconfigured(
                        f"Two {self._noun}s are called {name}: the one of the plug-in"
                        f" {plug_in.name} ({plug_in.value}) and the one of {homes[name]}."
                        " Rename it, or remove its package."
                    )
                homes[name] = f"the plug-in {plug_in.name} ({plug_in.value})"
                found[name] = entry
        self._homes = homes
        return found

    def _entries(self, plug_in: EntryPoint) -> Iterator[tuple[str, _T]]:
        loaded = load(plug_in)
        if isinstance(loaded, ModuleType):
            loaded = getattr(loaded, self._attribute, None)
        entries = {plug_in.name: loaded} if isinstance(loaded, self._kind) else loaded
        if not isinstance(entries, Mapping) or not entries:
            raise self._wrong(plug_in, "it brings none")
        for name, entry in entries.items():
            if not isinstance(name, str) or _NAME.fullmatch(name) is None:
                raise self._wrong(
                    plug_in, f"{name!r} is no name: small letters, digits, _ and dots"
                )
            if not isinstance(entry, self._kind):
                raise self._wrong(plug_in, f"{name} is none")
            own_name = getattr(entry, "name", name)
            if own_name != name:
                raise self._wrong(plug_in, f"{name} calls itself {own_name}")
            yield name, entry

    def _wrong(self, plug_in: EntryPoint, what: str) -> Misconfigured:
        return Misconfigured(
            f"The plug-in {plug_in.name} ({plug_in.value}) must name a {self._noun}, or a module"
            f" with {self._attribute} (name → {self._noun}): {what}."
            " Mend it, or remove its package."
        )


class Derived(_ReadWhenNeeded[_T]):
    """Something told of each entry of a registry; read when it is needed, and then kept."""

    def __init__(self, make: Callable[[], Mapping[str, _T]]) -> None:
        self._make = make
        self._made: Mapping[str, _T] = {}
        self._installed: object = None

    def _read(self) -> Mapping[str, _T]:
        installed = _installed()
        if self._installed is not installed:
            self._made, self._installed = self._make(), installed
        return self._made
