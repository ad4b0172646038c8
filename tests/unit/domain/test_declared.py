"""The actions that are only declared: whole signatures, and nothing that does any work."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

import hub.connectors.declared
import hub.domain.declared
from hub.action import actions_of
from hub.bootstrap.actions import all_actions
from hub.errors import Permanent

OF_THE_TRADE = {each.name: each for each in actions_of(hub.domain.declared)}
OF_SERVICES = {each.name: each for each in actions_of(hub.connectors.declared)}
DECLARED = {**OF_THE_TRADE, **OF_SERVICES}


@pytest.mark.parametrize("name", DECLARED)
def test_its_example_is_a_result_of_its_form(name):
    action = DECLARED[name]

    assert list(Draft202012Validator(action.output_schema).iter_errors(action.example)) == []
    assert action.summary


@pytest.mark.parametrize("name", DECLARED)
def test_it_cannot_be_done(name):
    action = DECLARED[name]

    with pytest.raises(Permanent, match=f"{name} has no implementation yet") as refused:
        action.call({}, dict(action.example))

    assert not action.is_implemented
    assert refused.value.code == "not_implemented"


@pytest.mark.parametrize("name", DECLARED)
def test_its_declaration_goes_when_its_implementation_comes(name):
    assert all_actions()[name] is DECLARED[name], "delete it: somebody implemented it"


def test_only_what_reaches_services_is_outward():
    assert {name for name, each in DECLARED.items() if each.outward} == set(OF_SERVICES)


@pytest.mark.parametrize(
    ("name", "effect", "required"),
    [
        ("jobs.book", "keyed", ["service_id", "start", "client", "status"]),
        ("jobs.set_status", "idempotent", ["job_id", "status"]),
        ("services.get", "read", ["id"]),
        ("sessions.create", "keyed", None),
        ("slots.reserve", "keyed", ["mechanic_id", "start", "end", "hold"]),
        ("stripe.cancel_or_refund", "keyed", ["payment_intent_id"]),
    ],
)
def test_effects_and_inputs_are_declared(name, effect, required):
    action = DECLARED[name]
    schema = action.input_schema

    assert action.effect == effect
    assert schema["required"] == (required or list(schema["properties"]))
    assert schema["additionalProperties"] is False
