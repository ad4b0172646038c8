"""Planted mistakes in flows that wait, send events, branch side by side and undo.

Length: one row for each mistake.
"""

from __future__ import annotations

import pytest

from tests.unit.engine.order_project import FILES, findings
from tests.unit.engine.planted import check_planted

ORDER, REMIND, NOTE = "workflows/order.yaml", "workflows/remind.yaml", "workflows/note.yaml"
SCHEMAS, PAGE = "schemas/order.json", "templates/order.html"

# code, file, text of the clean file, the text with the mistake
STRUCTURE = [
    ("HUB101", NOTE, "      order.paid:", "«\t»     order.paid:"),
    ("HUB102", NOTE, "title: Note what is paid", "title: Note«:» what"),
    ("HUB103", ORDER, "return: Sold out.", "return: «{{ payload.item }}»"),
    ("HUB104", REMIND, "told: true", "told: «&yes» true"),
    ("HUB105", ORDER, "if: steps.told is ok", "if: «!steps.told»"),
    ("HUB106", REMIND, "told: true", "told: «yes»"),
    ("HUB107", ORDER, "return: Sold out.", "return: Sold out «#now»"),
    ("HUB108", ORDER, "    timeout: 1h\n", "    timeout: 1h\n    «timeout»: 2h\n"),
    ("HUB110", ORDER, "    timeout: 1h\n", "    timeout: «an hour»\n"),
    ("HUB110", ORDER, "        every: 1m", "        every: «often»"),
    ("HUB110", ORDER, "        every: 1m\n", "        every: 1m\n        «untl»: 3\n"),
    (
        "HUB110",
        ORDER,
        "      key: ${{ steps.order.id }}\n      only_if:",
        "      key: ${{ steps.order.id }}\n      «kye»: 1\n      only_if:",
    ),
    ("HUB110", ORDER, "connection: team", "connection: «tem»"),
    ("HUB110", ORDER, "connection: team", "connection: «shop»"),
    ("HUB110", ORDER, "connection: shop", "connection: «team»"),
    ("HUB110", ORDER, "    detach: true", "    detach: true\n    «timeout»: 1h"),
    (
        "HUB110",
        ORDER,
        "      - do: orders.cancel",
        "      - «return»: x\n      - do: orders.cancel",
    ),
    ("HUB110", REMIND, "  - id: due\n", "  - id: due\n    «every»: 3s\n"),
    ("HUB111", NOTE, "steps:\n", "«inputs»: {}\n\nsteps:\n"),
    (
        "HUB211",
        ORDER,
        "  - id: pause\n    wait: {until: \"${{ payload.due | minus('1h') }}\"}",
        "  - «wait: 10m»",
    ),
    ("HUB212", ORDER, "- id: pause", "- id: «paid»"),
    ("HUB213", ORDER, "for: [order.paid, order.failed]", "for: [order.paid, «order.failled»]"),
    ("HUB213", ORDER, "emit: order.checked", "emit: «order.chekced»"),
    ("HUB213", ORDER, "event: order.given_up", "event: «order.give_up»"),
    ("HUB213", NOTE, "name: [order.paid, order.failed]", "name: [order.paid, «order.lost»]"),
    ("HUB214", ORDER, "auth: broker", "auth: «brooker»"),
    (
        "HUB215",
        ORDER,
        "      poll:\n        do: orders.get",
        "      poll:\n        do: «orders.gte»",
    ),
    ("HUB216", ORDER, "call: remind", "call: «remnid»"),
    ("HUB300", ORDER, "for ${{ steps.order.id }}.", "for «${{ steps.order.id.»"),
    (
        "HUB301",
        ORDER,
        "only_if: event.data.amount == payload.price",
        "only_if: event.data.amount «=» 3",
    ),
    (
        "HUB302",
        ORDER,
        "done_if: result.status == 'paid'",
        "done_if: «${{» result.status == 'paid' }}",
    ),
    ("HUB334", ORDER, "  key: ${{ run.id }}", "  key: «orders»"),
    ("HUB334", ORDER, "  key: ${{ payload.item }}", "  key: «all»"),
    ("HUB334", REMIND, "once_per: ${{ inputs.order_id }}", "once_per: «welcome»"),
    ("HUB401", ORDER, "schemas/order.json", "«schemas/orders.json»"),
    ("HUB402", SCHEMAS, '"item": {"type": "string"}', '"item": {"type": «"strnig"»}'),
    (
        "HUB402",
        SCHEMAS,
        '"note": {"type": "string"}',
        '"note": {"type": "string", "default": «3»}',
    ),
    ("HUB617", ORDER, "  - if: steps.told is ok\n    log:", "  - «continue»: 1\n    if: false\n#"),
    ("HUB617", REMIND, "  - return:\n      told: true", "  - «continue»: true"),
]
NAMES = [
    ("HUB201", PAGE, "{{ payload.item | upper }}", "{{ «inputs».item | upper }}"),
    ("HUB202", PAGE, "{{ steps.order.id }}", "{{ steps.«ordr».id }}"),
    ("HUB203", PAGE, "{{ payload.item | upper }}", "{{ payload.«itm» | upper }}"),
    (
        "HUB210",
        PAGE,
        "{{ ', ' ~ payload.note if payload.note is set else '' }}",
        "{{ «payload.note» }}",
    ),
    ("HUB300", PAGE, "</p>\n<p>", "</p>«${{ »\n<p>"),
    ("HUB403", ORDER, "templates/order.html", "«templates/ordr.html»"),
    ("HUB201", ORDER, "  key: ${{ run.id }}", "  key: ${{ «steps».order.id }}"),
    ("HUB201", ORDER, "  key: ${{ payload.item }}", "  key: ${{ «run».id }}"),
    (
        "HUB201",
        ORDER,
        "message: Nothing came for ${{ steps.order.id }}",
        "message: ${{ «error».code }}",
    ),
    ("HUB201", ORDER, "data: ${{ result }}", "data: ${{ «event».data }}"),
    (
        "HUB201",
        ORDER,
        "        data: ${{ result }}\n    timeout: 10m",
        "        data: ${{ result }}\n    timeout: ${{ «result».timeout }}",
    ),
    ("HUB201", ORDER, "is paid ${{ vars.how }}", "is paid ${{ «event».name }}"),
    (
        "HUB201",
        ORDER,
        "Given up ${{ steps.order.id | default('early') }}",
        "Given up ${{ «error».code }}",
    ),
    ("HUB201", REMIND, "${{ inputs.order_id }} is due", "${{ «payload».item }} is due"),
    ("HUB201", NOTE, "at: ${{ event.at }}", "at: ${{ «payload».due }}"),
    (
        "HUB202",
        ORDER,
        "url: https://shop.example.com/${{ steps.order.id }}",
        "url: https://x.example.com/${{ steps.«seats».seats | length }}",
    ),
    ("HUB202", ORDER, "${{ steps.order.id }} is paid", "${{ steps.«last».event }} is paid"),
    ("HUB202", ORDER, "order_id: ${{ steps.best.id }}", "order_id: ${{ steps.«bset».id }}"),
    ("HUB203", ORDER, "event.data.amount == payload", "event.data.«amonut» == payload"),
    (
        "HUB203",
        ORDER,
        "because of ${{ steps.paid.data.reason }}",
        "because of ${{ steps.paid.data.«method» }}",
    ),
    ("HUB203", ORDER, "switch: steps.paid.data.method", "switch: steps.paid.data.«metod»"),
    (
        "HUB203",
        ORDER,
        "Seen as ${{ steps.seen.data.status }}",
        "Seen as ${{ steps.seen.data.«state» }}",
    ),
    ("HUB203", ORDER, "steps.reminder.run_id", "steps.reminder.«told»"),
    ("HUB203", ORDER, "done_if: result.status == 'paid'", "done_if: result.«state» == 'paid'"),
    ("HUB203", REMIND, "steps.due.at", "steps.due.«data»"),
    (
        "HUB203",
        NOTE,
        "because of ${{ event.data.reason }}",
        "because of ${{ event.data.«method» }}",
    ),
    ("HUB203", ORDER, '"${{ run.id }}"', '"${{ run.«started_at» }}"'),
    ("HUB203", ORDER, "customer: ${{ payload.customer }}", "customer: ${{ payload.«custmer» }}"),
    ("HUB204", ORDER, "payload.due | minus('1h')", "payload.due | «minuss»('1h')"),
    ("HUB205", ORDER, "payload.due | minus('1h')", "«tomorrow»()"),
    ("HUB207", ORDER, "steps.told is ok", "steps.told is «succeeded»"),
    (
        "HUB217",
        NOTE,
        "  - id: seats\n    do: seats.list\n    with:\n      at: ${{ event.at }}",
        "  - id: loop\n    for_each: «event in ['a']»\n    steps:\n      - log: x",
    ),
    ("HUB218", ORDER, "  - id: shop\n", "  - vars: {«how»: again}\n\n  - id: shop\n"),
    (
        "HUB218",
        ORDER,
        "      seats:\n        - id: seats",
        (
            "      more:\n        - vars: {a: 1}\n"
            "      «seats»:\n        - vars: {a: 2}\n        - id: seats"
        ),
    ),
]
TYPES = [
    (
        "HUB206",
        ORDER,
        "only_if: event.data.amount == payload.price",
        "only_if: «event.data.amount»",
    ),
    (
        "HUB206",
        ORDER,
        "only_if: event.data.amount == payload.price",
        "only_if: «event.data.amount == payload.item»",
    ),
    (
        "HUB206",
        ORDER,
        "until: \"${{ payload.due | minus('1h') }}\"",
        'until: «"${{ payload.item }}"»',
    ),
    ("HUB206", REMIND, "until: \"${{ inputs.at | minus('1h') }}\"", "until: «tomorrow»"),
    (
        "HUB206",
        ORDER,
        "price: ${{ payload.price }}\n          status",
        "price: «${{ payload.item }}»\n          status",
    ),
    ("HUB206", ORDER, "data: ${{ result }}", "data: «${{ result.id }}»"),
    ("HUB206", ORDER, "    timeout: 10m", "    timeout: «${{ payload.price }}»"),
    (
        "HUB206",
        ORDER,
        "      key: ${{ steps.order.id }}\n      or_poll",
        "      key: «${{ steps.order }}»\n      or_poll",
    ),
    (
        "HUB206",
        ORDER,
        "at: ${{ payload.due }}\n    detach",
        "at: «${{ payload.item }}»\n    detach",
    ),
    ("HUB208", ORDER, "steps.paid.event == 'order.failed'", "steps.paid.event == «'order.lost'»"),
    ("HUB208", ORDER, "error.code == 'sold_out'", "error.code == «'soldout'»"),
    ("HUB208", ORDER, "          status: paid", "          status: «payed»"),
    ("HUB208", ORDER, "done_if: result.status != 'open'", "done_if: result.status == «'closed'»"),
    ("HUB208", ORDER, "payload.kind == 'gift'", "payload.kind == «'present'»"),
    ("HUB208", REMIND, "event.name == 'order.given_up'", "event.name == «'order.paid'»"),
    ("HUB208", ORDER, "error.code == 'unknown_order'", "error.code == «'sold_out'»"),
    ("HUB209", ORDER, "          status: paid", "          state: paid"),
    ("HUB209", ORDER, "        data:\n          id: ${{ steps.order.id }}\n", "        «data»:\n"),
    ("HUB209", ORDER, "      order_id: ${{ steps.best.id }}\n", ""),
    (
        "HUB209",
        ORDER,
        "        with:\n          order_id: ${{ steps.order.id }}\n        every: 1m",
        (
            "        with:\n          order_id: ${{ steps.order.id }}\n"
            "          «deep»: 1\n        every: 1m"
        ),
    ),
    ("HUB210", ORDER, "{{ steps.order.id | default('early') }}", "{{ «steps.order.id» }}"),
    ("HUB210", ORDER, "{{ steps.paid.data.card | default('') }}", "{{ «steps.paid.data.card» }}"),
    (
        "HUB210",
        ORDER,
        "  - if: steps.seen is timed_out\n    return: Nobody",
        "  - if: steps.seen is timed_out\n    log: Nobody",
    ),
    ("HUB210", ORDER, "and payload.note is set", "and «payload.note» == 'x'"),
    (
        "HUB210",
        ORDER,
        "log: The shop was told, then ${{ error.code }}",
        "log: ${{ «steps.best.status» }}",
    ),
    (
        "HUB210",
        ORDER,
        "price: ${{ payload.price }}\n          status",
        "price: «null»\n          status",
    ),
    (
        "HUB320",
        ORDER,
        "      - fail: payment_failed\n",
        "      - fail: payment_failed\n      - «log: late»\n",
    ),
    (
        "HUB320",
        ORDER,
        "        continue: ${{ steps.last.data }}\n",
        "        continue: ${{ steps.last.data }}\n      - fail: x\n      - «log: late»\n",
    ),
    (
        "HUB321",
        NOTE,
        "      order.failed:\n",
        "      «order.lost»:\n        - log: x\n      order.failed:\n",
    ),
    (
        "HUB321",
        ORDER,
        "      cash:\n",
        "      «paypal»:\n        - vars: {how: in money}\n      cash:\n",
    ),
    ("HUB321", ORDER, "      cash:\n", "      «card | cash»:\n"),
    (
        "HUB321",
        NOTE,
        "        - log: Failed because of ${{ event.data.reason }}\n",
        (
            "        - log: Failed because of ${{ event.data.reason }}\n"
            "      «else»:\n        - log: x\n"
        ),
    ),
    (
        "HUB321",
        ORDER,
        "  - id: shop\n",
        (
            "  - switch: payload.is_express\n    cases:\n      true | false:\n        - log: x\n"
            "      «else»:\n        - log: y\n\n  - id: shop\n"
        ),
    ),
    (
        "HUB322",
        NOTE,
        "      order.failed:\n        - log: Failed because of ${{ event.data.reason }}\n",
        "",
    ),
    (
        "HUB322",
        ORDER,
        "  - id: shop\n",
        (
            "  - switch: «payload.is_express»\n    cases:\n      true:\n        - log: x\n\n"
            "  - id: shop\n"
        ),
    ),
    ("HUB322", ORDER, "switch: steps.paid.data.method\n", "switch: «payload.item»\n"),
    (
        "HUB331",
        ORDER,
        "{{ steps.seen.data.status }}",
        "{{ steps.seen.data.status | «default('x')» }}",
    ),
    ("HUB331", ORDER, "payload.note is set", "payload.item «is set» and payload.note is set"),
    ("HUB332", ORDER, "payload.note is set", "«payload.item != null» and payload.note is set"),
    ("HUB332", REMIND, "event.data.amount > 10", "«event.key == null»"),
    (
        "HUB333",
        ORDER,
        "payload.kind == 'gift' and payload.note is set\n    log: A gift with ${{ payload.note }}",
        "«true»\n    log: x",
    ),
    ("HUB333", ORDER, "only_if: event.data.amount == payload.price", "only_if: «1 < 2»"),
    (
        "HUB501",
        ORDER,
        "https://shop.example.com/${{ steps.order.id }}",
        "«https://shop.example.com/${{ secrets.API_TOKEN }}»",
    ),
    (
        "HUB501",
        ORDER,
        "id: ${{ steps.order.id }}\n          price",
        "id: «${{ secrets.API_TOKEN }}»\n          price",
    ),
    ("HUB501", ORDER, "      - continue:\n", "      - continue: «${{ secrets.API_TOKEN }}»\n"),
    (
        "HUB501",
        ORDER,
        "message: Nothing came for ${{ steps.order.id }}",
        "message: «${{ secrets.API_TOKEN }}»",
    ),
    ("HUB501", ORDER, "order_id: ${{ steps.best.id }}", "order_id: «${{ secrets.API_TOKEN }}»"),
    ("HUB501", ORDER, "Sold out.", "«${{ secrets.API_TOKEN }}»"),
    (
        "HUB502",
        ORDER,
        "log: Failed because of ${{ steps.paid.data.reason }}",
        "log: «Failed for ${{ payload.customer }}»",
    ),
    (
        "HUB502",
        ORDER,
        "log: A gift with ${{ payload.note }}",
        "log: «${{ payload.customer | upper }}»",
    ),
]
ENDS = [
    (
        "HUB618",
        ORDER,
        "steps:\n  - id: order\n",
        "steps:\n  - id: a\n    wait: 3s\n  - id: b\n    «wait»: 3s\n  - id: order\n",
    ),
    (
        "HUB110",
        ORDER,
        "    wait: {until: \"${{ payload.due | minus('1h') }}\"}\n",
        "    wait: 1h\n    «on_timeout»: continue\n",
    ),
    (
        "HUB110",
        REMIND,
        "inputs.at | minus('1h') }}\"}\n",
        "inputs.at | minus('1h') }}\"}\n    «on_timeout»:\n      - log: x\n",
    ),
    (
        "HUB614",
        ORDER,
        (
            "    wait:\n      poll:\n        do: orders.get\n        with:\n"
            "          order_id: ${{ steps.order.id }}\n        every: 1m\n"
            "        done_if: result.status == 'paid'\n    timeout: 1h\n"
        ),
        (
            "    «wait»:\n      poll:\n        do: orders.get\n        with:\n"
            "          order_id: ${{ steps.order.id }}\n        every: 1m\n"
            "        done_if: result.status == 'paid'\n"
        ),
    ),
    (
        "HUB618",
        ORDER,
        "  - reply: Please pay for ${{ steps.order.id }}.\n\n  - id: paid\n    wait:",
        "  - id: paid\n    «wait»:",
    ),
    (
        "HUB614",
        ORDER,
        (
            "    wait:\n      for: [order.paid, order.failed]\n      key: ${{ steps.order.id }}\n"
            "      only_if: event.data.amount == payload.price\n    timeout: 15m\n"
        ),
        "    «wait»:\n      for: [order.paid, order.failed]\n      key: ${{ steps.order.id }}\n",
    ),
    (
        "HUB614",
        ORDER,
        (
            "    timeout: 10m\n    on_timeout: continue\n\n"
            "  - if: steps.seen is timed_out\n    return: Nobody looked at it.\n"
        ),
        "",
    ),
    (
        "HUB615",
        ORDER,
        "      poll:\n        do: orders.get",
        "      poll:\n        do: «orders.cancel»",
    ),
    ("HUB616", REMIND, "  - return:\n      told: true", "  - «reply: x»"),
    ("HUB616", REMIND, "      told: true", "      told: true\n    status: «200»"),
    (
        "HUB616",
        NOTE,
        "        - log: Failed because of ${{ event.data.reason }}",
        "        - fail: lost\n          status: «404»",
    ),
    (
        "HUB616",
        NOTE,
        "        - log: Failed because of ${{ event.data.reason }}",
        "        - «reply: never»",
    ),
    (
        "HUB619",
        ORDER,
        "  - id: pause\n",
        (
            '  - id: now\n    call: «remind»\n    with: {order_id: x, at: "${{ payload.due }}"}\n\n'
            "  - id: pause\n"
        ),
    ),
]
MISTAKES = [*STRUCTURE, *NAMES, *TYPES, *ENDS]


@pytest.mark.parametrize(("code", "path", "old", "new"), MISTAKES)
def test_a_mistake_is_told_at_its_place(code, path, old, new):
    check_planted((code, path, old, new), FILES, findings)


def test_the_clean_project_has_no_findings():
    assert findings(FILES) == []


def test_every_mistake_is_of_a_different_kind_or_place():
    assert len(set(MISTAKES)) == len(MISTAKES)
