"""What each code of `hub check` means, in one line (language, chapter 15)."""

from __future__ import annotations

from collections.abc import Mapping

WARNINGS = frozenset({106, 331, 332, 333, 502, 611, 612, 613, 614, 618, 619})
"""Codes that are warnings unless the finding says otherwise."""

MEANINGS: Mapping[int, str] = {
    101: "tabs in the indentation",
    102: "YAML that cannot be read; the message says which quotes or signs are missing",
    103: "`{{ x }}` or `={{ x }}`: write `${{ x }}`",
    104: "anchors, aliases, merge keys, several documents, directives",
    105: "tags (`!x`)",
    106: "`yes`, `no`, `on`, `off` and the like are text here",
    107: "`#` directly before a character starts a comment",
    108: "a key twice",
    110: "structure: unknown key, wrong shape, missing key, bad duration",
    111: "not exactly one of `endpoint`, `schedule`, `event`, `inputs`",
    201: "unknown name, or one that does not exist in this place",
    202: "unknown step, or one that comes later, in another branch or at the same time",
    203: "a field that the schema, the inputs, `config`, `vars`, `secrets`, the event or the"
    " action's output does not have",
    204: "unknown filter",
    205: "unknown function",
    206: "wrong type: a condition that is not boolean, a comparison of different types, a filter on"
    " the wrong type, an input of the wrong type or format",
    207: "unknown test (`is defined`: write `is set`)",
    208: "a text that is none of the possible values; a warning where it may be any text",
    209: "inputs of `do`, `call` and `emit`: unknown, missing",
    210: "may be missing or null: needs `default`, `required` or `is set`",
    211: "a step without an id that needs one",
    212: "an id twice",
    213: "unknown event: it has no schema in `schemas/events/`",
    214: "unknown auth preset",
    215: "unknown action",
    216: "unknown workflow, or a call in a circle",
    217: "the name of a `for_each` is taken",
    218: "a variable set twice on one way",
    300: "`${{` without its end",
    301: "an expression that cannot be read",
    302: "`${{ }}` where an expression stands anyway",
    309: "an expression that is too long or too deep",
    320: "a step after one that always ends the run",
    321: "a case that cannot match, or is handled already",
    322: "a value without a case",
    331: "`default` or `is set` on a value that is always there",
    332: "a comparison that is never true",
    333: "a condition that is always the same",
    334: "a key without any expression: it would be the same for all",
    401: "a schema file that is not there",
    402: "no valid JSON Schema, or one that cannot be checked safely",
    403: "a template file that is not there",
    501: "a secret in a place that may not hold one",
    502: "personal data in a log",
    503: "an expression in an input that must be literal",
    504: "a secret without a value in this environment (`hub check --env`)",
    611: "`within` longer than 10 s for a caller who speaks meanwhile",
    612: "waits for a reply that no step gives",
    613: "anybody may call, as often as they like",
    614: "a wait for an event without `timeout`",
    615: "a poll with an action that does more than read",
    616: "a reply or a status without an endpoint",
    617: "`continue` outside of `on_error` and `on_timeout`",
    618: "the first answer comes after a wait that is longer than `within`",
    619: "an inline call of a workflow with `cancel_on`, which does nothing there",
    620: "two workflows with one method and path",
}
"""By number; those of `WARNINGS` do not keep a file from being loaded."""
