"""A second clean project: an order that is paid, fails or is given up, with all that waits."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Literal

from hub.action import Action, action, actions_of
from hub.engine.findings import Finding
from hub.engine.project import Project, load_project
from tests.unit.engine.small_project import ACTIONS as SMALL_ACTIONS
from tests.unit.engine.small_project import AUTH_TYPES, DIALECTS, HUB


@dataclass(frozen=True)
class Order:
    """What somebody wants to buy."""

    id: str
    price: int
    status: Literal["open", "paid", "failed"]
    reason: str | None = None


@action("orders.create", effect="idempotent", errors=("sold_out",), example={})
def create(*, customer: str, item: str, price: int) -> Order:
    """Make an order."""
    raise NotImplementedError


@action("orders.cancel", effect="idempotent", errors=("shipped",), example={})
def cancel(*, order_id: str) -> None:
    """Take an order back."""
    raise NotImplementedError


@action("orders.get", effect="read", errors=("unknown_order",), example={})
def get(*, order_id: str) -> Order:
    """Look at an order."""
    raise NotImplementedError


ACTIONS: dict[str, Action] = {
    **SMALL_ACTIONS,
    **{each.name: each for each in actions_of(sys.modules[__name__])},
}
CONNECTIONS = {"slack": ("chat.post",), "web": ("web.get",)}

PROJECT = (
    HUB
    + """
connections:
  team:
    type: slack
    credentials:
      token: API_TOKEN
  shop:
    type: web
    base_url: https://shop.example.com
"""
)

ORDER_SCHEMA = """\
{
  "type": "object",
  "properties": {
    "customer": {"type": "string", "format": "email", "x-pii": true},
    "item": {"type": "string"},
    "price": {"type": "integer"},
    "kind": {"type": "string", "enum": ["gift", "normal"]},
    "is_express": {"type": "boolean"},
    "due": {"type": "string", "format": "date-time"},
    "note": {"type": "string"}
  },
  "required": ["customer", "item", "price", "kind", "is_express", "due"]
}
"""
PAID = """\
{
  "type": "object",
  "properties": {
    "amount": {"type": "integer"},
    "method": {"type": "string", "enum": ["card", "cash"]},
    "card": {"type": "string"}
  },
  "required": ["amount", "method"]
}
"""
FAILED = """\
{
  "type": "object",
  "properties": {
    "amount": {"type": "integer"},
    "reason": {"type": "string"}
  },
  "required": ["amount", "reason"]
}
"""
CHECKED = """\
{
  "type": "object",
  "properties": {
    "id": {"type": "string"},
    "price": {"type": "integer"},
    "status": {"type": "string", "enum": ["open", "paid", "failed"]},
    "reason": {"type": ["string", "null"]}
  },
  "required": ["id", "price", "status"]
}
"""
GIVEN_UP = '{"type": "object", "properties": {}}\n'

ORDER = """\
# yaml-language-server: $schema=workflow.schema.json
hub: 1
title: Order and pay

endpoint:
  auth: broker
  payload: schemas/order.json
  respond:
    within: 5s
    otherwise: {run: "${{ run.id }}"}

timeout: 2d

concurrency:
  key: ${{ payload.item }}
  limit: 3

cancel_on:
  event: order.given_up
  key: ${{ run.id }}

steps:
  - id: order
    do: orders.create
    with:
      customer: ${{ payload.customer }}
      item: ${{ payload.item }}
      price: ${{ payload.price }}
    on_error:
      - if: error.code == 'sold_out'
        return: Sold out.
        status: 409
    compensate:
      - do: orders.cancel
        with:
          order_id: ${{ steps.order.id }}

  - reply: Please pay for ${{ steps.order.id }}.

  - id: paid
    wait:
      for: [order.paid, order.failed]
      key: ${{ steps.order.id }}
      only_if: event.data.amount == payload.price
    timeout: 15m
    on_timeout:
      - fail: never_paid
        message: Nothing came for ${{ steps.order.id }}

  - if: steps.paid.event == 'order.failed'
    then:
      - log: Failed because of ${{ steps.paid.data.reason }}
      - fail: payment_failed

  - switch: steps.paid.data.method
    cases:
      card:
        - vars: {how: "by card ${{ steps.paid.data.card | default('') }}"}
      cash:
        - vars: {how: in cash}

  - id: shop
    steps:
      - id: told
        do: chat.post
        connection: team
        with:
          channel: "#orders"
          text: ${{ steps.order.id }} is paid ${{ vars.how }}
      - emit: order.checked
        key: ${{ steps.order.id }}
        data:
          id: ${{ steps.order.id }}
          price: ${{ payload.price }}
          status: paid
    timeout: 1m
    on_error:
      - log: The shop knows nothing (${{ error.code }})
      - continue:

  - id: sides
    parallel:
      seats:
        - id: seats
          do: seats.list
          with:
            at: ${{ payload.due }}
      page:
        - id: page
          do: web.get
          connection: shop
          with:
            url: https://shop.example.com/${{ steps.order.id }}
            bearer: ${{ secrets.API_TOKEN }}
            page: templates/order.html

  - id: seen
    wait:
      for: order.checked
      key: ${{ steps.order.id }}
      or_poll:
        do: orders.get
        with:
          order_id: ${{ steps.order.id }}
        every: 30s
        done_if: result.status != 'open'
        data: ${{ result }}
    timeout: 10m
    on_timeout: continue

  - if: steps.seen is timed_out
    return: Nobody looked at it.

  - log: Seen as ${{ steps.seen.data.status }} with ${{ steps.seats.seats | length }} seats

  - id: pause
    wait: {until: "${{ payload.due | minus('1h') }}"}

  - id: last
    wait:
      poll:
        do: orders.get
        with:
          order_id: ${{ steps.order.id }}
        every: 1m
        done_if: result.status == 'paid'
    timeout: 1h

  - id: best
    do: orders.get
    with:
      order_id: ${{ steps.order.id }}
    on_error:
      - if: error.code == 'unknown_order'
        continue: ${{ steps.last.data }}

  - id: reminder
    call: remind
    with:
      order_id: ${{ steps.best.id }}
      at: ${{ payload.due }}
    detach: true

  - if: payload.kind == 'gift' and payload.note is set
    log: A gift with ${{ payload.note }}

  - return: ${{ steps.reminder.run_id }} ${{ steps.best.status }}

on_cancel:
  - id: sorry
    do: chat.post
    with:
      channel: "#orders"
      text: Given up ${{ steps.order.id | default('early') }}

on_error:
  - if: steps.told is ok
    log: The shop was told, then ${{ error.code }}
"""

REMIND = """\
hub: 1
title: Remind of an order

inputs:
  order_id: {type: string}
  at: {type: string, format: date-time}

cancel_on:
  - event: [order.given_up, order.failed]
    key: ${{ inputs.order_id }}
    only_if: event.name == 'order.given_up' or event.data.amount > 10

steps:
  - id: due
    wait: {until: "${{ inputs.at | minus('1h') }}"}

  - id: tell
    do: chat.post
    with:
      channel: "#orders"
      text: ${{ inputs.order_id }} is due at ${{ steps.due.at | local('time') }}
    once_per: ${{ inputs.order_id }}

  - return:
      told: true
"""

NOTE = """\
hub: 1
title: Note what is paid

event:
  name: [order.paid, order.failed]
  only_if: event.data.amount > 0

steps:
  - switch: event.name
    cases:
      order.paid:
        - log: Paid ${{ event.data.method }} for ${{ event.key }}
      order.failed:
        - log: Failed because of ${{ event.data.reason }}

  - id: seats
    do: seats.list
    with:
      at: ${{ event.at }}
"""

PAGE = """\
<p>${{ payload.customer }} ordered ${{ payload.item | upper }}.</p>
<p>${{ steps.order.id }}${{ ', ' ~ payload.note if payload.note is set else '' }}</p>
"""

FILES = {
    "hub.yaml": PROJECT,
    "schemas/order.json": ORDER_SCHEMA,
    "schemas/events/order.paid.json": PAID,
    "schemas/events/order.failed.json": FAILED,
    "schemas/events/order.checked.json": CHECKED,
    "schemas/events/order.given_up.json": GIVEN_UP,
    "workflows/order.yaml": ORDER,
    "workflows/remind.yaml": REMIND,
    "workflows/note.yaml": NOTE,
    "templates/order.html": PAGE,
}


def load(files: dict[str, str]) -> Project:
    """Load a set of files with these actions."""
    return load_project(
        files,
        actions=ACTIONS,
        auth_types=AUTH_TYPES,
        dialects=DIALECTS,
        connection_types=CONNECTIONS,
    )


def findings(files: dict[str, str]) -> list[Finding]:
    """What is wrong with these files."""
    return list(load(files).findings)
