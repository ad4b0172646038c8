"""Which ways to prove oneself there are: the built-in ones and those of installed packages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint

from hub import plug_ins
from hub.engine.compile import KNOWN_OPTIONS
from hub.errors import Misconfigured
from hub.ingest.signatures import AUTH_TYPES, AuthType

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)


@cache
def all_auth_types() -> Mapping[str, AuthType]:
    """Every `type` of a preset by its name, which is that of the entry point.

    Raises `Misconfigured` when two have one name, or a package's cannot be loaded or is none.
    """
    found = dict(AUTH_TYPES)
    homes: dict[str, str] = {}
    for plug_in in plug_ins.plug_ins(plug_ins.AUTH_TYPES):
        if plug_in.name in found:
            home = homes.get(plug_in.name, "the hub itself")
            raise Misconfigured(
                f"Two auth types are called {plug_in.name}: in {_home(plug_in)} and in {home}."
                " Remove one of the packages."
            )
        homes[plug_in.name] = _home(plug_in)
        found[plug_in.name] = _loaded(plug_in)
    return found


def _loaded(plug_in: EntryPoint) -> AuthType:
    if _NAME.fullmatch(plug_in.name) is None:
        raise Misconfigured(
            f"The auth type {plug_in.name} of {_home(plug_in)} needs a name of small letters,"
            " digits and _."
        )
    loaded = plug_ins.load(plug_in)
    if not isinstance(loaded, AuthType):
        raise Misconfigured(
            f"The auth type {plug_in.name} of {_home(plug_in)} must be an AuthType of"
            f" hub.ingest.signatures; {plug_in.value} is none."
        )
    unknown = sorted(set(loaded.options) - KNOWN_OPTIONS)
    if unknown:
        raise Misconfigured(
            f"The auth type {plug_in.name} of {_home(plug_in)} has options that hub.yaml does not"
            f" know: {', '.join(unknown)}. It may have {', '.join(sorted(KNOWN_OPTIONS))}."
        )
    return loaded


def _home(plug_in: EntryPoint) -> str:
    """The package, and the module within it."""
    package = plug_in.dist.name if plug_in.dist is not None else "a package"
    return f"{package} ({plug_in.value})"
