"""D10: in `simulate` no effect leaves the hub, in `test` it reaches listed destinations only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.action import Action, DestinationKind, Effect, Mode, action, actions_of
from hub.connectors import airtable, email, http, hubspot, llm, slack, sms, supabase, vapi, webhooks
from hub.engine.gate import Allowed, Simulated, TestDestinations, pass_gate

MODULES = (airtable, email, http, hubspot, llm, slack, sms, supabase, vapi, webhooks)
BUILT_IN = {each.name: each for module in MODULES for each in actions_of(module)}
LISTED = TestDestinations(
    phone=("+12025550147", "+12025550148"),
    email=("tester@example.com", "Second@example.com"),
    channel=("#test", "C0TEST"),
    url=("http://127.0.0.1:3100", "https://test.example"),
)
SMS = BUILT_IN["twilio.send_sms"]
MAIL = BUILT_IN["email.send"]
CHAT = BUILT_IN["slack.post"]
POST = BUILT_IN["http.post"]

MODES: st.SearchStrategy[Mode] = st.sampled_from(["live", "test", "simulate"])
VALUES: st.SearchStrategy[Any] = (
    st.sampled_from(
        [
            "+12025550147",
            "+1 (202) 555-0148",
            "tel:+1-202-555-0199",
            "tester@example.com",
            "SECOND@EXAMPLE.COM",
            "victim@example.com",
            "#test",
            "test",
            "general",
            "http://127.0.0.1:3100/x",
            "https://test.example:443/?a=b",
            "https://test.example@evil.example/",
            "https://test.example.evil.example/",
        ]
    )
    | st.text()
    | st.none()
    | st.integers()
)


def some_action(
    name: str,
    effect: Effect,
    *,
    outward: bool = True,
    destination_inputs: Mapping[str, DestinationKind] | None = None,
) -> Action:
    """An action of which the gate knows no more than this."""
    return Action(
        name=name,
        summary="",
        function=print,
        effect=effect,
        input_schema={},
        output_schema={},
        errors=(),
        example={},
        services=(),
        inputs=(),
        outward=outward,
        destination_inputs=destination_inputs or {},
    )


@st.composite
def actions(draw):
    """Any action: built in, or one that nobody has thought of yet."""
    if draw(st.booleans()):
        return draw(st.sampled_from(sorted(BUILT_IN.values(), key=lambda each: each.name)))
    kinds: list[DestinationKind] = ["phone", "email", "channel", "url"]
    effects: list[Effect] = ["read", "idempotent", "keyed", "once"]
    names = st.sampled_from(["to", "cc", "url"])
    return some_action(
        "any.action",
        draw(st.sampled_from(effects)),
        outward=draw(st.booleans()),
        destination_inputs=draw(st.dictionaries(names, st.sampled_from(kinds))),
    )


@st.composite
def destinations(draw):
    return draw(st.sampled_from([LISTED, TestDestinations(), TestDestinations(phone=LISTED.phone)]))


def inputs_of(action):
    names = sorted({*action.destination_inputs, "text"})
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, VALUES | st.lists(VALUES)))


def is_listed(value, kind, listed):
    if isinstance(value, list):
        return all(is_listed(each, kind, listed) for each in value)
    if kind == "url":
        return value.startswith(("http://127.0.0.1:3100", "https://test.example"))
    return value in listed.of(kind)


@given(data=st.data(), mode=MODES)
def test_D10_no_action_reaches_an_unlisted_destination(data, mode):
    action = data.draw(actions())
    listed = data.draw(destinations())
    inputs = data.draw(inputs_of(action))

    decision = pass_gate(action, inputs, mode, listed)

    has_effect = action.outward and action.effect != "read"
    asks_of_effects = action.outward and action.effect == "read" and action.reads_effects
    if mode == "simulate" and (has_effect or asks_of_effects):
        assert isinstance(decision, Simulated)
    elif mode == "live" or not has_effect:
        assert decision == Allowed(inputs)
    elif isinstance(decision, Allowed):
        reached = {
            name: kind
            for name, kind in action.destination_inputs.items()
            if decision.inputs.get(name) is not None
        }
        assert reached
        for name, kind in reached.items():
            assert is_listed(decision.inputs[name], kind, listed)
        assert decision.inputs.get("text") == inputs.get("text")


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_D10_in_simulate_no_built_in_action_with_an_effect_is_done(name):
    action = BUILT_IN[name]

    decision = pass_gate(action, {"url": "https://test.example"}, "simulate", LISTED)

    is_harmless = action.effect == "read" and not action.reads_effects
    assert isinstance(decision, Allowed) == is_harmless


@pytest.mark.parametrize(
    ("to", "reached"),
    [
        ("+12025550147", "+12025550147"),
        ("+1 (202) 555-0148", "+12025550148"),
        ("tel:+1-202-555-0148", "+12025550148"),
        ("+12025550199", "+12025550147"),
        ("not a number", "+12025550147"),
    ],
)
def test_D9_a_phone_number_is_compared_after_normalisation(to, reached):
    decision = pass_gate(SMS, {"to": to, "text": "hi"}, "test", LISTED)

    assert decision == Allowed({"to": reached, "text": "hi"})


@pytest.mark.parametrize(
    ("to", "reached"),
    [
        ("second@example.com", "Second@example.com"),
        ("victim@example.com", "tester@example.com"),
    ],
)
def test_an_address_outside_the_list_becomes_the_first(to, reached):
    decision = pass_gate(MAIL, {"to": to}, "test", LISTED)

    assert decision == Allowed({"to": reached})


@pytest.mark.parametrize(
    ("channel", "reached"), [("test", "#test"), ("C0TEST", "C0TEST"), ("#bookings", "#test")]
)
def test_a_channel_outside_the_list_becomes_the_first(channel, reached):
    assert pass_gate(CHAT, {"channel": channel}, "test", LISTED) == Allowed({"channel": reached})


@pytest.mark.parametrize("action", [SMS, MAIL, CHAT, POST])
def test_an_empty_list_means_simulated(action):
    inputs = dict.fromkeys(action.destination_inputs, "https://test.example/")

    assert isinstance(pass_gate(action, inputs, "test", TestDestinations()), Simulated)


@pytest.mark.parametrize(
    ("url", "is_done"),
    [
        ("http://127.0.0.1:3100/sessions", True),
        ("HTTPS://TEST.example/", True),
        ("https://test.example:443?x=1", True),
        ("https://test.example", True),
        ("http://test.example/", False),
        ("http://127.0.0.1:3101/", False),
        ("https://api.example/", False),
        ("https://test.example@evil.example/", False),
        ("https://test.example\\@evil.example/", False),
        ("https://test.example.evil.example/", False),
        ("https://test.example:443@evil.example/", False),
        (" https://test.example/", False),
        ("", False),
        (None, False),
    ],
)
def test_a_request_leaves_only_for_a_listed_origin(url, is_done):
    decision = pass_gate(POST, {"url": url, "json": {}}, "test", LISTED)

    assert isinstance(decision, Allowed) == is_done


def test_an_effect_without_destination_is_simulated():
    blind = some_action("pay.refund", "keyed")

    assert isinstance(pass_gate(blind, {"id": "1"}, "test", LISTED), Simulated)


def test_the_given_inputs_stay_as_they_are():
    inputs = {"to": "+12025550199", "text": "hi"}

    pass_gate(SMS, inputs, "test", LISTED)

    assert inputs == {"to": "+12025550199", "text": "hi"}


# ------------------------------------------------------------------- destinations further inside

GROUP = some_action(
    "group.invite",
    "once",
    destination_inputs={"guests.phone": "phone", "host.mail.to": "email"},
)


def test_D10_a_destination_inside_other_inputs_is_led_too():
    inputs = {
        "guests": [{"phone": "+12025550199", "name": "Ada"}, {"phone": "+12025550148"}],
        "host": {"mail": {"to": ["victim@example.com", "second@example.com"]}, "name": "Grace"},
        "text": "hi",
    }
    before = repr(inputs)

    decision = pass_gate(GROUP, inputs, "test", LISTED)

    assert decision == Allowed(
        {
            "guests": [{"phone": "+12025550147", "name": "Ada"}, {"phone": "+12025550148"}],
            "host": {
                "mail": {"to": ["tester@example.com", "Second@example.com"]},
                "name": "Grace",
            },
            "text": "hi",
        }
    )
    assert repr(inputs) == before


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"guests": []},
        {"guests": [{"name": "Ada"}], "host": None},
        {"guests": "+12025550147"},
        {"guests": ["+12025550147"]},
        {"guests": [[["+12025550147"]]]},
        {"host": {"mail": "victim@example.com"}},
    ],
)
def test_D10_what_cannot_be_looked_into_stays_inside(inputs):
    assert isinstance(pass_gate(GROUP, inputs, "test", LISTED), Simulated)


def test_one_destination_that_is_not_listed_keeps_the_whole_inside():
    inputs = {"guests": [{"phone": "+12025550147"}], "host": {"mail": {"to": "a@example.com"}}}
    only_phones = TestDestinations(phone=LISTED.phone)

    assert isinstance(pass_gate(GROUP, inputs, "test", only_phones), Simulated)


@pytest.mark.parametrize(
    ("mode", "is_asked"), [("live", True), ("test", True), ("simulate", False)]
)
def test_D10_nobody_is_asked_about_a_call_that_was_never_made(mode: Mode, is_asked):
    asked = replace(GROUP, effect="read", destination_inputs={}, reads_effects=True)

    decision = pass_gate(asked, {"call_id": "call_1"}, mode, LISTED)

    assert isinstance(decision, Allowed) == is_asked


# ----------------------------------------------------------------------------- what is declared


@dataclass(frozen=True)
class Guest:
    phone: str


def invite(*, guests: list[Guest], to: str = "+12025550199") -> None:
    """Invite."""


@pytest.mark.parametrize("path", ["guest.phone", "guests.mail", "guests.phone.number", "cc"])
def test_D10_a_destination_that_is_no_input_cannot_be_declared(path: str):
    with pytest.raises(TypeError, match=f"no input {path}"):
        action(
            "group.invite",
            effect="once",
            example={},
            outward=True,
            destination_inputs={path: "phone"},
        )(invite)


def test_D10_a_destination_with_a_default_would_pass_the_gate_unseen():
    with pytest.raises(TypeError, match="its destination to cannot have a default"):
        action(
            "group.invite",
            effect="once",
            example={},
            outward=True,
            destination_inputs={"to": "phone", "guests.phone": "phone"},
        )(invite)
