"""What is seen where: the ways through the steps, and the types along them."""

from __future__ import annotations

import pytest

from tests.unit.engine.small_project import FILES, load

HEAD = """\
hub: 1
title: Minimal

endpoint:
  auth: broker
  payload: schemas/book.json

steps:
"""


def told(steps: str, *, head: str = HEAD) -> list[tuple[str, int]]:
    """Codes of the findings and the lines below `steps:` they stand in."""
    first = head.count("\n")
    files = {**FILES, "workflows/minimal.yaml": head + steps}
    return [
        (finding.code, finding.line - first)
        for finding in load(files).findings
        if finding.file == "workflows/minimal.yaml"
    ]


def test_a_guard_that_ends_the_run_makes_the_value_present():
    assert not told(
        "  - if: payload.phone is not set or payload.comment is not set\n    return: no phone\n"
        "  - return: ${{ payload.phone }} ${{ payload.comment }}\n"
    )


def test_a_guard_that_goes_on_proves_nothing():
    assert told(
        "  - if: payload.phone is not set\n    log: no phone\n  - return: ${{ payload.phone }}\n"
    ) == [("HUB210", 3)]


def test_both_branches_know_what_the_condition_asked():
    assert told(
        "  - if: payload.phone is set\n    then:\n      - return: ${{ payload.phone }}\n"
        "    else:\n      - return: ${{ payload.phone }}\n"
    ) == [("HUB210", 5)]


def test_a_branch_after_elif_knows_that_the_first_condition_was_false():
    assert not told(
        "  - if: payload.phone is not set\n    then:\n      - log: none\n"
        "    elif:\n      - if: payload.phone == '+14155550100'\n        then:\n"
        "          - log: that one\n"
    )


def test_a_result_inside_a_branch_may_be_missing_after_it():
    steps = (
        "  - if: payload.count > 3\n    then:\n      - id: all\n        do: seats.list\n"
        "        with: {at: 2026-01-01T00:00:00Z}\n  - return: ${{ steps.all.seats | length }}\n"
    )

    assert told(steps) == [("HUB210", 6)]
    assert not told(steps.replace("steps.all.seats", "steps.all.seats | default([])"))


def test_a_result_of_every_way_that_goes_on_is_there():
    assert not told(
        "  - if: payload.count > 3\n    then:\n      - id: all\n        do: seats.list\n"
        "        with: {at: 2026-01-01T00:00:00Z}\n    else:\n      - return: few\n"
        "  - return: ${{ steps.all.seats | length }}\n"
    )


def test_a_skipped_step_may_be_missing():
    assert told(
        "  - id: all\n    if: payload.count > 3\n    do: seats.list\n"
        "    with: {at: 2026-01-01T00:00:00Z}\n  - return: ${{ steps.all.seats | length }}\n"
    ) == [("HUB210", 5)]


def test_a_step_that_may_fail_may_be_missing():
    steps = (
        "  - id: all\n    do: seats.list\n    with: {at: 2026-01-01T00:00:00Z}\n"
        "    on_error: continue\n"
        "  - return: ${{ steps.all.seats | length }}\n"
    )

    assert told(steps) == [("HUB210", 5)]


def test_a_step_that_is_ok_has_its_result():
    assert not told(
        "  - id: all\n    do: seats.list\n    with: {at: 2026-01-01T00:00:00Z}\n"
        "    on_error: continue\n"
        "  - if: steps.all is failed\n    then:\n      - return: failed\n"
        "  - if: steps.all is ok\n    then:\n      - return: ${{ steps.all.seats | length }}\n"
    )


def test_a_var_set_in_every_branch_is_there_with_all_its_values():
    steps = (
        "  - switch: payload.row\n    cases:\n      front:\n        - vars: {side: left}\n"
        "      back:\n        - vars: {side: right}\n  - switch: vars.side\n    cases:\n"
        "      left:\n        - log: l\n      right:\n        - log: r\n"
    )

    assert not told(steps)
    assert told(steps.replace("      right:\n", "      middle:\n")) == [
        ("HUB322", 7),
        ("HUB321", 11),
    ]


def test_a_var_of_one_branch_may_be_missing():
    assert told(
        "  - if: payload.count > 3\n    then:\n      - vars: {many: true}\n  - if: vars.many\n"
        "    log: x\n"
    ) == [("HUB210", 4)]


def test_what_a_loop_sets_is_gone_after_it():
    assert told(
        "  - id: each\n    for_each: name in payload.names\n    steps:\n"
        "      - vars: {upper: '${{ name | upper }}'}\n"
        "      - log: ${{ vars.upper }}\n  - log: ${{ vars.upper }} ${{ name }}\n"
    ) == [("HUB203", 6), ("HUB201", 6)]


def test_collected_values_keep_their_type():
    assert told(
        "  - id: each\n    for_each: name in payload.names\n    collect: ${{ name | length }}\n"
        "    steps:\n"
        "      - log: ${{ name }}\n"
        "  - log: ${{ steps.each.items | sum + 1 }} ${{ steps.each.items | join(',') | upper }}\n"
        "  - if: steps.each.count == 'x'\n    log: x\n"
    )[-1:] == [("HUB206", 7)]


def test_the_body_of_a_loop_has_one_name_for_each_loop():
    assert told(
        "  - id: outer\n    for_each: name in payload.names\n    steps:\n      - id: inner\n"
        "        for_each: name in payload.names\n        steps:\n          - log: ${{ name }}\n"
    ) == [("HUB217", 5)]


def test_the_error_of_a_step_knows_the_codes_of_its_action():
    steps = (
        "  - id: seat\n    do: seats.take\n    with:\n      guest_id: ${{ payload.guest_id }}\n"
        "      starts_at: ${{ payload.time }}\n      row: front\n    on_error:\n"
        "      - if: error.code == 'CODE'\n        return: ${{ error.message }}\n"
    )

    assert not told(steps.replace("CODE", "unknown_guest"))
    assert not told(steps.replace("CODE", "timeout"))
    assert told(steps.replace("CODE", "unknown_gest")) == [("HUB208", 8)]


def test_the_error_of_a_call_knows_the_codes_of_what_is_called():
    steps = (
        "  - id: seat\n    call: take-seat\n    with:\n      guest_id: ${{ payload.guest_id }}\n"
        "      time: ${{ payload.time }}\n    on_error:\n"
        "      - if: error.code == 'CODE'\n        return: full\n"
    )

    assert not told(steps.replace("CODE", "full"))
    assert told(steps.replace("CODE", "channel_not_found")) == [("HUB208", 7)]


def test_there_is_no_error_outside_of_a_handler():
    assert told("  - return: ${{ error.code }}\n") == [("HUB201", 1)]


def test_a_failure_goes_on_after_its_handler():
    assert not told(
        "  - id: all\n    do: seats.list\n    with: {at: 2026-01-01T00:00:00Z}\n    on_error:\n"
        "      - log: oh\n"
        "  - return: ${{ steps.all.seats | length }}\n"
    )


def test_the_result_of_a_call_is_what_the_other_returns():
    steps = (
        "  - id: seat\n    call: take-seat\n    with:\n      guest_id: ${{ payload.guest_id }}\n"
        "      time: ${{ payload.time }}\n  - return: ${{ steps.seat.FIELD }}\n"
    )

    assert not told(steps.replace("FIELD", "until | local"))
    assert told(steps.replace("FIELD", "untl")) == [("HUB203", 6)]
    assert told(steps.replace("FIELD", "number | local")) == [("HUB206", 6)]


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("${{ payload.time }}", None),
        ("2026-01-01T00:00:00Z", None),
        ("2026-01-01", "HUB206"),
        ("${{ payload.time | iso }}", None),
        ("${{ payload.comment | default('x') }}", "HUB206"),
        ("${{ payload.guest_id }}", "HUB206"),
        ("null", "HUB210"),
        ("12", "HUB206"),
    ],
)
def test_an_input_that_wants_a_date_gets_one(value, code):
    found = told(f"  - id: all\n    do: seats.list\n    with:\n      at: {value}\n")

    assert found == ([] if code is None else [(code, 4)])


def test_a_missing_input_is_told_at_the_step():
    assert told("  - id: all\n    do: seats.list\n") == [("HUB209", 2)]
    assert told(
        "  - id: all\n    do: seats.list\n    with:\n      at: ${{ omit }}\n      limit: 3\n"
    ) == [("HUB209", 4)]


def test_a_literal_is_validated_with_its_format():
    assert told(
        "  - id: seat\n    do: seats.take\n    with:\n      guest_id: nobody\n"
        "      starts_at: ${{ payload.time }}\n      row: front\n"
    ) == [("HUB206", 4)]


def test_the_handler_of_a_run_may_miss_every_result():
    assert told(
        "  - id: all\n    do: seats.list\n    with: {at: 2026-01-01T00:00:00Z}\n"
        "\non_error:\n  - log: ${{ steps.all.seats | length }}\n  - log: ${{ error.code }}\n"
    ) == [("HUB210", 6)]


def test_personal_data_is_followed_through_text():
    assert told(
        "  - if: payload.phone is set\n    then:\n"
        "      - vars: {who: 'Guest ${{ payload.phone }}'}\n"
        "      - log: ${{ vars.who }}\n      - log: ${{ payload.phone | mask }}\n"
    ) == [("HUB502", 4)]


def test_what_a_refusal_can_read_at_the_door():
    head = HEAD.replace(
        "payload: schemas/book.json\n",
        "payload: schemas/book.json\n  respond:\n    within: 2s\n    otherwise: VALUE\n",
    )
    steps = "  - return: x\n"

    assert not told(steps, head=head.replace("VALUE", "${{ payload.row }} ${{ config.team }}"))
    assert not told(steps, head=head.replace("VALUE", "${{ run.id }} ${{ run.mode }}"))
    assert told(steps, head=head.replace("VALUE", "${{ run.attempt }}")) == [("HUB203", -2)]
    assert told(steps, head=head.replace("VALUE", "${{ vars.x }}")) == [("HUB201", -2)]


def test_an_input_with_the_mark_of_personal_data_is_not_logged_in_the_open():
    head = HEAD.replace(
        "endpoint:\n  auth: broker\n  payload: schemas/book.json\n",
        "inputs:\n  phone: {type: string, x-pii: true}\n",
    )

    assert told("  - log: ${{ inputs.phone }}\n", head=head) == [("HUB502", 1)]
    assert told("  - log: ${{ inputs.phone | mask }}\n", head=head) == []
