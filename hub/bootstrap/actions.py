"""Which actions and connectors exist: the built-in modules and those of installed plug-ins.

What is declared only stands back for an implementation of the same name, such as a plug-in's.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint
from types import ModuleType

from hub.action import Action, actions_of
from hub.bootstrap import plug_ins
from hub.connectors.connections import Connector
from hub.errors import Misconfigured

BUILT_IN = (
    "hub.domain.appointments",
    "hub.domain.declared",
    "hub.domain.interactions",
    "hub.domain.leads",
    "hub.domain.opt_outs",
    "hub.domain.phones",
    "hub.connectors.airtable",
    "hub.connectors.declared",
    "hub.connectors.email",
    "hub.connectors.google.calendar",
    "hub.connectors.google.client",
    "hub.connectors.google.free_busy",
    "hub.connectors.google.gmail",
    "hub.connectors.google.sheets",
    "hub.connectors.http.actions",
    "hub.connectors.hubspot",
    "hub.connectors.llm",
    "hub.connectors.slack",
    "hub.connectors.slack_webhook",
    "hub.connectors.sms",
    "hub.connectors.sql",
    "hub.connectors.supabase",
    "hub.connectors.vapi",
    "hub.connectors.webhooks",
)


@cache
def all_actions() -> dict[str, Action]:
    """Every action by name.

    Raises `Misconfigured` when two implement one name or a plug-in cannot be loaded.
    """
    found = [(module.__name__, each) for module in _modules() for each in actions_of(module)]
    actions = {each.name: each for _, each in found if not each.is_implemented}
    homes: dict[str, str] = {}
    for home, each in found:
        if not each.is_implemented:
            continue
        if each.name in homes:
            raise Misconfigured(
                f"Two actions are called {each.name}: in {home} and in {homes[each.name]}."
                " Remove one of the packages."
            )
        homes[each.name] = home
        actions[each.name] = each
    return dict(sorted(actions.items()))


@cache
def all_connectors() -> dict[str, Connector]:
    """Every connector by its type of connection, as written in `type:`; raises `Misconfigured`."""
    connectors: dict[str, Connector] = {}
    for module in _modules():
        found = getattr(module, "CONNECTOR", None)
        if not isinstance(found, Connector):
            continue
        if found.kind.name in connectors:
            raise Misconfigured(
                f"Two packages bring connections of type {found.kind.name}; one is"
                f" {module.__name__}. Remove one of the packages."
            )
        connectors[found.kind.name] = found
    return connectors


def _modules() -> tuple[ModuleType, ...]:
    return (*map(import_module, BUILT_IN), *map(_load, plug_ins.installed()[plug_ins.ACTIONS]))


def _load(plug_in: EntryPoint) -> ModuleType:
    loaded = plug_ins.load(plug_in)
    if not isinstance(loaded, ModuleType):
        raise Misconfigured(
            f"The plug-in {plug_in.name} must name a module; {plug_in.value} is none."
        )
    return loaded
