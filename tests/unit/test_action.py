"""What the mark `@action` makes of a function."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from hub.action import Attempt, Clock, action, actions_of
from hub.connectors import stripe
from hub.errors import Permanent
from tests.fakes import oracle
from tests.fakes.clock import START, FakeClock

ATTEMPT = Attempt(run_id=UUID(int=1), workflow="main", key="run/step", mode="live")


@dataclass(frozen=True)
class Told:
    """What was heard."""

    text: str
    at: datetime
    note: str | None = None


@action("talk.tell", effect="once", errors=("deaf",), example={"text": "", "at": ""}, outward=True)
def tell(clock: Clock, attempt: Attempt, *, text: str, after: timedelta = timedelta(0)) -> Told:
    """Tell somebody something.

    The second line is for readers of the code.
    """
    if text == "deaf":
        raise Permanent("deaf", "nobody hears")
    return Told(f"{attempt.key}: {text}", clock.now() + after)


@action("talk.listen", effect="read", example={}, timeout=timedelta(seconds=5))
def listen() -> None:
    """Listen."""


def unmarked() -> None:
    """No action."""


TELL, LISTEN = (
    {each.name: each for each in actions_of(sys.modules[__name__])}[name]
    for name in ("talk.tell", "talk.listen")
)
SERVICES = {Clock: FakeClock(), Attempt: ATTEMPT}


def test_the_marked_functions_of_a_module_are_its_actions_by_name():
    assert [each.name for each in actions_of(sys.modules[__name__])] == ["talk.listen", "talk.tell"]


def test_a_function_stays_what_it_was():
    told = tell(FakeClock(), ATTEMPT, text="hello")
    assert told == Told("run/step: hello", START)


def test_services_are_found_by_type_and_inputs_by_name():
    result = TELL.call(SERVICES, {"text": "hello", "after": "1h"})
    assert result == {"text": "run/step: hello", "at": "2025-10-20T13:00:00Z"}


def test_what_is_left_out_has_its_default():
    assert TELL.call(SERVICES, {"text": "hello"})["at"] == "2025-10-20T12:00:00Z"


def test_no_result_is_an_empty_object():
    assert LISTEN.call({}, {}) == {}


def test_what_the_function_raises_goes_up():
    with pytest.raises(Permanent, match="nobody hears"):
        TELL.call(SERVICES, {"text": "deaf"})


def test_a_missing_service_is_a_mistake_of_the_hub():
    with pytest.raises(KeyError):
        TELL.call({}, {"text": "hello"})


def test_the_declaration_says_what_authors_need():
    declared = TELL.declaration()
    assert declared["summary"] == "Tell somebody something"
    assert (declared["effect"], declared["outward"], declared["errors"]) == ("once", True, ["deaf"])
    assert declared["input"]["required"] == ["text"]
    assert declared["output"]["required"] == ["text", "at"]
    assert declared["timeout_seconds"] == 30
    assert declared["implemented"] is True
    assert LISTEN.declaration()["timeout_seconds"] == 5


# ------------------------------------------------------------------------------------ declared only


def test_what_a_module_declares_is_among_its_actions():
    assert [each.name for each in actions_of(oracle)] == ["oracle.ask", "oracle.bribe"]


def test_an_action_that_is_declared_only_has_a_whole_signature():
    declared = oracle.ASK.declaration()

    assert declared["implemented"] is False
    assert declared["summary"] == "Ask the oracle"
    assert declared["input"] == {
        "type": "object",
        "properties": {"question": {"type": "string"}},
        "required": ["question"],
        "additionalProperties": False,
    }
    assert declared["output"]["required"] == ["answer"]
    assert (declared["effect"], declared["errors"], declared["outward"]) == (
        "read",
        ["silent"],
        True,
    )


def test_an_action_that_is_declared_only_cannot_be_done():
    with pytest.raises(Permanent, match=r"oracle\.ask has no implementation yet") as refused:
        oracle.ASK.call({}, {"question": "When?"})

    assert refused.value.code == "not_implemented"
    assert not refused.value.maybe_done


def test_X13_what_was_only_simulated_has_an_id_of_its_own_that_stays_the_same():
    (create,) = (each for each in actions_of(stripe) if each.name == "stripe.create_payment_intent")

    one, again, other = (create.simulated_result(key) for key in ("run-1/pay", "run-1/pay", "b"))

    assert one == again
    assert len({one["id"], other["id"], create.example["id"]}) == 3
    assert one["client_secret"] == f"{one['id']}_secret"


def test_an_example_without_an_id_is_what_simulated_ones_give():
    assert oracle.ASK.simulated_result("any") == dict(oracle.ASK.example)
