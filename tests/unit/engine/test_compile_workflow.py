"""What a clean file becomes.

Length: a test for each key of a file, in the order of the language page.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.engine.expressions import Literal, Template
from hub.engine.findings import Finding
from hub.engine.project import Project
from hub.engine.workflow import (
    Accepted,
    AtOnce,
    Call,
    Concurrency,
    Do,
    Endpoint,
    Fail,
    ForEach,
    If,
    Inputs,
    Log,
    RateLimit,
    Reply,
    Return,
    Schedule,
    Step,
    Switch,
    Vars,
    Within,
    Workflow,
)
from tests.unit.engine.small_project import BOOK, FILES, changed, load

PATH = "workflows/book.yaml"
MINIMAL = "hub: 1\ntitle: Minimal\n{trigger}\nsteps:\n{steps}\n"


def book() -> Workflow:
    return load().workflows["book"]


def endpoint_of(text: str) -> Endpoint:
    workflow = only(MINIMAL.format(trigger=text, steps="  - return: done"))
    assert isinstance(workflow.trigger, Endpoint)
    return workflow.trigger


def step_of(text: str, trigger: str = "inputs: {}") -> Step:
    return only(MINIMAL.format(trigger=trigger, steps=text)).steps[0]


def only(text: str) -> Workflow:
    project = loaded(text)
    assert not project.errors, "\n".join(map(str, project.errors))
    return project.workflows["minimal"]


def loaded(text: str) -> Project:
    return load({"hub.yaml": FILES["hub.yaml"], "workflows/minimal.yaml": text})


def errors(text: str) -> list[Finding]:
    return list(loaded(text).errors)


def test_the_steps_stand_in_the_order_of_the_file():
    kinds = [type(step) for step in book().steps]

    assert kinds == [Call, Reply, Switch, If, Do, ForEach, Fail]


def test_a_step_with_an_id_is_kept_under_it_and_others_under_kind_and_place():
    slugs = [step.slug for step in book().steps]

    assert slugs == ["seat", "2-reply", "3-switch", "4-if", "all", "calls", "7-fail"]


def test_a_step_knows_its_place_in_the_file():
    step = book().steps[0]

    assert (step.position.file, step.position.line, step.position.column) == (PATH, 19, 5)


def test_the_endpoint_has_its_defaults():
    endpoint = endpoint_of("endpoint:\n  auth: broker")

    assert endpoint == Endpoint(path="/webhook/minimal", auth="broker")
    assert isinstance(endpoint.respond, Accepted)


def test_an_endpoint_with_everything():
    endpoint = endpoint_of(
        "endpoint:\n  path: /api/v1/things/{id}\n  method: PUT\n  auth: broker\n  dialect: json\n"
        "  params:\n    id: {type: string, format: uuid}\n  query:\n"
        "    page: {type: integer, optional: true}\n"
        "  headers: [X-Request-Id]\n  max_body: 2MB\n  timezone: Europe/Paris\n"
        "  dedupe:\n    key: ${{ params.id }}\n    window: 2h\n    on_duplicate: reject\n"
        "  respond:\n    at_once:\n      ok: true\n    status: 200"
    )

    assert (endpoint.path, endpoint.method, endpoint.max_body) == (
        "/api/v1/things/{id}",
        "PUT",
        2 * 1024 * 1024,
    )
    assert [(each.name, each.is_optional) for each in endpoint.query] == [("page", True)]
    assert endpoint.params[0].schema == {"type": "string", "format": "uuid"}
    assert endpoint.headers == ("X-Request-Id",)
    assert endpoint.dedupe is not None
    assert (endpoint.dedupe.window, endpoint.dedupe.on_duplicate) == (timedelta(hours=2), "reject")
    assert endpoint.respond == AtOnce(body=Literal({"ok": True}), status=200)


def test_parts_of_the_path_that_are_not_declared_are_text():
    endpoint = endpoint_of("endpoint:\n  path: /a/{one}/b/{two}\n  auth: broker")

    assert [each.name for each in endpoint.params] == ["one", "two"]


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("10 per minute per ip", RateLimit(10, timedelta(minutes=1), "ip")),
        ("1 per second", RateLimit(1, timedelta(seconds=1), "endpoint")),
        ("5 per hour per caller", RateLimit(5, timedelta(hours=1), "caller")),
        ("100000 per day", RateLimit(100_000, timedelta(days=1))),
    ],
)
def test_requests_may_be_limited(text, limit):
    assert endpoint_of(f"endpoint:\n  auth: broker\n  rate_limit: {text}").rate_limit == limit


@pytest.mark.parametrize(
    "text", ["10", "0 per minute", "10/minute", "10 per minutes", "1.5 per hour", "10 per ip"]
)
def test_a_limit_of_another_form_is_told_what_to_write(text):
    trigger = f"endpoint:\n  auth: broker\n  rate_limit: '{text}'"
    (finding,) = errors(MINIMAL.format(trigger=trigger, steps="  - return: x"))

    assert "has the form `10 per minute per ip`" in finding.text


@pytest.mark.parametrize(
    ("limit", "codes"),
    [
        ("", ["HUB613"]),
        ("\n  rate_limit: 10 per minute per ip", []),
        ("\n  rate_limit: 10 per minute", []),
        ("\n  rate_limit: 10 per minute per caller", ["HUB110"]),
    ],
)
def test_a_public_endpoint_needs_a_limit_and_knows_no_callers(limit, codes):
    trigger = f"endpoint:\n  auth: public{limit}"
    found = loaded(MINIMAL.format(trigger=trigger, steps="  - return: x")).findings

    assert [each.code for each in found] == codes


@pytest.mark.parametrize("path", ["/healthz", "/openapi.json", "/admin", "/admin/{page}"])
def test_a_path_of_the_hub_itself_is_refused(path):
    trigger = f"endpoint:\n  path: {path}\n  auth: broker"
    (finding,) = errors(MINIMAL.format(trigger=trigger, steps="  - return: x"))

    assert "begins as the hub's own pages do" in finding.message


@pytest.mark.parametrize("path", ["/administration", "/api/admin", "/{page}"])
def test_a_path_that_only_looks_like_one_of_the_hub_is_taken(path):
    assert endpoint_of(f"endpoint:\n  path: {path}\n  auth: broker").path == path


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Authorization", "shared_header"),
        ("X-Api-Key", "shared_header"),
        ("X-Hub-Token", "shared_header"),
        ("Cookie", "shared_header"),
        ("X-Seat", "shared_header"),
        ("x_seat", "shared_header"),
        ("X-Seat", "hmac_sha256"),
    ],
)
def test_S6_a_header_that_proves_the_caller_cannot_be_read(name, kind):
    hub = FILES["hub.yaml"].replace("type: bearer", f"type: {kind}\n    header: x-seat")
    text = MINIMAL.format(
        trigger=f"endpoint:\n  auth: broker\n  headers: [X-Name, {name}]", steps="  - return: x"
    )
    (finding,) = load({"hub.yaml": hub, "workflows/minimal.yaml": text}).errors

    assert (finding.code, finding.line) == ("HUB110", 5)
    assert f"{name} may hold a secret" in finding.message


@pytest.mark.parametrize("name", ["token", "api_key", "signature", "auth", "sig_v2", "db_password"])
def test_S6_a_part_of_the_query_that_proves_the_caller_cannot_be_read(name):
    query = f"  query:\n    page: {{type: integer}}\n    {name}: {{type: string}}"
    trigger = f"endpoint:\n  auth: broker\n{query}"
    (finding,) = errors(MINIMAL.format(trigger=trigger, steps="  - return: x"))

    assert (finding.code, finding.line) == ("HUB110", 7)
    assert f"query.{name} may hold a secret" in finding.message


@pytest.mark.parametrize("name", ["page_token", "signature_request_id", "cookie_consent"])
def test_a_name_that_only_speaks_of_secrets_can_be_read(name):
    query = f"  query:\n    {name}: {{type: string}}"
    endpoint = endpoint_of(f"endpoint:\n  auth: broker\n{query}\n  headers: [X-{name}]")

    assert [each.name for each in endpoint.query] == [name]
    assert endpoint.headers == (f"X-{name}",)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("vapi.tol", "there is no dialect 'vapi.tol' — did you mean 'vapi.tool'?"),
        ("fax", "there is no dialect 'fax'"),
    ],
)
def test_a_dialect_that_is_not_spoken_is_told(name, words):
    trigger = f"endpoint:\n  auth: broker\n  dialect: {name}"
    (finding,) = errors(MINIMAL.format(trigger=trigger, steps="  - return: x"))

    assert words in finding.text


def test_a_tool_dialect_takes_the_body_size_of_its_caller():
    endpoint = endpoint_of("endpoint:\n  auth: broker\n  dialect: vapi.tool\n  tool: book")

    assert (endpoint.max_body, endpoint.tool) == (5 * 1024 * 1024, "book")


def test_a_reply_may_be_waited_for():
    endpoint = book().trigger

    assert isinstance(endpoint, Endpoint)
    assert isinstance(endpoint.respond, Within)
    assert endpoint.respond.deadline == timedelta(seconds=5)
    assert endpoint.respond.otherwise == Literal("Later.")


def test_a_schedule_and_the_mode_of_the_project():
    sweep = load().workflows["sweep"]

    assert sweep.trigger == Schedule(cron="*/5 * * * *", timezone="America/New_York")
    assert isinstance(sweep.mode, Template)
    assert sweep.timezone == "Europe/Warsaw"


def test_inputs_with_defaults_and_optional_ones():
    trigger = load().workflows["take-seat"].trigger

    assert isinstance(trigger, Inputs)
    assert [(each.name, each.is_optional, each.default) for each in trigger.fields] == [
        ("guest_id", False, None),
        ("time", False, None),
        ("row", False, "back"),
        ("comment", True, None),
    ]
    assert trigger.fields[2].schema == {"type": "string", "enum": ["front", "back"]}


def test_retry_as_a_number_and_in_full():
    short = step_of("  - {id: a, do: seats.list, with: {at: 2026-01-01T00:00:00Z}, retry: 0}")
    full = step_of(
        "  - id: a\n    do: seats.list\n    with: {at: 2026-01-01T00:00:00Z}\n    retry:\n"
        "      attempts: 7\n      first: 1s\n      factor: 1.5\n      max: 1m\n"
        "      jitter: false\n"
        "      only_if: error.code == 'timeout'"
    )
    assert isinstance(short, Do)
    assert isinstance(full, Do)

    assert short.retry.attempts == 0
    assert (full.retry.attempts, full.retry.first, full.retry.factor) == (
        7,
        timedelta(seconds=1),
        1.5,
    )
    assert full.retry.maximum == timedelta(minutes=1)
    assert not full.retry.jitter
    assert full.retry.only_if is not None


def test_a_call_is_not_tried_again_by_itself():
    step = book().steps[0]

    assert isinstance(step, Call)
    assert step.retry.attempts == 0
    assert isinstance(step.on_error, tuple)


def test_cases_list_several_values():
    step = step_of(
        "  - switch: inputs.x\n    cases:\n      a | b:\n        - log: x\n      else:\n"
        "        - log: y",
        trigger="inputs:\n  x: {type: string}",
    )

    assert isinstance(step, Switch)
    assert [names for names, _ in step.cases] == [("a", "b")]
    assert step.otherwise is not None


def test_a_condition_may_be_a_plain_boolean():
    step = step_of(
        "  - if: true\n    then:\n      - log: x\n    elif:\n      - if: false\n        then:\n"
        "          - log: y"
    )

    assert isinstance(step, If)
    assert [condition.text for condition, _ in step.branches] == ["true", "false"]


def test_steps_of_every_kind_keep_their_parts():
    kinds = {
        Vars: "  - vars: {a: 1, b: two}",
        Return: "  - return: {a: 1}",
        Fail: "  - fail: too_late\n    message: Sorry",
        Log: "  - log: hello\n    level: warning",
    }
    steps = {kind: step_of(text) for kind, text in kinds.items()}

    assert steps[Vars].values == (("a", Literal(1)), ("b", Literal("two")))  # type: ignore[attr-defined]
    assert steps[Return].value == Literal({"a": 1})  # type: ignore[attr-defined]
    assert steps[Fail].code == "too_late"  # type: ignore[attr-defined]
    assert steps[Log].level == "warning"  # type: ignore[attr-defined]


def test_an_escaped_opening_is_text():
    step = step_of("  - return: $${{ x }}")

    assert isinstance(step, Return)
    assert step.value == Literal("${{ x }}")


def test_a_file_with_more_than_200_steps_is_refused():
    text = MINIMAL.format(trigger="inputs: {}", steps="  - log: x\n" * 201)

    assert [(each.code, each.line) for each in errors(text)] == [("HUB110", 5 + 200)]


def test_steps_nested_deeper_than_six_levels_are_refused():
    steps, indent = "", "  "
    for _ in range(6):
        steps += f"{indent}- if: true\n{indent}  then:\n"
        indent += "    "
    text = MINIMAL.format(trigger="inputs: {}", steps=steps + f"{indent}- log: x")

    assert any("nested deeper than 6 levels" in each.message for each in errors(text))


def test_an_endpoint_without_auth_is_refused_and_told_what_to_write():
    text = MINIMAL.format(trigger="endpoint:\n  payload: schemas/x.json", steps="  - log: x")

    assert "add `auth:` with one of broker, public" in errors(text)[0].text


def test_a_tool_without_a_name_is_refused():
    text = MINIMAL.format(
        trigger="endpoint:\n  auth: broker\n  dialect: vapi.tool", steps="  - return: x"
    )

    assert "needs `tool`" in errors(text)[0].message


def test_a_deadline_longer_than_a_caller_waits_is_a_warning():
    project = loaded(
        MINIMAL.format(
            trigger="endpoint:\n  auth: broker\n  dialect: vapi.tool\n  tool: t\n  respond:\n"
            "    within: 30s\n    otherwise: x",
            steps="  - return: x",
        )
    )

    assert [(each.code, each.severity, each.line) for each in project.findings] == [
        ("HUB611", "warning", 8)
    ]


def test_an_answer_that_no_step_gives_is_a_warning():
    project = loaded(
        MINIMAL.format(
            trigger="endpoint:\n  auth: broker\n  respond:\n    within: 3s\n    otherwise: x",
            steps="  - log: x",
        )
    )

    assert [each.code for each in project.findings] == ["HUB612"]


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ("{", "not JSON"),
        ('{"type": "object",}', "a name in"),
        ("[]", "is an object"),
        ('{"type": "string"}', "must be object"),
        ('{"type": "object", "properties": {"a": {"$ref": "http://x/y"}}}', "must point into this"),
    ],
)
def test_a_schema_that_cannot_be_used_is_told_in_its_own_file(schema, words):
    files = {**FILES, "schemas/book.json": schema}

    (finding,) = [each for each in load(files).errors if each.code == "HUB402"]

    assert (finding.file, finding.source) == ("schemas/book.json", "workflows/book.yaml")
    assert words in finding.message


@pytest.mark.parametrize("again", ["row", "\\u0072ow"])
def test_a_name_that_stands_twice_in_a_schema_is_told_at_its_second_place(again):
    """Of two rules for one field, one would be dropped in silence."""
    fields = f'"row": {{"enum": ["row", "a"]}},\n  "{again}": {{"type": "integer"}}'
    schema = f'{{"type": "object", "properties": {{\n  {fields}}}}}'

    (finding,) = load({**FILES, "schemas/stray.json": schema}).errors

    assert (finding.code, finding.line, finding.column) == ("HUB402", 3, 3)
    assert "the name 'row' stands twice" in finding.message


@pytest.mark.parametrize(
    ("old", "new", "place", "text"),
    [
        (
            '"comment": {"type": "string"}',
            '"comment": {"type": "string", "minLenght": 1}',
            (10, 35, 46),
            "unknown keyword 'minLenght' — did you mean 'minLength'?",
        ),
        (
            '"count": {"type": "integer"}',
            '"count": {"type": "numbr"}',
            (8, 23, 30),
            (
                "unknown type 'numbr' — did you mean 'number'? "
                "(one of array, boolean, integer, null, number, object, string)"
            ),
        ),
        (
            '"row", "count", "names"]',
            '"row", "count", "nams"]',
            (12, 52, 58),
            (
                "`required` names 'nams', which `properties` does not have — did you mean 'names'? "
                "(one of guest_id, time, row, phone, count, names, comment)"
            ),
        ),
        (
            '"names": {',
            '"names" {',
            (9, 13, 14),
            "the file is not JSON: a `:` is missing here",
        ),
    ],
)
def test_a_mistake_in_a_schema_is_told_at_its_place(old, new, place, text):
    (finding,) = load(changed("schemas/book.json", old, new)).findings

    assert (finding.line, finding.column, finding.end_column) == place
    assert finding.text == f"{text} (workflows/book.yaml)"


@pytest.mark.parametrize(
    ("path", "old", "new", "words"),
    [
        (
            "workflows/book.yaml",
            "call: take-seat",
            "call: zzz",
            "those with `inputs` are take-seat",
        ),
        ("hub.yaml", "config.hub_mode", "config.zzz", "it has hub_mode, team"),
    ],
)
def test_an_unknown_name_without_a_near_one_lists_what_there_is(path, old, new, words):
    assert [each.suggestion for each in load(changed(path, old, new)).findings] == [words]


def test_an_answer_that_only_a_failure_gives_is_a_warning():
    steps = (
        "  - id: list\n    do: seats.list\n    with: {at: '2026-01-01T00:00:00Z'}\n"
        "    on_error:\n      - return: x\n"
    )
    trigger = "endpoint:\n  auth: broker\n  respond:\n    within: 3s\n    otherwise: x"
    text = MINIMAL.format(trigger=trigger, steps=steps) + "on_error:\n  - reply: x\n"

    assert [each.code for each in loaded(text).findings] == ["HUB612"]


@pytest.mark.parametrize(
    "path", ["../hub.yaml", "schemas/../hub.yaml", "/etc/passwd", "schemas//x.json"]
)
def test_a_schema_outside_its_folder_is_refused(path):
    project = load(changed(PATH, "schemas/book.json", path))

    assert [each.code for each in project.errors] == ["HUB110"]


def test_a_workflow_is_a_plain_value():
    assert load().workflows["book"] == load().workflows["book"]
    assert "called" in {each.name for each in fields(Workflow)}


LINES = BOOK.split("\n")


@given(st.sets(st.integers(0, len(LINES) - 1), max_size=8), st.integers(0, 6))
def test_a_file_with_lines_missing_or_moved_never_raises(dropped, indent):
    lines = [" " * indent * (number in dropped) + line for number, line in enumerate(LINES)]
    without = [line for number, line in enumerate(LINES) if number not in dropped]

    load({**FILES, PATH: "\n".join(lines)})
    load({**FILES, PATH: "\n".join(without)})


@given(st.integers(0, len(BOOK)), st.text(max_size=6))
def test_a_file_with_anything_typed_into_it_never_raises(place, typed):
    load({**FILES, PATH: BOOK[:place] + typed + BOOK[place:]})


def test_planned_runs_that_queue_run_one_after_the_other():
    trigger = "schedule:\n  every: 15m\n  overlap: queue"
    text = MINIMAL.format(trigger=trigger, steps="  - log: once more")

    workflow = load({**FILES, "workflows/queued.yaml": text}).workflows["queued"]

    assert workflow.concurrency == Concurrency(limit=1, when_full="queue")
