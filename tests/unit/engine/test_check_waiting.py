"""What is seen behind waits, events, branches side by side, groups and handlers."""

from __future__ import annotations

import pytest

from tests.unit.engine.order_project import FILES, findings

HEAD = """\
hub: 1
title: Minimal

endpoint:
  auth: broker
  payload: schemas/order.json

steps:
"""
GET = "    do: orders.get\n    with: {order_id: x}\n"
INNER_GET = "        do: orders.get\n        with: {order_id: x}\n"
WAIT = (
    "  - id: paid\n    wait: {for: [order.paid, order.failed], key: '${{ payload.item }}'}\n"
    "    timeout: 1h\n"
)


def told(steps: str, *, head: str = HEAD) -> list[tuple[str, int]]:
    """Codes of the findings and the lines below `steps:` they stand in."""
    first = head.count("\n")
    files = {**FILES, "workflows/minimal.yaml": head + steps}
    return [
        (finding.code, finding.line - first)
        for finding in findings(files)
        if finding.file == "workflows/minimal.yaml"
    ]


def test_fields_that_only_one_of_several_events_has_may_be_missing():
    assert told(WAIT + "  - log: ${{ steps.paid.data.amount }}\n") == []
    assert told(WAIT + "  - log: ${{ steps.paid.data.method }}\n") == [("HUB210", 4)]
    assert told(WAIT + "  - log: ${{ steps.paid.data.nothing }}\n") == [("HUB203", 4)]


@pytest.mark.parametrize(
    "condition",
    [
        "steps.paid.event == 'order.paid'",
        "('order.paid' == steps.paid.event)",
        "steps.paid.event != 'order.failed'",
        "not (steps.paid.event == 'order.failed')",
        "steps.paid.event in ['order.paid']",
        "steps.paid.event not in ['order.failed']",
        "payload.is_express and steps.paid.event == 'order.paid'",
    ],
)
def test_the_name_of_the_event_says_which_fields_there_are(condition):
    steps = WAIT + f"  - if: {condition}\n    log: ${{{{ steps.paid.data.method }}}}\n"

    assert told(steps) == []
    assert told(steps.replace("method", "reason")) == [("HUB203", 5)]


def test_a_condition_that_may_be_true_for_another_event_says_nothing():
    assert told(
        WAIT + "  - if: payload.is_express or steps.paid.event == 'order.paid'\n"
        "    log: ${{ steps.paid.data.method }}\n"
    ) == [("HUB210", 5)]


def test_a_guard_against_an_event_leaves_the_others():
    assert told(
        WAIT + "  - if: steps.paid.event == 'order.failed'\n    fail: no\n"
        "  - log: ${{ steps.paid.data.method }}\n"
    ) == [("HUB106", 5)]


def test_inside_of_a_case_the_value_is_the_one_of_the_case():
    steps = (
        WAIT + "  - switch: steps.paid.event\n    cases:\n      order.paid:\n"
        "        - log: ${{ steps.paid.data.method }}\n      else:\n"
        "        - log: ${{ steps.paid.data.reason }}\n"
    )

    assert told(steps) == []


def test_what_was_ruled_out_needs_no_case():
    assert not told(
        "  - if: payload.kind == 'gift'\n    return: x\n"
        "  - switch: payload.kind\n    cases:\n      normal:\n        - log: x\n"
    )


def test_a_case_that_was_ruled_out_can_never_match():
    assert told(
        "  - if: payload.kind == 'gift'\n    return: x\n"
        "  - switch: payload.kind\n    cases:\n      normal:\n        - log: x\n"
        "      gift:\n        - log: y\n"
    ) == [("HUB321", 7)]


def test_branches_that_compared_meet_again_with_all_values():
    assert not told(
        "  - if: payload.kind == 'gift'\n    log: x\n"
        "  - if: payload.kind == 'gift'\n    log: y\n  - if: payload.kind != 'gift'\n    log: z\n"
    )


@pytest.mark.parametrize("state", ["timed_out", "failed"])
def test_a_wait_that_goes_on_when_the_time_is_over_may_have_no_result(state):
    key = "on_timeout" if state == "timed_out" else "on_error"
    steps = (
        f"{WAIT}    {key}: continue\n"
        f"  - if: steps.paid is {state}\n    return: x\n  - log: ${{{{ steps.paid.event }}}}\n"
    )

    assert told(steps) == []
    assert told(steps.replace("return: x", "log: x")) == [("HUB210", 7)]


def test_the_other_state_proves_nothing():
    steps = (
        WAIT + "    on_timeout: continue\n    on_error: continue\n"
        "  - if: steps.paid is timed_out\n    return: x\n"
    )

    assert told(steps + "  - log: ${{ steps.paid.event }}\n") == [("HUB210", 8)]
    assert not told(
        steps + "  - if: steps.paid is failed\n    return: x\n  - log: ${{ steps.paid.event }}\n"
    )


def test_a_step_that_was_not_skipped_has_a_result():
    steps = (
        "  - id: one\n    if: payload.is_express\n" + GET + "  - if: steps.one is not skipped\n"
        "    log: ${{ steps.one.status }}\n"
    )

    assert told(steps) == []
    assert told(steps.replace("is not skipped", "is skipped")) == [("HUB210", 6)]


def test_what_a_handler_continues_with_is_one_of_the_results():
    steps = (
        "  - id: one\n"
        + GET
        + "    on_error:\n      - if: error.code == 'unknown_order'\n        continue: VALUE\n"
        "  - switch: steps.one.status\n    cases:\n      open | paid | failed:\n        - log: x\n"
    )

    assert not told(steps.replace("VALUE", "{status: open}"))
    assert told(steps.replace("VALUE", "{status: lost}")) == [("HUB322", 7)]
    assert told(steps.replace("VALUE", "{state: open}")) == [("HUB210", 7)]


def test_what_a_handler_that_continues_has_done_may_be_missing():
    steps = (
        "  - id: one\n"
        + GET
        + "    on_error:\n      - id: two\n"
        + INNER_GET
        + "      - continue: ${{ steps.two }}\n  - log: ${{ steps.one.status }}\n"
        "  - log: ${{ steps.two.status | default('-') }}\n"
    )

    assert not told(steps)
    assert told(steps.replace(" | default('-')", "")) == [("HUB210", 10)]


def test_the_error_is_known_only_inside_of_its_handler():
    steps = (
        "  - id: one\n"
        + GET
        + "    on_error:\n      - continue: {status: open}\n  - log: ${{ error.code }}\n"
    )

    assert told(steps) == [("HUB201", 6)]


def test_what_undoes_a_step_sees_its_result_and_nobody_sees_what_it_does():
    steps = (
        "  - id: one\n" + GET + "    compensate:\n      - id: gone\n        do: orders.cancel\n"
        "        with: {order_id: '${{ steps.one.id }}'}\n  - log: ${{ steps.gone }}\n"
    )

    assert told(steps) == [("HUB202", 8)]


def test_the_result_of_a_group_that_may_fail_may_be_missing_with_all_inside():
    steps = (
        "  - id: both\n    steps:\n      - id: one\n"
        + INNER_GET
        + "    on_error: continue\n  - log: ${{ steps.one.status }}\n"
    )

    assert told(steps) == [("HUB210", 7)]
    assert not told(steps.replace("    on_error: continue\n", ""))
    assert not told(steps.replace("  - log:", "  - if: steps.one is ok\n    log:"))


def test_the_handler_of_a_group_may_miss_what_is_inside():
    assert told(
        "  - id: both\n    steps:\n      - id: one\n"
        + INNER_GET
        + "    on_error:\n      - log: ${{ steps.one.status }}\n"
    ) == [("HUB210", 7)]


def test_behind_parallel_branches_the_results_of_all_are_seen():
    steps = (
        "  - id: both\n    parallel:\n      a:\n        - id: one\n          do: orders.get\n"
        "          with: {order_id: x}\n      b:\n        - id: two\n          do: orders.get\n"
        "          with: {order_id: x}\n  - log: ${{ steps.one.id }} ${{ steps.two.id }}\n"
    )

    assert not told(steps)
    first = steps.replace("    parallel:\n", "    wait_for: first\n    parallel:\n")
    assert told(first) == [("HUB210", 12), ("HUB210", 12)]
    unlucky = steps.replace("  - log:", "    on_error: continue\n  - log:")
    assert told(unlucky) == [("HUB210", 12), ("HUB210", 12)]


def test_a_branch_does_not_see_what_runs_at_the_same_time():
    assert told(
        "  - id: both\n    parallel:\n      a:\n        - id: one\n          do: orders.get\n"
        "          with: {order_id: x}\n      b:\n        - log: ${{ steps.one.id }}\n"
    ) == [("HUB202", 8)]


def test_a_branch_that_always_ends_the_run_leaves_nothing_behind():
    assert told(
        "  - id: both\n    parallel:\n      a:\n        - return: x\n      b:\n        - log: x\n"
        "  - log: never\n"
    ) == [("HUB320", 7)]


@pytest.mark.parametrize("end", ["  - return: done\n", "  - fail: broken\n", ""])
def test_the_last_steps_may_see_every_result_however_the_run_ends(end):
    steps = (
        "  - id: one\n" + GET + end + "\non_error:\n"
        "  - log: ${{ steps.one.status | default('-') }} ${{ error.code }}\n\n"
        "on_cancel:\n  - log: ${{ steps.one.status | default('-') }}\n"
    )

    assert not told(steps)
    assert told(steps.replace(" | default('-')", ""))[0][0] == "HUB210"


def test_a_guard_proves_nothing_for_the_last_steps():
    assert told(
        "  - if: payload.note is not set\n    return: x\n  - log: ${{ payload.note }}\n\n"
        "on_error:\n  - log: ${{ payload.note }}\n"
    ) == [("HUB210", 6)]


def test_a_detached_call_gives_the_id_of_the_other_run():
    steps = (
        "  - id: other\n    call: remind\n    with: {order_id: x, at: '${{ payload.due }}'}\n"
        "    detach: true\n  - log: ${{ steps.other.FIELD }}\n"
    )

    assert not told(steps.replace("FIELD", "run_id"))
    assert told(steps.replace("FIELD", "told")) == [("HUB203", 5)]


def test_a_poll_beside_several_events_has_no_name():
    steps = (
        "  - id: paid\n    wait:\n      for: [order.paid, order.failed]\n"
        "      key: ${{ payload.item }}\n      or_poll:\n        do: orders.get\n"
        "        with: {order_id: x}\n        every: 5s\n        done_if: result.status == 'paid'\n"
        "        data: {amount: '${{ result.price }}', method: card}\n    timeout: 1h\n"
        "  - log: ${{ steps.paid.event LATER }}\n"
    )

    assert told(steps.replace("LATER", "")) == [("HUB210", 12)]
    assert not told(steps.replace("LATER", "| default('asked')"))


def test_what_a_poll_found_is_what_its_condition_says():
    assert not told(
        "  - id: asked\n    wait:\n      poll:\n        do: orders.get\n"
        "        with: {order_id: x}\n        every: 5s\n"
        "        done_if: result.reason is set\n        data: ${{ result.reason | upper }}\n"
        "    timeout: 1h\n  - log: ${{ steps.asked.data }}\n"
    )


def test_a_whole_result_may_have_more_fields_than_the_event_it_stands_for():
    steps = (
        "  - id: seen\n    wait:\n      for: order.paid\n      key: ${{ payload.item }}\n"
        "      or_poll:\n        do: web.get\n        with: {url: 'https://example.com'}\n"
        "        every: 5s\n        done_if: result.paid == true\n        data: DATA\n"
        "    timeout: 1h\n  - log: ${{ steps.seen.data.method }}\n"
    )

    assert not told(steps.replace("DATA", "\"${{ {'amount': 1, 'method': 'card', 'more': 2} }}\""))
    assert told(steps.replace("DATA", "{amount: 1, method: card, more: 2}")) == [("HUB209", 10)]
    assert told(steps.replace("DATA", "\"${{ {'amount': 1} }}\"")) == [("HUB209", 10)]


def test_the_trigger_of_an_event_workflow_is_its_event():
    head = HEAD.replace(
        "endpoint:\n  auth: broker\n  payload: schemas/order.json\n",
        "event:\n  name: order.paid\n  only_if: event.data.method == 'card'\n",
    )

    assert not told("  - log: ${{ event.name }} ${{ event.data.card | default('') }}\n", head=head)
    assert told("  - log: ${{ event.data.crad }}\n", head=head) == [("HUB203", 1)]


@pytest.mark.parametrize(
    ("wait", "is_late"),
    [
        ("wait: 10m", True),
        ("wait: 4s", False),
        ("wait: {for: order.paid, key: '${{ payload.item }}'}\n    timeout: 15m", True),
        ("wait: {for: order.paid, key: '${{ payload.item }}'}\n    timeout: 3s", False),
        ("if: payload.is_express\n    wait: 10m", False),
    ],
)
def test_an_answer_behind_a_long_wait_comes_too_late(wait, is_late):
    head = HEAD.replace("order.json\n", "order.json\n  respond: {within: 5s, otherwise: later}\n")
    steps = f"  - id: pause\n    {wait}\n  - reply: done\n"

    assert [code for code, _ in told(steps, head=head)] == (["HUB618"] if is_late else [])


def test_an_answer_that_only_a_handler_gives_is_none():
    head = HEAD.replace("order.json\n", "order.json\n  respond: {within: 5s, otherwise: x}\n")
    steps = "  - id: one\n" + GET + "    on_error:\n      - return: broken\n"

    assert told(steps, head=head) == [("HUB612", -2)]


def test_the_schema_that_decided_is_named():
    steps = WAIT.replace("[order.paid, order.failed]", "order.paid") + (
        "  - log: ${{ steps.paid.data.crad }} ${{ payload.itme }}\n"
        "  - if: payload.kind == 'none'\n    log: x\n"
        "  - emit: order.checked\n    key: ${{ payload.item }}\n    data: {id: x, status: paid}\n"
    )
    files = {**FILES, "workflows/minimal.yaml": HEAD + steps}

    assert [(finding.code, finding.source) for finding in findings(files)] == [
        ("HUB203", "schemas/events/order.paid.json"),
        ("HUB203", "schemas/order.json"),
        ("HUB208", "schemas/order.json"),
        ("HUB209", "schemas/events/order.checked.json"),
    ]
