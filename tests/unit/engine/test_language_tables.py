"""The tables of the language and the compiler: every key that one knows, the other reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from hub.bootstrap.actions import all_actions
from hub.bootstrap.project import DIALECT_FACTS
from hub.engine.compile import Context, compile_file, compile_hub_file
from hub.engine.compile.keys import OF_OTHER_TOOLS
from hub.engine.editors import Names, Subject, document
from hub.engine.language import Key, Place, shapes
from hub.engine.language.parts import RETRY
from hub.engine.language.project import DECLARATION, HUB
from hub.engine.language.steps import POLL, STEPS, WAIT_FOR
from hub.engine.language.workflow import (
    AT_ONCE,
    CANCEL_ON,
    CONCURRENCY,
    DEDUPE,
    ENDPOINT,
    ON_EVENT,
    SCHEDULE,
    WITHIN,
    WORKFLOW,
)
from hub.ingest.signatures import AUTH_TYPES
from tests import editor_files, language_page

NAMED = {"action": "slack.post", "workflow": "example-hold", "event": "visit.confirmed"}
PLAIN: dict[type, Any] = {
    shapes.Boolean: True,
    shapes.Decision: "run.id != ''",
    shapes.Duration: "1m",
    shapes.Fixed: 1,
    shapes.Handler: "fail",
    shapes.JsonSchema: {"type": "string"},
    shapes.Keyed: "${{ run.id }}",
    shapes.Loop: "item in [1, 2]",
    shapes.Steps: [{"log": "x"}],
    shapes.Timezone: "UTC",
    shapes.Value: "x",
    shapes.Version: 1,
}
OPEN = (shapes.Value, shapes.Fixed, shapes.Named, shapes.JsonSchema)
SPECIAL = {
    "auth": "broker",
    "cors": ["https://book.example.com"],
    "cron": "0 9 * * *",
    "dialect": "json",
    "env": "A_NAME",
    "every": "15m",
    "max_body": "1MB",
    "path": "/api/things",
    "payload": "schemas/example.json",
    "rate_limit": "10 per minute",
}
BESIDE: dict[str, dict[str, Any]] = {
    "params": {"path": "/api/{a}/{b}"},
    "tool": {"dialect": "vapi.tool"},
    "payload": {"method": "POST"},
}


SAMPLES: dict[type, Callable[[Any], Any]] = {
    shapes.Text: lambda kind: NAMED.get(kind.names, "x"),
    shapes.Choice: lambda kind: kind.words[0],
    shapes.Integer: lambda kind: kind.lowest,
    shapes.Number: lambda kind: kind.lowest,
    shapes.OrExpression: lambda kind: sample(kind.literal),
    shapes.Either: lambda kind: sample(kind.kinds[0]),
    shapes.ListOf: lambda kind: [sample(kind.item)],
    shapes.Named: lambda kind: {"a": sample(kind.value), "b": sample(kind.value)},
    shapes.Inner: lambda kind: whole(kind.place),
}


def sample(kind: shapes.Kind, name: str = "") -> Any:
    """A value that may stand there."""
    if name in SPECIAL and isinstance(kind, shapes.Text | shapes.Duration | shapes.ListOf):
        return SPECIAL[name]
    return PLAIN[type(kind)] if type(kind) in PLAIN else SAMPLES[type(kind)](kind)


def whole(place: Place, *more: Key) -> dict[str, Any]:
    """The least that a place needs, and some keys more."""
    named = {key.name for key in more}
    needed = [key for key in place.keys if key.is_required and key.name not in named]
    if not named & {*place.one_of} and place.one_of:
        needed.append(place[place.one_of[-1]])
    if place.any_of and not named & {*place.any_of}:
        needed.append(place[place.any_of[0]])
    chosen = (key for key in place.keys if key in (*needed, *more))
    return {key.name: sample(key.kind, key.name) for key in chosen}


def in_step(**keys: Any) -> dict[str, Any]:
    return {**whole(WORKFLOW), "steps": [keys]}


def started(name: str, content: Any) -> dict[str, Any]:
    return {"hub": 1, "title": "x", name: content, "steps": [{"log": "x"}]}


WRAPPED = {
    "a workflow": lambda keys: keys,
    "endpoint": lambda keys: started("endpoint", keys),
    "dedupe": lambda keys: started("endpoint", {"auth": "broker", "dedupe": keys}),
    "respond with `at_once`": lambda keys: started("endpoint", {"auth": "broker", "respond": keys}),
    "respond with `within`": lambda keys: started("endpoint", {"auth": "broker", "respond": keys}),
    "schedule": lambda keys: started("schedule", keys),
    "event": lambda keys: started("event", keys),
    "concurrency": lambda keys: {**whole(WORKFLOW), "concurrency": keys},
    "cancel_on": lambda keys: {**whole(WORKFLOW), "cancel_on": keys},
    "retry": lambda keys: in_step(**whole(STEPS["do"]), retry=keys),
    "poll": lambda keys: in_step(id="x", wait={"poll": keys}),
    "wait with `for`": lambda keys: in_step(id="x", wait=keys),
    **{place.title: lambda keys: in_step(**keys) for place in STEPS.values()},
}
PLACES = [
    *(WORKFLOW, ENDPOINT, DEDUPE, AT_ONCE, WITHIN, SCHEDULE, ON_EVENT, CONCURRENCY, CANCEL_ON),
    *(RETRY, POLL, WAIT_FOR, *STEPS.values()),
]
KEYS = [
    pytest.param(place, key, id=f"{place.title}: {key.name}")
    for place in PLACES
    for key in place.keys
]


@cache
def context() -> Context:
    """The project of the reference page."""
    files = language_page.files()
    settings = compile_hub_file(files["hub.yaml"], auth_types=AUTH_TYPES).settings
    return Context(files, settings, all_actions(), DIALECT_FACTS)


@cache
def validator(subject: Subject) -> Draft7Validator:
    return Draft7Validator(document(subject, Names()))


def structural(data: Any) -> list[str]:
    """What the compiler says of the shape of a workflow."""
    text = json.dumps(data, indent=1)
    found = compile_file("workflows/x.yaml", text, name="x", context=context()).findings
    return [str(each) for each in found if each.code in ("HUB110", "HUB111")]


@pytest.mark.parametrize(("place", "key"), KEYS)
def test_a_key_of_the_table_is_taken(place: Place, key: Key):
    data = WRAPPED[place.title]({**whole(place, key), **BESIDE.get(key.name, {})})

    assert structural(data) == []
    assert [each.message for each in validator("workflow").iter_errors(data)] == []


@pytest.mark.parametrize(("place", "key"), KEYS)
def test_a_key_of_the_table_is_read_and_not_only_known(place: Place, key: Key):
    wrong: Any = {"zzz": 1}
    if isinstance(key.kind, OPEN):
        wrong = "${{ zzz" if isinstance(key.kind, shapes.Value | shapes.Fixed) else "zzz"
    data = WRAPPED[place.title]({**whole(place, key), key.name: wrong})
    found = compile_file("workflows/x.yaml", json.dumps(data), name="x", context=context()).findings

    assert [each for each in found if each.is_error] != []


REQUIRED = [
    pytest.param(place, key, id=f"{place.title}: {key.name}")
    for place in PLACES
    for key in place.keys
    if key.is_required and STEPS.get(key.name) is not place  # it makes the step what it is
]


@pytest.mark.parametrize(("place", "key"), REQUIRED)
def test_a_required_key_that_is_missing_is_told(place: Place, key: Key):
    data = whole(place)
    del data[key.name]
    wrapped = WRAPPED[place.title](data)
    found = compile_file("workflows/x.yaml", json.dumps(wrapped), name="x", context=context())

    assert [each for each in found.findings if each.is_error] != []
    assert not validator("workflow").is_valid(wrapped)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.title)
def test_an_unknown_key_is_refused_by_both(place: Place):
    data = WRAPPED[place.title]({**whole(place), "zzz": 1})

    assert structural(data) != []
    assert not validator("workflow").is_valid(data)


DEFAULTS = [case for case in KEYS if isinstance(case.values[1], Key) and case.values[1].default]


@pytest.mark.parametrize(("place", "key"), DEFAULTS)
def test_a_default_is_inside_of_what_may_stand_there(place: Place, key: Key):
    data = {**whole(place, key), **BESIDE.get(key.name, {}), key.name: key.default}

    assert structural(WRAPPED[place.title](data)) == []


SETTINGS = [pytest.param(key, id=key.name) for key in HUB.keys if not key.is_required]


@pytest.mark.parametrize("key", SETTINGS)
def test_a_key_of_hub_yaml_is_read_and_not_only_known(key: Key):
    text = json.dumps({"hub": 1, key.name: "zzz ${{ zzz"})
    found = compile_hub_file(text, auth_types=AUTH_TYPES).findings

    assert [each for each in found if each.is_error] != []


def test_a_setting_of_hub_yaml_is_taken_by_both():
    data = {"hub": 1, "config": {"a": whole(DECLARATION)}}

    assert compile_hub_file(json.dumps(data), auth_types=AUTH_TYPES).findings == ()
    assert validator("project").is_valid(data)


def test_no_key_of_ours_is_told_to_be_one_of_another_tool():
    known = {key.name for place in PLACES for key in place.keys}

    # a step has a `name` and a workflow a `title`; `cron` is a key of `schedule`, of nothing else
    assert set(OF_OTHER_TOOLS) & known <= {"name", "cron"}


# ------------------------------------------------------------------------------- damaged hub.yaml

SHIPPED = editor_files.tree("hub.yaml", (language_page.ROOT / "hub.yaml").read_text("utf-8"))
SETTINGS_PLACES = list(editor_files.places(SHIPPED))


@given(
    st.sampled_from(SETTINGS_PLACES),
    st.sampled_from(["gone", "misspelt", *editor_files.WRONG_SHAPES]),
)
@settings(max_examples=settings().max_examples // 2)
def test_what_the_schema_of_hub_yaml_refuses_the_compiler_refuses_too(
    place: editor_files.Path, damage: Any
):
    if damage == "gone":
        data = editor_files.without(SHIPPED, place)
    elif damage == "misspelt":
        data = editor_files.misspelt(SHIPPED, place)
    else:
        data = editor_files.misshapen(SHIPPED, place, damage)
    told = editor_files.complaints(validator("project"), data)
    found = compile_hub_file(json.dumps(data), auth_types=AUTH_TYPES).findings

    assert not told or any(each.is_error for each in found), "\n".join(told)
