"""Every code of `hub check`: how bad it is, what it means, an example (language, chapter 15)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class FindingCode:
    """One kind of mistake. `example` shows it; `instead` is what should stand there."""

    number: int
    severity: Literal["error", "warning", "note"]
    meaning: str
    example: str
    instead: str = ""


def _error(number: int, meaning: str, example: str, instead: str = "") -> FindingCode:
    return FindingCode(number, "error", meaning, example, instead)


def _warning(number: int, meaning: str, example: str, instead: str = "") -> FindingCode:
    return FindingCode(number, "warning", meaning, example, instead)


CODES: dict[int, FindingCode] = {
    each.number: each
    for each in (
        _error(101, "tabs in the indentation", "a tab before `do:`", "spaces"),
        _error(
            102,
            "YAML that cannot be read; the message says which quotes or signs are missing",
            "text: Note: call back",
            'text: "Note: call back"',
        ),
        _error(
            103,
            "an expression of another tool",
            "text: {{ payload.name }}",
            "text: ${{ payload.name }}",
        ),
        _error(
            104,
            "anchors, aliases, merge keys, several documents, directives",
            "with: *defaults",
            "write the keys out",
        ),
        _error(105, "tags", "if: !payload.done", "if: not payload.done"),
        _warning(106, "a word that is text here, and was meant as a value", "x: yes", "x: true"),
        _error(
            107,
            "`#` directly before a character starts a comment",
            "channel: #bookings",
            'channel: "#bookings"',
        ),
        _error(108, "a key twice", "two `with:` in one step", "one of them"),
        _error(
            110,
            "structure: an unknown key, a wrong shape, a missing key, a bad duration",
            "timeout: 5 minutes",
            "timeout: 5m",
        ),
        _error(
            111,
            "not exactly one of `endpoint`, `schedule`, `event`, `inputs`",
            "`endpoint:` and `schedule:`",
            "two files",
        ),
        _error(
            201,
            "an unknown name, or one that does not exist in this place",
            "if: inputs.name is set",
            "if: payload.name is set",
        ),
        _error(
            202,
            "an unknown step, or one that comes later or in another branch",
            "steps.nummer.id",
            "steps.number.id",
        ),
        _error(
            203,
            "a field that the schema, the inputs, `config`, `vars`, `secrets`, the event or the"
            " action's output does not have",
            "payload.leadid",
            "payload.lead_id",
        ),
        _error(204, "an unknown filter", "payload.name \\| capitalize", "payload.name \\| title"),
        _error(205, "an unknown function", "today()", "now()"),
        _error(
            206,
            "a wrong type: a condition that is not boolean, a comparison of different types, a"
            " filter on the wrong type, an input of the wrong type",
            "if: payload.name",
            "if: payload.name is set",
        ),
        _error(207, "an unknown test", "x is defined", "x is set"),
        _error(
            208,
            "a text that is none of the possible values",
            "payload.outcome == 'moved'",
            "payload.outcome == 'rescheduled'",
        ),
        _error(
            209,
            "inputs of `do`, `call` or `emit` that are unknown or missing",
            "`slack.post` without `channel`",
            "with `channel`",
        ),
        _error(
            210,
            "a value that may be missing or null: it needs `default`, `required` or `is set`",
            "payload.email \\| lower",
            "payload.email \\| default('') \\| lower",
        ),
        _error(211, "a step without an id that needs one", "- do: slack.post", "- id: tell_team"),
        _error(212, "an id twice", "two steps `id: tell`", "two names"),
        _error(
            213,
            "an unknown event: it has no schema",
            "emit: job.done",
            "schemas/events/job.done.json",
        ),
        _error(214, "an unknown auth preset", "auth: brokr", "auth: broker"),
        _error(215, "an unknown action", "do: slack.send", "do: slack.post"),
        _error(
            216,
            "an unknown workflow, or a call in a circle",
            "call: hold-phone",
            "call: hold-phone-for-appointment",
        ),
        _error(
            217,
            "the name of a `for_each` is taken",
            "for_each: payload in …",
            "for_each: lead in …",
        ),
        _error(218, "a variable set twice on one way", "`vars: {a: 1}` twice", "two names"),
        _error(300, "`${{` without its end", "${{ payload.name }", "${{ payload.name }}"),
        _error(301, "an expression that cannot be read", "a && b", "a and b"),
        _error(
            302,
            "`${{ }}` where an expression stands anyway",
            "if: ${{ x is set }}",
            "if: x is set",
        ),
        _error(
            309,
            "an expression that is too long or too deep",
            "more than 2,000 characters",
            "several `vars`",
        ),
        _error(320, "a step after one that always ends the run", "a step after `return`"),
        _error(
            321, "a case, or an `else`, that cannot match, or is handled already", "`showed:` twice"
        ),
        _error(322, "a value without a case", "no `cancelled:`", "the case, or `else:`"),
        _warning(
            331,
            "`default` or `is set` on a value that is always there",
            "payload.id \\| default('')",
            "payload.id",
        ),
        _warning(
            332,
            "a comparison that is never true: of fixed values, with an empty list, of a whole"
            " number with a fraction, of a value that is never null with null",
            "1 == 2",
        ),
        _warning(
            333,
            "a condition, or a part of one, that is always the same",
            "payload.flag or true",
            "payload.flag",
        ),
        _error(
            334,
            "a key without any expression: it would be the same for all runs",
            "key: booking",
            "key: ${{ payload.id }}",
        ),
        _error(401, "a schema file that is not there", "payload: schemas/boking.json"),
        _error(402, "no valid JSON Schema, or one that cannot be checked safely", "type: strin"),
        _error(403, "a template file that is not there", "template: mails/welcom.html"),
        _error(
            501,
            "a secret in a place that may not hold one",
            "log: ${{ secrets.BROKER_API_TOKEN }}",
        ),
        _warning(
            502,
            "personal data in a log",
            "log: ${{ payload.phone }}",
            "log: ${{ payload.phone \\| mask }}",
        ),
        _error(
            503,
            "an expression in an input that must be literal, or data where it would choose a host",
            "query: ${{ payload.q }}",
            "`params`",
        ),
        _error(
            504,
            "a secret without a value here, or with one that cannot be a key (`hub check --env`)",
            "SMTP_…",
        ),
        _warning(
            611,
            "`within` longer than the caller waits, or 10 s for one who speaks meanwhile",
            "within: 30s",
            "within: 5s",
        ),
        _warning(612, "waits for a reply that no step gives", "`within` without `reply`"),
        _warning(
            613,
            "anybody may call, as often as they like",
            "auth: public",
            "a preset, or `rate_limit`",
        ),
        _warning(
            614,
            "a wait for an event or an answer that may never come",
            "`wait: {for: …}` or `wait: {poll: …}` alone",
            "timeout: 1d",
        ),
        _error(615, "a poll of an action that does more than read", "poll: {do: slack.post, …}"),
        _error(616, "a reply or a status without an endpoint", "`reply` beside `schedule`"),
        _error(617, "`continue` outside of `on_error` and `on_timeout`", "- continue: 0"),
        _warning(
            618,
            "the first reply comes after waits, its own or of a `call`, that together are longer"
            " than `within`",
            "`wait: 10m` before `reply`",
            "`reply` first",
        ),
        _warning(
            619,
            "`cancel_on` of a workflow that is called is not looked at",
            "call: booking-session",
            "detach: true",
        ),
        _error(
            620,
            "two workflows with one method and path, or a stream at the path of a workflow",
            "`path: /api/x` in two files",
        ),
        _warning(
            621,
            "a captured request can be sent again: its signature covers no time, and nothing tells"
            " messages apart",
            "`auth` of type `hmac_sha256` without `dedupe`",
            "`dedupe` with a `key`, or `standard_webhooks`",
        ),
        _warning(
            622,
            "a connection names a path that the service is to call, and no endpoint is there",
            "`status_callback: /webhook/no-such`",
            "`status_callback: /webhook/twilio-status`",
        ),
        FindingCode(
            701,
            "note",
            "the workflow is not served, because an action that it or a workflow it calls uses has"
            " no implementation yet",
            "do: slots.reserve",
        ),
    )
}

WARNINGS = frozenset(each.number for each in CODES.values() if each.severity == "warning")
"""Codes that are warnings unless the finding says otherwise."""
