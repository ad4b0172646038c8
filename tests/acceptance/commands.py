"""Every command of the hub with words that it accepts: those that change rows, those that read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from hub.domain.bookings import demo_data, tenants
from tests.acceptance.browser import make_person, make_token
from tests.acceptance.story import Story
from tests.acceptance.terminal import Terminal

ADA = "ada@example.com"
MECHANIC = UUID(int=66)
KEY = "key-of-the-front-desk"


def a_failed_run(hub: Story) -> Any:
    """A run that can be run again: its lead has no number."""
    hub.gives_phone(hub.lead())
    return hub.runs("lead-phone")[0].id


def an_answer(at: Terminal) -> Path:
    """What a voice agent would use."""
    path = at.project / "answer.json"
    path.write_text('{"results": [{"toolCallId": "call_1", "result": "Booked."}]}')
    return path


def a_waiting_run(hub: Story) -> Any:
    hub.call_ends(hub.holder(), "no_answer", is_worked=False)
    return hub.runs("vapi-call-ended")[0].id


def a_tenant(at: Terminal) -> Path:
    """A file that sets one up, without a service."""
    path = at.project / "acme.json"
    tenant = {"id": str(UUID(int=7)), "name": "Acme", "timezone": "UTC"}
    path.write_text(json.dumps({"tenant": tenant, "services": []}))
    return path


def the_demo_tenant(hub: Story) -> UUID:
    with hub.transaction() as db:
        return demo_data.load(db, hub.clock).tenants[0]


def a_key(hub: Story) -> str:
    """One that still speaks for a tenant."""
    tenant = the_demo_tenant(hub)
    with hub.transaction() as db:
        tenants.add_key(db, key_id=KEY, tenant_id=tenant, label="desk")
    return KEY


WRITING: dict[str, Callable[[Story, Terminal], list[Any]]] = {
    "hub run": lambda *_: ["run", "release-expired-phones"],
    "hub retry": lambda hub, _: ["retry", a_failed_run(hub), "--yes"],
    "hub cancel": lambda hub, _: ["cancel", a_waiting_run(hub)],
    "hub leads add": lambda *_: ["leads", "add", "--first-name", "Ada", "--last-name", "Byron"],
    "hub phones add": lambda *_: ["phones", "add", "+14155550191"],
    "hub retention apply": lambda *_: ["retention", "apply"],
    "hub bookings demo-data": lambda *_: ["bookings", "demo-data"],
    "hub bookings set-up": lambda _, at: ["bookings", "set-up", a_tenant(at)],
    "hub bookings keys add": lambda hub, _: [
        *("bookings", "keys", "add", "--label", "desk"),
        *("--tenant", the_demo_tenant(hub)),
    ],
    "hub bookings keys revoke": lambda hub, _: ["bookings", "keys", "revoke", a_key(hub)],
    "hub slots capacity": lambda *_: ["slots", "capacity", MECHANIC, "3"],
    "hub mails allow": lambda *_: ["mails", "allow", ADA],
    "hub mails block": lambda *_: ["mails", "block", ADA],
    "hub people invite": lambda *_: ["people", "invite", ADA, "--role", "admin"],
    "hub people set-role": lambda hub, _: ["people", "set-role", make_person(hub, ADA), "editor"],
    "hub people remove": lambda hub, _: ["people", "remove", make_person(hub, ADA)],
    "hub people end-sessions": lambda hub, _: ["people", "end-sessions", make_person(hub, ADA)],
    "hub people make-token": lambda hub, _: [
        "people",
        "make-token",
        make_person(hub, ADA),
        "--name",
        "x",
    ],
    "hub people revoke-token": lambda hub, _: ["people", "revoke-token", make_token(hub, ADA)],
}
READING: dict[str, Callable[[Story, Terminal], list[Any]]] = {
    "hub runs": lambda *_: ["runs"],
    "hub runs show": lambda hub, _: ["runs", "show", a_failed_run(hub)],
    "hub people list": lambda *_: ["people", "list"],
    "hub people tokens": lambda *_: ["people", "tokens"],
    "hub holds": lambda *_: ["holds"],
    "hub slots": lambda *_: ["slots"],
    "hub slots monitor": lambda *_: ["slots", "monitor"],
    "hub mails blocked": lambda *_: ["mails", "blocked"],
    "hub bookings check": lambda *_: ["bookings", "check"],
    "hub bookings list": lambda *_: ["bookings", "list"],
    "hub bookings pending": lambda *_: ["bookings", "pending"],
    "hub bookings stats": lambda *_: ["bookings", "stats"],
    "hub bookings keys list": lambda *_: ["bookings", "keys", "list"],
    "hub doctor": lambda *_: ["doctor"],
    "hub connection list": lambda *_: ["connection", "list"],
    "hub connection test": lambda *_: ["connection", "test", "slack"],
    "hub report answers": lambda *_: ["report", "answers"],
    "hub explain-reply": lambda _, at: ["explain-reply", "vapi.tool", an_answer(at)],
    "hub audit": lambda *_: ["audit"],
    "hub retention": lambda *_: ["retention"],
    "hub db backup": lambda _, at: ["db", "backup", at.project / "whole.dump"],
    "hub check": lambda *_: ["check", "--running"],
    "hub test": lambda *_: ["test", "slot-checkout"],
    "hub fmt": lambda *_: ["fmt"],
    "hub schema": lambda *_: ["schema", "workflow"],
    "hub new": lambda *_: ["new", "callback-request", "--auth", "broker", "--kind", "endpoint"],
    "hub init": lambda _, at: ["init", at.project / "another"],
    "hub tool vapi": lambda *_: ["tool", "vapi", "vapi-appointment-booked"],
    "hub openapi": lambda *_: ["openapi"],
    "hub actions": lambda *_: ["actions"],
    "hub key": lambda *_: ["key"],
    "hub platforms list": lambda *_: ["platforms", "list"],
}
# They are tried in test_cli_audit.py and test_backups.py, with databases of their own, and with a
# browser in test_cli_platforms.py.
APART = {
    "hub platforms check",
    "hub db upgrade",
    "hub db restore",
    "hub dev",
    "hub demo",
}
SERVING = {"hub web", "hub worker", "hub browser-worker"}  # they serve callers, files and rows
