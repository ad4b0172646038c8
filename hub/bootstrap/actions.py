"""Which actions exist: the built-in modules, and those of installed plug-ins, in one list."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points

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
    """Every action by name; raises `Misconfigured` when two have one name."""
    modules = [import_module(name) for name in BUILTIN_ACTIONS]
    modules += [found.load() for found in entry_points(group=PLUG_INS)]
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
