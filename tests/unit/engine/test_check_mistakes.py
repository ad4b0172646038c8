"""Planted mistakes: the code, and the exact place, which « » mark in the changed text."""

from __future__ import annotations

from datetime import datetime

import pytest

from hub.engine.advance.frame import Facts, Frame
from hub.engine.expressions import ObjectOf, render_value
from hub.engine.finding_codes import CODES
from hub.engine.workflow import Do
from tests.unit.engine.planted import check_planted, expected_place, unmarked
from tests.unit.engine.small_project import FILES, changed, findings, load

BOOK, TAKE = "workflows/book.yaml", "workflows/take-seat.yaml"
SWEEP, HUB = "workflows/sweep.yaml", "hub.yaml"
LONG = " ~ ".join(["'a'"] * 500)

_TO_PAGE = """\
steps:
  - id: page
    do: web.get
    with:
      url: """


def in_vars(base: str, url: str) -> tuple[str, str]:
    """The text of SWEEP to replace, and the one with a variable `base` and this URL."""
    old = f"{_TO_PAGE}https://example.com/${{{{ run.id }}}}"
    return old, f"vars:\n  base: {base}\n\n{_TO_PAGE}{url}"


_MIXED = """\
  - if: run.test
    then:
      - vars: {mixed: "${{ config.team }}", same: a}
    else:
      - vars: {mixed: "${{ run.id }}", same: "${{ config.team if run.test else 'b' }}"}

  - vars:
      far: {deep: ["${{ vars.same }}"]}
      near: {deep: ["${{ vars.mixed }}"]}
      chosen: ${{ config.team | replace('a', run.id) }}

"""

# code, file, text of the clean file, the text with the mistake
YAML_MISTAKES = [
    ("HUB101", BOOK, "  - reply: ${{ vars.label }}", "«\t»- reply: ${{ vars.label }}"),
    ("HUB102", BOOK, "title: Book a seat", "title: Book«:» a seat"),
    ("HUB102", BOOK, "fail: not_all", "fail: «@not_all»"),
    ("HUB102", BOOK, "fail: not_all", "fail: «`not_all`»"),
    ("HUB102", SWEEP, '"*/5 * * * *"', "«*/5 * * * *»"),
    ("HUB102", BOOK, "otherwise: Later.", 'otherwise: «"Later". Or never»'),
    ("HUB102", BOOK, "otherwise: Later.", 'otherwise: «"Later»'),
    ("HUB102", TAKE, "${{ inputs.comment | default(omit) }}", "«[${{ inputs.comment }}]»"),
    ("HUB103", BOOK, "return: We are full.", "return: «{{ payload.row }}»"),
    ("HUB103", BOOK, "return: We are full.", "return: «{{ payload.row }} is full»"),
    ("HUB103", BOOK, "return: We are full.", 'return: «"{{ payload.row }}"»'),
    ("HUB103", BOOK, "return: We are full.", "return: «={{ $json.row }}»"),
    ("HUB104", BOOK, "return: We are full.", "return: «&full» We are full."),
    ("HUB104", BOOK, "return: We are full.", "return: «*full»"),
    ("HUB104", BOOK, "vars:\n", "vars:\n  «<<»: x\n"),
    ("HUB104", SWEEP, "hub: 1\n", "«%YAML 1.2»\n---\nhub: 1\n"),
    ("HUB104", TAKE, "hub: 1\ntitle", "hub: 1\n«---»\ntitle"),
    ("HUB105", BOOK, "if: payload.phone is set", "if: «!payload.phone»"),
    ("HUB106", TAKE, "return:\n", "return:\n      sure: «yes»\n"),
    ("HUB107", BOOK, '"#seats"\n          text: ${{ pay', "«#seats»\n          text: ${{ pay"),
    ("HUB107", BOOK, "otherwise: Later.", "otherwise: Later. «#soon»"),
    ("HUB108", BOOK, "    otherwise: Later.", "    otherwise: Later.\n    «within»: 3s"),
]
SHAPE_MISTAKES = [
    ("HUB110", BOOK, "fail: not_all", "fail: «Not All»"),
    ("HUB110", BOOK, "title: Book a seat", "«on»: webhook\ntitle: Book a seat"),
    ("HUB110", BOOK, "        once_per: ${{", "        «onceper»: ${{"),
    ("HUB110", BOOK, "within: 5s", "within: «5 seconds»"),
    ("HUB110", BOOK, "  auth: broker\n  payload", "  «payload»"),
    ("HUB110", BOOK, "max_parallel: 5", "max_parallel: «many»"),
    ("HUB110", BOOK, "retry: 3", "retry: «often»"),
    ("HUB110", BOOK, "timeout: 10s", "timeout: «10»"),
    ("HUB110", BOOK, "on_error: continue", "on_error: «ignore»"),
    ("HUB110", BOOK, "  - reply: ${{", "  - id: x\n    wait: «soon»\n\n  - reply: ${{"),
    ("HUB110", BOOK, "  - reply: ${{", "  - id: x\n    parallel: «{}»\n\n  - reply: ${{"),
    ("HUB110", BOOK, "  - reply: ${{", "  - id: x\n    steps: «[]»\n\n  - reply: ${{"),
    ("HUB110", BOOK, "        retry: 3", "        compensate: «[]»\n        retry: 3"),
    ("HUB211", BOOK, "  - reply: ${{", "  - «wait: 2s»\n\n  - reply: ${{"),
    ("HUB213", BOOK, "  - reply: ${{", "  - emit: «seat.taken»\n\n  - reply: ${{"),
    ("HUB110", BOOK, "  auth: broker", "  auth: broker\n  rate_limit: «10/minute»"),
    ("HUB110", BOOK, "  auth: broker", "  auth: broker\n  rate_limit: «200000 per day»"),
    ("HUB110", BOOK, "  auth: broker", "  auth: broker\n  cors: «https://a.example»"),
    ("HUB110", BOOK, "  auth: broker", "  auth: broker\n  cors: «[]»"),
    ("HUB110", BOOK, "  auth: broker", '  auth: broker\n  cors: [«"*"»]'),
    ("HUB110", BOOK, "  auth: broker", "  auth: broker\n  cors:\n    - «https://a.example/»"),
    ("HUB110", BOOK, "  auth: broker", '  auth: broker\n  cors: [«"${{ run.id }}"»]'),
    ("HUB203", BOOK, "  auth: broker", '  auth: broker\n  cors: [«"${{ config.pages }}"»]'),
    ("HUB206", BOOK, "  auth: broker", '  auth: broker\n  cors: [«"${{ config.team }}"»]'),
    ("HUB110", BOOK, "  auth: broker", "  auth: broker\n  dialect: «retell.event»"),
    ("HUB110", BOOK, "seat in steps.all.seats", "«steps.all.seats»"),
    ("HUB110", BOOK, "    for_each: seat in", "    «foreach»: seat in"),
    ("HUB110", BOOK, "    call: take-seat", "    call: take-seat\n    detach: «often»"),
    ("HUB110", BOOK, "    call: take-seat", "    call: take-seat\n    «do»: chat.post"),
    ("HUB110", SWEEP, '"*/5 * * * *"', '«"*/5 * * *"»'),
    ("HUB110", SWEEP, '"*/5 * * * *"', '«"0 0 31 2 *"»'),
    ("HUB110", SWEEP, "timezone: America/New_York", "timezone: «New York»"),
    ("HUB110", TAKE, "{type: string, optional: true}", "«string»"),
    ("HUB110", TAKE, "concurrency:\n  key:", "concurrency:\n  «kee»: 1\n  key:"),
    ("HUB110", SWEEP, "title: Sweep", "title: «${{ run.id }}»"),
    ("HUB110", HUB, "type: bearer", "type: «baerer»"),
    ("HUB110", HUB, "timezone: Europe/Warsaw", "«time_zone»: Europe/Warsaw"),
    ("HUB110", BOOK, "return: We are full.", "return: {«'${{ payload.row }}'»: 1}"),
    ("HUB110", BOOK, "    status: 409", "    headers: {«'${{ payload.row }}'»: x}"),
    ("HUB110", TAKE, "      keep_for: 24h", "      «${{ inputs.row }}»: 24h"),
    ("HUB110", BOOK, "      back:\n", "      «${{ payload.count }}»:\n"),
    ("HUB111", SWEEP, "steps:", "«inputs»: {}\n\nsteps:"),
    ("HUB211", TAKE, "  - id: taken\n    do: seats.take", "  - «do: seats.take»"),
    ("HUB212", BOOK, "- id: calls", "- id: «seat»"),
    ("HUB214", BOOK, "auth: broker", "auth: «brokr»"),
    ("HUB215", BOOK, "do: seats.list", "do: «seats.lst»"),
    ("HUB216", BOOK, "call: take-seat", "call: «take-seats»"),
    ("HUB216", BOOK, "call: take-seat", "call: «sweep»"),
    ("HUB300", BOOK, "Row ${{ payload.row }}", "Row «${{ payload.row»"),
    ("HUB301", BOOK, "if: payload.phone is set", "if: payload.phone «=» 'x'"),
    ("HUB302", BOOK, "if: payload.phone is set", "if: «${{» payload.phone is set }}"),
    ("HUB302", BOOK, "switch: payload.row", "switch: «${{» payload.row }}"),
    ("HUB309", BOOK, "Row ${{ payload.row }}", "Row ${{ " + LONG + " }}"),
    ("HUB334", BOOK, "${{ payload.guest_id }}/${{ payload.time }}", "«bookings»"),
    ("HUB401", BOOK, "schemas/book.json", "«schemas/bok.json»"),
    ("HUB613", BOOK, "auth: broker", "auth: «public»"),
]
TYPE_MISTAKES = [
    ("HUB201", BOOK, "${{ payload.guest_id }}/${{ payload.time }}", "${{ «paylod».guest_id }}"),
    ("HUB201", TAKE, "${{ inputs.guest_id }}\n\n", "${{ «payload».guest_id }}\n\n"),
    ("HUB201", BOOK, "key: ${{ payload.guest_id }}/", "key: ${{ «steps».seat.number }}/"),
    ("HUB202", BOOK, "Row ${{ payload.row }}", "Row ${{ steps.«seat».number }}"),
    ("HUB202", BOOK, "message: ${{ steps.calls.failed }} of", "message: ${{ steps.«call».x }} of"),
    ("HUB203", BOOK, "{ payload.guest_id }}\n      time", "{ payload.«guestid» }}\n      time"),
    ("HUB203", BOOK, "text: ${{ seat.number }}", "text: ${{ seat.«nummer» }}"),
    ("HUB203", TAKE, "number: ${{ steps.taken.number }}", "number: ${{ steps.taken.«phone» }}"),
    ("HUB203", SWEEP, "secrets.API_TOKEN", "secrets.«APITOKEN»"),
    ("HUB203", HUB, "secret: BROKER_TOKEN", "secret: «BROKR_TOKEN»"),
    ("HUB203", HUB, "mode: ${{ config.hub_mode }}", "mode: ${{ config.«mode» }}"),
    ("HUB204", BOOK, "payload.time | plus('1h')", "payload.time | «pluss»('1h')"),
    ("HUB205", BOOK, "payload.time | plus('1h')", "«today»()"),
    ("HUB206", BOOK, "if: steps.calls.failed > 0", "if: «steps.calls.failed»"),
    ("HUB206", BOOK, "steps.calls.failed > 0", "«steps.calls.failed > '0'»"),
    ("HUB206", BOOK, "${{ payload.time | plus('1h') }}", "«${{ payload.count }}»"),
    ("HUB206", BOOK, "otherwise: Later.", "otherwise: Later ${{ «payload.names» }}"),
    ("HUB206", TAKE, "keep_for: 24h", "keep_for: «tomorrow»"),
    ("HUB206", TAKE, "default: back", "default: «middle»"),
    ("HUB206", BOOK, "for_each: seat in steps.all.seats", "for_each: «seat in payload.row»"),
    ("HUB206", BOOK, "    status: 409", "    status: «${{ payload.row }}»"),
    (
        "HUB206",
        BOOK,
        '    channel: "#seats"\n          text: ${{ seat',
        "    channel: \"${{ payload.row | e164(«'ZZ'») }}\"\n          text: ${{ seat",
    ),
    ("HUB207", BOOK, "payload.phone is set", "payload.phone is «defined»"),
    ("HUB208", BOOK, "error.code == 'full'", "error.code == «'fool'»"),
    ("HUB208", TAKE, "row: ${{ inputs.row }}", "row: «middle»"),
    ("HUB209", TAKE, "keep_for: 24h", "«keep_it_for»: 24h"),
    ("HUB209", BOOK, "time }}\n      row: ", "time }}\n      «size»: 1\n      row: "),
    ("HUB209", BOOK, "    with:\n      at:", "    «with»: {}\n#"),
    ("HUB209", BOOK, "do: seats.list\n    with:\n      at:", "do: «seats.list»\n#"),
    ("HUB209", BOOK, "with:\n      at: ${{ payload.time", "«with»:\n      limit: 1\n#"),
    ("HUB402", TAKE, "row: {type: string", "row: {type: string, «minLenght»: 1"),
    ("HUB402", TAKE, "optional: true}", "«optinal»: true}"),
    ("HUB210", BOOK, "${{ payload.comment | default(omit) }}", "${{ «payload.comment» }}"),
    ("HUB210", BOOK, "No phone for ${{ payload.guest_id }}", "For ${{ «payload.comment» }}"),
    ("HUB217", BOOK, "for_each: seat in", "for_each: «payload in steps.all.seats»\n#"),
    ("HUB218", BOOK, "{place: far}", "{place: far}\n        - vars: {«place»: back}"),
    ("HUB218", BOOK, "{place: far}", "{place: far, «label»: x}"),
    ("HUB320", TAKE, "taken.until }}\n", "taken.until }}\n\n  - «log: late»\n"),
    ("HUB321", BOOK, "      back:\n", "      «side»:\n        - fail: x\n      back:\n"),
    ("HUB321", BOOK, "      back:\n", "      «back | front»:\n"),
    (
        "HUB321",
        BOOK,
        "        - vars: {place: far}\n",
        "        - vars: {place: far}\n      «else»:\n        - fail: x\n",
    ),
    (
        "HUB501",
        SWEEP,
        "steps:\n",
        "steps:\n  - switch: «secrets.API_TOKEN»\n    cases: {else: [{log: x}]}\n",
    ),
    ("HUB322", BOOK, "switch: payload.row\n", "switch: «payload.guest_id»\n"),
    (
        "HUB322",
        BOOK,
        "row\n    cases:\n      front:\n        - vars: {place: near}",
        "row\n    cases:",
    ),
    (
        "HUB331",
        BOOK,
        "if: payload.phone is set",
        "if: payload.row «is set» and payload.phone is set",
    ),
    ("HUB332", BOOK, "steps.calls.failed > 0", "«payload.row == null»"),
    ("HUB332", BOOK, "steps.calls.failed > 0", "«1 == 2»"),
    ("HUB332", BOOK, "steps.calls.failed > 0", "\"«'a' == 'b'»\""),
    ("HUB332", BOOK, "steps.calls.failed > 0", "«steps.calls.failed == 0.5»"),
    ("HUB333", BOOK, "steps.calls.failed > 0", "«1 < 2»"),
    ("HUB333", BOOK, "steps.calls.failed > 0", "steps.calls.failed > 0 or «true»"),
    ("HUB333", BOOK, "steps.calls.failed > 0", "«payload.row in ['back', 'front']»"),
    ("HUB403", SWEEP, "method: GET", "page: «templates/none.html»"),
    ("HUB501", SWEEP, "https://example.com/${{ run.id }}", "«${{ secrets.API_TOKEN }}»"),
    ("HUB501", SWEEP, "failed with ${{ error.code }}", "failed with ${{ secrets.API_TOKEN }}"),
    (
        "HUB502",
        BOOK,
        "No phone for ${{ payload.guest_id }}",
        "«${{ payload.phone | default('') }}»",
    ),
    ("HUB206", SWEEP, "method: GET", "query: SELECT 1; «DROP» TABLE seats"),
    ("HUB206", SWEEP, "method: GET", "query: |\n        -- all; of them\n        «COMMIT»;"),
    ("HUB206", SWEEP, "method: GET", "query: \"SELECT 'it''s; so' «'»;\""),
    ("HUB206", SWEEP, "method: GET", "query: «-- nothing;»"),
    ("HUB503", SWEEP, "method: GET", "method: «${{ run.mode }}»"),
    ("HUB503", SWEEP, "example.com/${{ run.id }}", "«${{ run.id }}».example.com/b"),
    ("HUB503", SWEEP, *in_vars("${{ config.team }}/${{ run.id }}", "«${{ vars.base }}»/leads")),
    (
        "HUB611",
        BOOK,
        "  respond:\n    within: 5s",
        "  dialect: vapi.tool\n  tool: book\n  respond:\n    within: «20s»",
    ),
    (
        "HUB612",
        BOOK,
        "  - reply: ${{ vars.label }} until ${{ steps.seat.until | local('long') }}\n",
        "",
    ),
    ("HUB616", TAKE, "  - return:\n", "  - «reply: x»\n\n  - return:\n"),
    ("HUB616", TAKE, "taken.until }}\n", "taken.until }}\n    status: «404»\n"),
]
MISTAKES = [*YAML_MISTAKES, *SHAPE_MISTAKES, *TYPE_MISTAKES]


@pytest.mark.parametrize(("code", "path", "old", "new"), MISTAKES)
def test_a_mistake_is_told_at_its_place(code, path, old, new):
    check_planted((code, path, old, new), FILES, findings)


def test_two_workflows_at_one_route_are_told_at_the_path_of_the_second():
    path = "workflows/copy.yaml"
    marked = FILES[BOOK].replace("  auth: broker", "  path: «/webhook/book»\n  auth: broker")

    (told,) = findings({**FILES, path: unmarked(marked)})

    assert told.code == "HUB620"
    assert (told.file, expected_place(marked)) == (
        path,
        (told.line, told.column, told.end_column),
    )


def _never() -> datetime:
    raise AssertionError("no time is asked for")


@pytest.mark.parametrize(
    "base", ["https://a.example/v2", "${{ config.team }}/v2", "${{ config.team ~ '/v2' }}"]
)
def test_S14_a_variable_without_data_may_begin_a_url_at_the_check_and_in_a_run(base: str):
    files = changed(SWEEP, *in_vars(base, "${{ vars.base }}/leads/${{ run.id }}"))
    project = load(files)
    workflow = project.workflows["sweep"]
    (page,) = workflow.steps
    assert isinstance(page, Do)
    assert isinstance(page.inputs, ObjectOf)
    variables = {"base": "https://a.example/v2"}
    frame = Frame(workflow, "", {"run": {"id": "../x"}}, variables=variables)
    facts = Facts("run", {}, {}, {}, now=_never, timer=_never, new_id=str)

    url = render_value(dict(page.inputs.entries)["url"], frame.scope(facts))

    assert project.findings == ()
    assert url == "https://a.example/v2/leads/..%2Fx"


def test_S14_a_variable_that_holds_data_on_some_way_is_data():
    """On another way than the one at hand, in a list or behind another variable."""
    workflow = load(changed(SWEEP, "  - id: page\n", _MIXED + "  - id: page\n")).workflows["sweep"]

    assert workflow.fixed_vars == {"same", "far"}


def test_nearly_every_code_is_planted():
    # they need waits, an environment, a file, another preset, an action that nobody implemented
    elsewhere = {213, 504, 614, 615, 617, 618, 619, 620, 621, 622, 701}

    planted = {int(code.removeprefix("HUB")) for code, *_ in MISTAKES}

    assert set(CODES) - planted <= elsewhere


def test_the_clean_project_has_no_findings():
    assert findings(FILES) == []


def test_every_mistake_is_of_a_different_kind_or_place():
    assert len({(code, path, new) for code, path, _, new in MISTAKES}) == len(MISTAKES)
