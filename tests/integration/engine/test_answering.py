"""What a caller who waits is told (I13), and when its key is free again (I9)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from hub.errors import Permanent
from hub.storage.runs import request_cancel
from tests.integration.engine.workshop import Crash, Shop, step

ENDPOINT = """\
endpoint:
  auth: broker
  payload: schemas/any.json
  respond:
    within: 5s
    otherwise: Later.
{failed}
"""
FAILED = "    failed: Sorry, ${{ payload.name }}.\n"


def learn(shop: Shop, steps: str, *, failed: str = "") -> None:
    schema = '{"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}'
    head = ENDPOINT.format(failed=failed)
    shop.learn(f"steps:\n{steps}", head=head, files={"schemas/any.json": schema})


def start(shop: Shop) -> UUID:
    trigger = {"payload": {"name": "Ada"}, "params": {}, "query": {}, "headers": {}}
    return shop.start(is_awaited=True, trigger=trigger)


def told(shop: Shop, run: UUID) -> dict[str, Any]:
    response: dict[str, Any] = shop.run(run).response
    return response


def answer(shop: Shop, steps: str, *, failed: str = "") -> tuple[int, Any, bool]:
    """Status, body and whether the run failed before it answered."""
    learn(shop, steps, failed=failed)
    run = start(shop)
    shop.work()
    said = told(shop, run)
    return said["status"], said["body"], said["failed"]


def test_a_reply_is_the_answer(shop: Shop):
    steps = step("ledger.write", "one") + "  - reply: Done, ${{ payload.name }}.\n"
    assert answer(shop, steps) == (200, "Done, Ada.", False)


def test_a_reply_goes_out_before_the_next_deed(shop: Shop):
    learn(shop, "  - reply: Done.\n    status: 201\n" + step("letter.send", "one"))
    seen: list[Any] = []
    run = start(shop)
    shop.world.script["one"] = [lambda: seen.append(told(shop, run))]
    shop.work()
    assert seen == [{"status": 201, "body": "Done.", "headers": {}, "failed": False}]


def test_a_reply_is_stored_with_the_step_before_it(shop: Shop):
    steps = step("ledger.write", "one") + "  - reply: Done.\n" + step("ledger.write", "two")
    learn(shop, steps)
    shop.world.script["two"] = [Crash()]
    run = start(shop)
    with pytest.raises(Crash):
        shop.work()
    assert (shop.ledger, told(shop, run)["body"]) == (["one"], "Done.")


def test_only_the_first_reply_is_sent(shop: Shop):
    steps = "  - reply: first\n" + step("ledger.write", "one") + "  - reply: second\n"
    assert answer(shop, steps) == (200, "first", False)


def test_an_answer_that_is_there_stays(shop: Shop):
    learn(shop, step("ledger.write", "one") + "  - reply: late\n")
    run = start(shop)
    early = """UPDATE runs SET response = '{"status": 202, "body": "Later."}'"""
    shop.do(early)
    shop.work()
    assert told(shop, run)["body"] == "Later."
    assert shop.run(run).status == "succeeded"


def test_a_return_answers_if_nothing_did(shop: Shop):
    assert answer(shop, "  - return: {ok: true}\n    status: 201\n") == (201, {"ok": True}, False)


def test_an_end_without_a_word_says_that_it_succeeded(shop: Shop):
    status, body, is_failed = answer(shop, step("ledger.write", "one"))
    assert (status, body["status"], is_failed) == (200, "succeeded", False)


def test_a_failure_is_told_as_the_workflow_says(shop: Shop):
    shop.world.script["one"] = [Permanent("torn", "no")]
    said = answer(shop, step("ledger.write", "one"), failed=FAILED)
    assert said == (500, "Sorry, Ada.", True)


def test_a_failure_without_words_tells_code_and_run(shop: Shop):
    shop.world.script["one"] = [Permanent("torn", "no")]
    status, body, is_failed = answer(shop, step("ledger.write", "one"))
    assert (status, body["error"], is_failed) == (500, "torn", True)


def test_fail_may_choose_the_status(shop: Shop):
    said = answer(shop, "  - fail: taken\n    status: 409\n", failed=FAILED)
    assert said == (409, "Sorry, Ada.", True)


def test_a_run_that_the_hub_fails_on_is_answered_too(shop: Shop):
    learn(shop, step("ledger.write", "one"))
    run = start(shop)
    shop.do("UPDATE runs SET trigger = '[]'")
    shop.work()
    assert shop.run(run).status == "failed"
    assert (told(shop, run)["status"], told(shop, run)["failed"]) == (500, True)


@pytest.mark.parametrize(
    ("steps", "is_free"),
    [
        ("  - return: yes\n", False),
        ("  - return: no\n    status: 409\n", True),
        ("  - reply: no\n    status: 422\n", True),
        ("  - fail: broken\n", True),
    ],
)
def test_I9_a_failure_or_a_refusal_frees_the_key(shop: Shop, steps: str, *, is_free: bool):
    learn(shop, steps)
    run = start(shop)
    shop.do(
        "INSERT INTO dedupe_keys (endpoint, digest, run_id, delivery_id, body_digest, expires_at)"
        " VALUES ('main', 'k', :id, :id, 'b', now() + interval '1 day')",
        id=run,
    )
    shop.work()
    assert (shop.rows("SELECT * FROM dedupe_keys") == []) is is_free


def test_a_cancelled_run_says_nothing_more_when_it_is_resumed(shop: Shop):
    """`one` was done when the run was cancelled; the reply behind it was never given."""
    branches = (
        "  - id: both\n    parallel:\n      left:\n"
        "        - {id: one, do: letter.send, with: {text: one}}\n        - reply: Done.\n"
        "      right:\n        - {id: two, do: ledger.write, with: {text: two}}\n"
    )
    learn(shop, branches + "on_cancel:\n" + step("letter.send", "goodbye"))
    run = start(shop)

    def cancel() -> None:
        with shop.engine.begin() as connection:
            request_cancel(connection, run)

    shop.world.script |= {"one": [cancel], "goodbye": [Crash()]}
    with pytest.raises(Crash):
        shop.work()
    shop.owner_dies()
    shop.work()

    assert (shop.run(run).status, shop.steps(run)["one"].status) == ("cancelled", "succeeded")
    assert told(shop, run)["failed"]
