"""The kinds of steps, each with its keys (language, chapters 7 to 10)."""

from __future__ import annotations

from hub.engine.language.parts import (
    ACTION,
    CONNECTION,
    EVENT,
    EVENTS,
    FEW_SECONDS,
    ID,
    RETRY_KIND,
    WORKFLOW_NAME,
)
from hub.engine.language.shapes import (
    Boolean,
    Choice,
    Decision,
    Duration,
    Either,
    Handler,
    Inner,
    Integer,
    Key,
    Keyed,
    ListOf,
    Loop,
    Named,
    OrExpression,
    Place,
    Steps,
    Text,
    Value,
)
from hub.engine.language.workflow import ANSWER_HEADERS

_ID = Key("id", ID, "Its name, unique in the file: later steps read its result as `steps.<id>`.")
_NEEDED_ID = Key(_ID.name, _ID.kind, _ID.meaning, is_required=True)
_NAME = Key("name", Text(), "What the step is called, for people; shown in the timeline of a run.")
_IF = Key(
    "if", Decision(), "Skip the step unless this is true.", examples=("payload.email is set",)
)
_CONNECTION = Key(
    "connection",
    CONNECTION,
    "Which connection of hub.yaml is used.",
    otherwise="the first of the action's type",
)
_TIMEOUT = Key("timeout", FEW_SECONDS, "After so long the step fails with `timeout`.")
_ON_ERROR = Key(
    "on_error",
    Handler(),
    "What happens when it fails: `fail`, `continue` without a result, or steps with `error` in"
    " scope, after which the failure goes on unless one of them is `return`, `fail` or `continue`.",
    default="fail",
)
_COMPENSATE = Key(
    "compensate",
    Steps(),
    "Steps that undo this one when the run fails or is cancelled later; what was done last is"
    " undone first.",
)
_STATUS = Key(
    "status", OrExpression(Integer(200, 599)), "The HTTP status of the answer.", otherwise="200"
)
_HEADERS = Key("headers", ANSWER_HEADERS, "HTTP headers of the answer.")


def _with(meaning: str) -> Key:
    return Key("with", Named(Value()), meaning)


def _retry(default: int) -> Key:
    return Key(
        "retry",
        RETRY_KIND,
        "How often a failure is tried again: a number of tries after the first, or the long form.",
        default=default,
    )


POLL = Place(
    "poll",
    "Asks an action again and again.",
    keys=(
        Key("do", ACTION, "The action that is asked; it must only read.", is_required=True),
        _with("The inputs of the action."),
        _CONNECTION,
        Key(
            "every",
            Duration(lowest="1s"),
            "The time between two questions.",
            is_required=True,
            default="30s",
        ),
        Key(
            "done_if",
            Decision(),
            "The wait is over when this is true; `result` is in scope.",
            is_required=True,
        ),
        Key(
            "data",
            Value(),
            "Becomes the `data` of the step; `result` is in scope.",
            otherwise="the whole result",
        ),
    ),
)

WAIT_UNTIL = Place(
    "wait with `until`",
    "Waits until a date; one in the past does not wait.",
    keys=(
        Key(
            "until",
            Value(),
            "The date and time, usually an expression.",
            is_required=True,
            examples=("${{ payload.starts_at | minus('1h') }}",),
        ),
    ),
)

WAIT_FOR = Place(
    "wait with `for`",
    "Waits for the first event with this name and key.",
    keys=(
        Key(
            "for",
            EVENTS,
            "The name of the event, or a list: whichever comes first wins.",
            is_required=True,
        ),
        Key(
            "key",
            Keyed(),
            "Only events that were emitted with this key.",
            is_required=True,
            examples=("${{ run.id }}",),
        ),
        Key("only_if", Decision(), "Only events for which this is true; `event` is in scope."),
        Key("or_poll", Inner(POLL), "Also ask an action; whichever comes first."),
    ),
)

WAIT_POLL = Place(
    "wait with `poll`",
    "Asks until the answer is the right one.",
    keys=(Key("poll", Inner(POLL), "What is asked, and how often.", is_required=True),),
)

WAITS = {"until": WAIT_UNTIL, "for": WAIT_FOR, "poll": WAIT_POLL}
"""The forms of `wait` by the key that tells them apart; a duration is the fourth."""

BRANCH = Place(
    "elif",
    "Another way, taken when none before it was.",
    keys=(
        Key("if", Decision(), "Whether this way is taken.", is_required=True),
        Key("then", Steps(), "What is done then.", is_required=True),
    ),
)


def _step(meaning: str, *keys: Key, needs_id: bool = False) -> Place:
    """A kind of step, with what every step may have."""
    first = _NEEDED_ID if needs_id else _ID
    named = {key.name for key in keys}
    common = [key for key in (first, _NAME, _IF) if key.name not in named]
    return Place(f"a step with `{keys[0].name}`", meaning, keys=(*common, *keys))


STEPS: dict[str, Place] = {
    "do": _step(
        "Do one action of a connector.",
        Key("do", ACTION, "The action, written `connector.action`.", is_required=True),
        _with("The inputs of the action."),
        _CONNECTION,
        _retry(5),
        Key(
            "timeout",
            FEW_SECONDS,
            "The longest time of one attempt; then it fails with `timeout`.",
            otherwise="the action's",
        ),
        Key(
            "delivery",
            Choice(("at_least_once", "at_most_once")),
            "After a crash in the middle: rather twice than never, or rather never than twice.",
            otherwise="`at_most_once` for actions with the effect `once`, else `at_least_once`",
        ),
        Key(
            "idempotency_key",
            Keyed(),
            "Replaces the key that is sent to the vendor, the same for all attempts.",
            otherwise="made from the run and the step",
        ),
        Key(
            "once_per",
            Keyed(),
            "One success for each value, over all runs of this file that are kept; later ones get"
            " the first result and do nothing.",
            examples=("${{ inputs.appointment_id }}",),
        ),
        _ON_ERROR,
        _COMPENSATE,
        needs_id=True,
    ),
    "call": _step(
        "Run another workflow as a part of this run, and get what it returns.",
        Key("call", WORKFLOW_NAME, "The name of a workflow with `inputs`.", is_required=True),
        _with("The inputs of the workflow."),
        Key(
            "detach",
            Boolean(),
            "`true`: start a run of its own and go on at once; the result is its `run_id`.",
            default=False,
        ),
        _retry(0),
        _TIMEOUT,
        _ON_ERROR,
        _COMPENSATE,
        needs_id=True,
    ),
    "wait": _step(
        "Wait for a time, an event or an answer; a wait holds no worker.",
        Key(
            "wait",
            Either((FEW_SECONDS, *(Inner(place) for place in WAITS.values()))),
            "How long, until when, or for what.",
            is_required=True,
            examples=("10m",),
        ),
        Key("timeout", FEW_SECONDS, "The longest wait; then `on_timeout` says what happens."),
        Key(
            "on_timeout",
            Handler(),
            "What happens when the time is over: `fail` with the error `timeout`, `continue`"
            " without a result, or steps.",
            default="fail",
        ),
        _ON_ERROR,
        needs_id=True,
    ),
    "emit": _step(
        "Send an event to the runs that wait for it and the workflows that it starts.",
        Key("emit", EVENT, "The name of the event.", is_required=True),
        Key("key", Keyed(), "Who is meant: waits name the same key."),
        Key("data", Value(), "The data of the event; it must fit the event's schema."),
    ),
    "then": _step(
        "One of several ways, by questions.",
        Key("if", Decision(), "Whether the first way is taken.", is_required=True),
        Key("then", Steps(), "What is done then.", is_required=True),
        Key(
            "elif",
            ListOf(Inner(BRANCH)),
            "Further questions with their steps; the first that is true wins.",
        ),
        Key("else", Steps(), "What is done when no question was true."),
    ),
    "switch": _step(
        "One of several ways, by a value.",
        Key("switch", Decision(), "The value that is looked at.", is_required=True),
        Key(
            "cases",
            Named(Steps(), fewest=1),
            "A value and its steps for each case; `a | b` for several values, `else` for the rest.",
            is_required=True,
        ),
    ),
    "for_each": _step(
        "The same steps for every item of a list.",
        Key(
            "for_each",
            Loop(),
            "The name of the item and the list.",
            is_required=True,
            examples=("lead in steps.find.leads",),
        ),
        Key("steps", Steps(), "What is done with each item.", is_required=True),
        Key("max_parallel", Integer(1, 100), "How many items are worked on at once.", default=1),
        Key(
            "on_item_error",
            Choice(("fail", "continue")),
            "What the failure of one item does to the others.",
            default="fail",
        ),
        Key("collect", Value(), "One value for each item; the list is `steps.<id>.items`."),
        _TIMEOUT,
        _ON_ERROR,
        needs_id=True,
    ),
    "parallel": _step(
        "Several branches at the same time.",
        Key(
            "parallel",
            Named(Steps(), ID, fewest=2),
            "The branches: a name and its steps for each.",
            is_required=True,
        ),
        Key(
            "wait_for",
            Choice(("all", "first")),
            "Go on when all branches are done, or when the first is; then the others are ended.",
            default="all",
        ),
        _TIMEOUT,
        _ON_ERROR,
        needs_id=True,
    ),
    "steps": _step(
        "Steps that share a condition, a timeout, a handler or what undoes them.",
        Key("steps", Steps(), "What is done, from top to bottom.", is_required=True),
        _TIMEOUT,
        _ON_ERROR,
        _COMPENSATE,
        needs_id=True,
    ),
    "vars": _step(
        "Name values; each name is set once on a way.",
        Key(
            "vars",
            Named(Value(), ID, fewest=1),
            "Names and values, read as `vars.<name>`.",
            is_required=True,
        ),
    ),
    "reply": _step(
        "Answer the caller now, and go on.",
        Key("reply", Value(), "The body of the answer.", is_required=True),
        _STATUS,
        _HEADERS,
    ),
    "return": _step(
        "End the run with this result; it answers the caller if nothing did before.",
        Key("return", Value(), "The result.", is_required=True),
        _STATUS,
        _HEADERS,
    ),
    "fail": _step(
        "End the run as failed.",
        Key(
            "fail",
            Text(ID.pattern, "a code such as `slot_taken`"),
            "The code of the error.",
            is_required=True,
        ),
        Key("message", Value(), "What happened, for people."),
        Key(
            "status",
            OrExpression(Integer(400, 599)),
            "The HTTP status of the answer, when nothing was answered before.",
            otherwise="500",
        ),
    ),
    "log": _step(
        "Write one line to the log and the timeline.",
        Key("log", Value(), "The text.", is_required=True),
        Key(
            "level",
            Choice(("debug", "info", "warning", "error")),
            "How important it is.",
            default="info",
        ),
    ),
    "continue": _step(
        "The failure is dealt with: go on behind the failed step. Only inside `on_error` and"
        " `on_timeout`.",
        Key("continue", Value(), "Becomes the result of the step that failed.", is_required=True),
    ),
}
"""Every kind of step by the key that makes it one, in the order of the reference."""

NOT_IN_UNDO = frozenset({"reply", "return", "continue"})
"""Kinds that mean nothing inside `compensate`: the run is over already."""
