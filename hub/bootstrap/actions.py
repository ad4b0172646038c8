"""Which actions exist: the built-in modules, and those of installed plug-ins, in one list."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType

from hub.action import Action, actions_of
from hub.errors import Misconfigured

BUILTIN_ACTIONS = (
    "hub.domain.appointments",
    "hub.domain.interactions",
    "hub.domain.leads",
    "hub.domain.phones",
    "hub.connectors.email",
    "hub.connectors.http.actions",
    "hub.connectors.slack",
    "hub.connectors.sms",
)
PLUG_INS = "hub.actions"


@cache
def all_actions() -> dict[str, Action]:
    """Every action by name.

    Raises `Misconfigured` when two have one name or a plug-in cannot be loaded.
    """
    modules = [import_module(name) for name in BUILTIN_ACTIONS]
    modules += [_load(found) for found in entry_points(group=PLUG_INS)]
    actions: dict[str, Action] = {}
    for module in modules:
        for action in actions_of(module):
            if action.name in actions:
                raise Misconfigured(
                    f"Two actions are called {action.name}: in {module.__name__} and in"
                    f" {actions[action.name].function.__module__}. Remove one of the packages."
                )
            actions[action.name] = action
    return dict(sorted(actions.items()))


def _load(plug_in: EntryPoint) -> ModuleType:
    try:
        loaded = plug_in.load()
    except Exception as problem:
        raise Misconfigured(
            f"The plug-in {plug_in.name} ({plug_in.value}) cannot be loaded:"
            f" {type(problem).__name__}: {problem}. Mend it, or remove its package."
        ) from problem
    if not isinstance(loaded, ModuleType):
        raise Misconfigured(
            f"The plug-in {plug_in.name} must name a module; {plug_in.value} is none."
        )
    return loaded
