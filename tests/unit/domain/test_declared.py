"""The actions that are only declared: whole signatures, and nothing that does any work."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

import hub.domain.declared
from hub.action import actions_of
from hub.bootstrap.actions import all_actions
from hub.errors import Permanent

DECLARED = {each.name: each for each in actions_of(hub.domain.declared)}


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


def test_nothing_of_the_trade_is_outward():
    assert not any(each.outward for each in DECLARED.values())


@pytest.mark.parametrize(
    ("name", "effect", "required"),
    [
        ("records.update", "idempotent", ["type", "id", "set"]),
    ],
)
def test_effects_and_inputs_are_declared(name, effect, required):
    action = DECLARED[name]
    schema = action.input_schema

    assert action.effect == effect
    assert schema["required"] == (required or list(schema["properties"]))
    assert schema["additionalProperties"] is False
