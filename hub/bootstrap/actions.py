"""Which actions and connectors exist: the built-in modules and those of installed plug-ins.

What is declared only stands back for an implementation of the same name, such as a plug-in's.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import get_args

from sqlalchemy import Connection

from hub import plug_ins
from hub.action import Action, Effect, actions_of
from hub.connectors.connections import Connector
from hub.connectors.http import Http
from hub.errors import Misconfigured
from hub.schemas import compile_schema

BUILT_IN = (
    "hub.domain.appointments",
    "hub.domain.booking_sessions.sessions",
    "hub.domain.booking_sessions.start",
    "hub.domain.bookings.deadlines",
    "hub.domain.bookings.figures",
    "hub.domain.bookings.jobs",
    "hub.domain.bookings.services",
    "hub.domain.bookings.staff",
    "hub.domain.bookings.tenants",
    "hub.domain.bookings.waiting_list",
    "hub.domain.interactions",
    "hub.domain.leads",
    "hub.domain.links",
    "hub.domain.mail_addresses",
    "hub.domain.mechanics",
    "hub.domain.opt_outs",
    "hub.domain.phone_bookings",
    "hub.domain.phones",
    "hub.domain.service_requests",
    "hub.domain.session_changes",
    "hub.domain.sessions",
    "hub.domain.slot_monitor",
    "hub.domain.slots",
    "hub.domain.stuck_bookings",
    "hub.connectors.airtable",
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
    "hub.connectors.sms_status",
    "hub.connectors.sql",
    "hub.connectors.stripe",
    "hub.connectors.supabase",
    "hub.connectors.vapi",
    "hub.connectors.vapi_reading",
    "hub.connectors.webhooks",
)


@cache
def all_actions() -> dict[str, Action]:
    """Every action by name.

    Raises `Misconfigured` when two implement one name or a plug-in cannot be loaded.
    """
    found = [(module.__name__, each) for module in _modules() for each in actions_of(module)]
    ways_out = {Http, *(each.client for each in all_connectors().values())}
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
        _check_services(each, home, ways_out)
        _check_words(each, home)
        homes[each.name] = home
        actions[each.name] = each
    return dict(sorted(actions.items()))


def _check_services(action: Action, home: str, ways_out: AbstractSet[type]) -> None:
    """What can call out passes the gate as such, and has no transaction of ours (D10, E4)."""
    asked = {each.annotation for each in action.services}
    if action.outward and Connection in asked:
        raise Misconfigured(f"{action.name} in {home} is outward: it cannot have a Connection.")
    if not action.outward and asked & ways_out:
        raise Misconfigured(
            f"{action.name} in {home} can call out: declare it with outward=True,"
            " so that it does nothing in mode simulate."
        )


def _check_words(action: Action, home: str) -> None:
    """What no type checker held a package to: its effect, and an example that is an output."""
    if action.effect not in get_args(Effect):
        raise Misconfigured(
            f"{action.name} in {home} has the effect {action.effect!r}:"
            f" it is one of {', '.join(get_args(Effect))}."
        )
    if home in BUILT_IN:
        return  # ours are compared by a test: not at each start
    found = compile_schema(action.output_schema).problems(dict(action.example))
    if found:
        raise Misconfigured(
            f"{action.name} in {home} has an example that is no output of its: {found[0].message}."
        )


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
    brought = map(plug_ins.load_module, plug_ins.plug_ins(plug_ins.ACTIONS))
    return (*map(import_module, BUILT_IN), *brought)
