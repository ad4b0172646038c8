"""The reconciliation cannot lie: each kind of broken promise, put into good books, is reported."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.storm.facts import Facts, RunFacts
from tests.storm.plan import Webhook
from tests.storm.reconcile import KINDS, Violation, violations
from tests.storm.senders import Answered

AT = datetime(2025, 10, 20, 12, 0, tzinfo=UTC)
WEBHOOKS = tuple(
    Webhook(f"w{number}", number, kind, 0.5)
    for number, kind in enumerate(("notes", "books", "asks", "puts", "texts", "naps"))
)
SENT = {webhook.kind: webhook.id for webhook in WEBHOOKS}


def body(webhook: Webhook) -> Answered:
    """The right answer to a webhook."""
    if webhook.kind == "books":
        result = {"name": "x", "toolCallId": webhook.id, "result": "Booked for Monday."}
        return Answered(200, json.dumps({"results": [result]}).encode())
    if webhook.kind == "asks":
        return Answered(200, json.dumps({"id": webhook.id, "done": True}).encode())
    return Answered(202, json.dumps({"status": "accepted", "run_id": f"run-{webhook.id}"}).encode())


def run(webhook: Webhook) -> RunFacts:
    """The run of a webhook, as it should be."""
    return RunFacts(
        id=f"run-{webhook.id}",
        webhook=webhook.id,
        status="succeeded",
        effects=1,
        sms="delivered" if webhook.kind == "texts" else "",
        created_at=AT,
        ended_at=AT + timedelta(seconds=3),
        effect_at=AT + timedelta(seconds=2.5),
    )


ACCEPTED: Mapping[str, Sequence[Answered]] = {each.id: [body(each)] for each in WEBHOOKS}
RUNS = {each.kind: run(each) for each in WEBHOOKS}
GOOD = Facts(
    runs=tuple(RUNS.values()),
    texts={SENT["texts"]: 1},
    chats={"Ada booked Monday": 1},
    puts={f"run-{SENT['puts']}/told": {("/things", b"{}")}},
)


def found(
    facts: Facts,
    accepted: Mapping[str, Sequence[Answered]] = ACCEPTED,
    refused: Mapping[str, str] | None = None,
) -> list[Violation]:
    return violations(WEBHOOKS, accepted, refused or {}, facts)


def kinds(*given: Any, **named: Any) -> set[str]:
    return {each.kind for each in found(*given, **named)}


def changed(kind: str, **values: Any) -> Facts:
    """Good books but for the run of one webhook."""
    return replace(GOOD, runs=tuple({**RUNS, kind: replace(RUNS[kind], **values)}.values()))


def without(kind: str) -> Facts:
    return replace(GOOD, runs=tuple(each for name, each in RUNS.items() if name != kind))


def with_another(kind: str, **values: Any) -> Facts:
    more = replace(RUNS[kind], id="run-again", **values)
    return replace(GOOD, runs=(*GOOD.runs, more))


def test_good_books_have_nothing_to_report():
    assert found(GOOD) == []


@pytest.mark.parametrize("kind", SENT)
def test_an_accepted_webhook_without_a_run_is_lost(kind: str):
    assert "lost" in kinds(without(kind))


def test_an_answer_that_names_a_run_which_is_not_there_is_lost():
    assert "lost" in kinds(changed("notes", id="another-run"))


@pytest.mark.parametrize("kind", SENT)
def test_a_run_that_succeeded_without_its_effect_is_lost(kind: str):
    assert kinds(changed(kind, effects=0, effect_at=None)) == {"lost"}


def test_a_put_that_nobody_received_is_lost():
    assert kinds(replace(GOOD, puts={})) == {"lost"}


@pytest.mark.parametrize("kind", SENT)
def test_an_effect_that_is_there_twice_is_doubled(kind: str):
    assert kinds(changed(kind, effects=2)) == {"doubled"}


def test_a_second_run_of_one_key_is_doubled_even_before_it_did_anything():
    assert "doubled" in kinds(with_another("notes", effects=0, status="running"))


def test_one_key_with_two_bodies_is_doubled():
    puts = {f"run-{SENT['puts']}/told": {("/things", b"{}"), ("/things", b"{1}")}}

    assert kinds(replace(GOOD, puts=puts)) == {"doubled"}


def test_a_second_text_and_a_second_chat_message_are_reported():
    assert kinds(replace(GOOD, texts={SENT["texts"]: 2})) == {"second"}
    assert kinds(replace(GOOD, chats={"Ada booked Monday": 2})) == {"second"}


@pytest.mark.parametrize("status", ["queued", "running", "waiting"])
def test_a_run_that_goes_on_is_stuck(status: str):
    assert kinds(changed("naps", status=status, ended_at=None)) == {"stuck"}


def test_a_text_of_which_no_run_tells_and_a_told_one_that_never_went_are_silent():
    failed = changed("texts", status="failed", error="refused", sms="refused", effects=0)

    assert kinds(failed) == {"silent"}
    assert kinds(replace(GOOD, texts={})) == {"silent"}


def test_an_unknown_text_must_say_that_it_may_be_done():
    unknown = {"status": "failed", "error": "outcome_unknown", "sms": "unknown", "effects": 0}

    assert kinds(changed("texts", **unknown)) == {"silent"}
    assert kinds(changed("texts", **unknown, is_maybe_done=True)) == set()


def test_a_failure_that_no_fault_explains_is_wrong():
    assert "wrong" in kinds(changed("notes", status="failed", error="internal"))
    assert "wrong" in kinds(changed("notes", status="failed", error="poison", lost_leases=2))
    assert kinds(changed("notes", status="failed", error="poison", lost_leases=3)) == set()


def test_a_nap_that_ends_early_is_wrong():
    assert kinds(changed("naps", effect_at=AT + timedelta(seconds=1.9))) == {"wrong"}


@pytest.mark.parametrize("kind", SENT)
def test_a_wrong_answer_and_another_answer_to_a_repeat_are_wrong(kind: str):
    other = body(WEBHOOKS[0 if kind != "notes" else 1])
    right = ACCEPTED[SENT[kind]]

    assert "wrong" in kinds(GOOD, {**ACCEPTED, SENT[kind]: [*right, *right, other]})
    assert kinds(GOOD, {**ACCEPTED, SENT[kind]: [*right, *right]}) == set()


def test_what_was_said_at_the_deadline_may_be_followed_by_the_answer_but_not_the_other_way():
    later = Answered(200, json.dumps({"id": SENT["asks"], "later": True}).encode())
    right = ACCEPTED[SENT["asks"]][0]

    assert kinds(GOOD, {**ACCEPTED, SENT["asks"]: [later, right, right]}) == set()
    assert kinds(GOOD, {**ACCEPTED, SENT["asks"]: [right, later]}) == {"wrong"}


def test_a_run_that_failed_frees_its_key_and_one_in_doubt_does_not():
    first, second = RUNS["texts"].id, "run-again"
    answers = [Answered(202, json.dumps({"run_id": each}).encode()) for each in (first, second)]
    accepted = {**ACCEPTED, SENT["texts"]: answers}
    failed: dict[str, Any] = {"status": "failed", "error": "opted_out", "sms": "refused"}
    again = replace(RUNS["texts"], id=second)
    refused = replace(RUNS["texts"], effects=0, **failed)
    doubtful = replace(refused, error="outcome_unknown", sms="unknown", is_maybe_done=True)
    others = tuple(each for kind, each in RUNS.items() if kind != "texts")

    assert kinds(replace(GOOD, runs=(*others, refused, again)), accepted) == set()
    assert kinds(replace(GOOD, runs=(*others, doubtful, again)), accepted) == {"wrong"}


def test_effects_and_runs_that_nobody_asked_for_are_orphans():
    assert kinds(replace(GOOD, orphans=("appointment of run 1",))) == {"orphan"}
    assert kinds(with_another("notes", webhook="unknown")) == {"orphan"}


def test_a_webhook_that_was_never_accepted_is_told():
    unheard = {key: each for key, each in ACCEPTED.items() if key != SENT["notes"]}

    assert kinds(without("notes"), unheard) == {"refused"}
    assert kinds(GOOD, refused={SENT["notes"]: "422 no"}) == {"refused"}


def test_a_hold_that_ends_too_early_is_wrong():
    assert kinds(replace(GOOD, short_holds=("lead 1",))) == {"wrong"}


def test_every_kind_that_is_found_has_a_name_in_the_report():
    assert {"lost", "doubled", "second", "stuck", "silent", "orphan", "wrong", "refused"} <= set(
        KINDS
    )
