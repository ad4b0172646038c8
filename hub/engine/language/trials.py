"""The files of tests, `workflows/tests/<name>.yaml` (language, chapter 14)."""

from __future__ import annotations

from hub.engine.language.parts import ACTION, EVENT, ID, WORKFLOW_NAME
from hub.engine.language.shapes import (
    Boolean,
    Choice,
    Duration,
    Either,
    Fixed,
    Inner,
    Integer,
    Key,
    ListOf,
    Named,
    Place,
    Text,
    Version,
)

_DATA = Named(Fixed())
_DEED = Either((ACTION, Named(Fixed(), ACTION, fewest=1)))
STATUSES = ("queued", "running", "waiting", "succeeded", "failed", "cancelled", "undo_failed")

OUTCOME = Place(
    "a mock",
    "What an action does in the test instead of its work.",
    keys=(
        Key("returns", Fixed(), "The result of the action."),
        Key("fails", ID, "The code of the error it fails with."),
        Key(
            "maybe_done",
            Boolean(),
            "With `fails`: the effect may have happened.",
            default=False,
        ),
        Key("takes", Duration(), "How long it takes: the clock of the test goes on."),
    ),
    any_of=("returns", "fails", "takes"),
)

REQUEST = Place(
    "request",
    "A raw request: authentication, dialect and dedupe are tested too.",
    keys=(
        Key("body", Fixed(), "The body as the caller sends it."),
        Key("headers", _DATA, "Its headers."),
        Key("query", _DATA, "Its query parameters."),
    ),
)

TIMELINE = Place(
    "an entry of `timeline`",
    "What happens from outside while the run goes on.",
    keys=(
        Key("after", Duration(), "So long after the entry before it.", examples=("2m",)),
        Key("at", Text(form="a date"), "At this date and time."),
        Key("emit", EVENT, "An event arrives."),
        Key("key", Text(), "The key of the event."),
        Key("data", _DATA, "The data of the event."),
        Key("request", Choice(("again",)), "The same request arrives once more."),
        Key("cancel", Boolean(), "`true`: an administrator cancels the run."),
    ),
)

RESPONSE = Place(
    "response",
    "The answer to the caller.",
    keys=(
        Key("status", Integer(100, 599), "Its HTTP status."),
        Key(
            "body",
            Fixed(),
            "Its body. Objects match when every given key matches; `{contains: text}` and"
            " `{any: true}` match loosely.",
        ),
        Key("headers", _DATA, "Its headers."),
    ),
)

SENT = Place(
    "an event that was sent",
    "The key and the data it must have.",
    keys=(
        Key("key", Fixed(), "Its key."),
        Key("data", Fixed(), "Its data."),
    ),
)

SHOWN = Place(
    "what is shown",
    "What an action that reads the hub's own data gives in the end.",
    keys=(
        Key("with", _DATA, "Its inputs."),
        Key("gives", Fixed(), "What its result must match.", is_required=True),
    ),
)

EXPECT = Place(
    "expect",
    "What must be true in the end; what is not named may be anything.",
    keys=(
        Key("response", Inner(RESPONSE), "The answer to the caller."),
        Key(
            "status",
            Choice(STATUSES),
            "The state of the run.",
        ),
        Key("error", Text(), "The code it failed with."),
        Key("result", Fixed(), "What it returned."),
        Key("steps", ListOf(ID), "The ids of the steps that ran, in order."),
        Key(
            "did",
            ListOf(_DEED),
            "All actions with an effect, in order; given inputs must match.",
        ),
        Key("did_not", ListOf(ACTION), "Actions that must not have been done."),
        Key(
            "simulated",
            ListOf(_DEED),
            "Actions that the mode held back; given inputs must match.",
        ),
        Key(
            "emitted",
            ListOf(Either((EVENT, Named(Inner(SENT), EVENT, fewest=1)))),
            "The events it sent, in order.",
        ),
        Key("runs", Integer(0, 10_000), "How many runs there are in the end."),
        Key("took", Duration(), "How long it took on the clock of the test."),
        Key(
            "shows",
            ListOf(Named(Inner(SHOWN), ACTION, fewest=1)),
            "With `real`: what actions that read find in the end.",
        ),
    ),
)

SHARED_KEYS = (
    Key("now", Text(form="a date"), "The date and time at which the test begins."),
    Key("payload", _DATA, "The payload, as the dialect has unpacked it."),
    Key("request", Inner(REQUEST), "A raw request instead of a payload."),
    Key("params", _DATA, "The parts of the path."),
    Key("query", _DATA, "The query parameters."),
    Key("inputs", _DATA, "The inputs, for workflows with `inputs`."),
    Key("config", _DATA, "Values of `config`."),
    Key(
        "mocks",
        Named(
            Either((Inner(OUTCOME), ListOf(Inner(OUTCOME), fewest=1))),
            ACTION,
        ),
        "What actions do instead of their work; a list is for the first call, the second …, and"
        " its last entry repeats.",
        otherwise="the example that the action declares",
    ),
    Key(
        "real",
        ListOf(Text(r"[a-z][a-z0-9_]*", "the name of a connector, such as `phones`")),
        "Connectors whose actions on the hub's own data are really done, on a database of their"
        " own that is thrown away.",
        examples=(["phones", "appointments"],),
    ),
    Key(
        "given",
        ListOf(Named(_DATA, ACTION, fewest=1)),
        "With `real`: actions that are done before the test begins, with their inputs.",
    ),
)
"""Keys of the file that hold for all its tests, and of each test, whose own values win."""

TEST = Place(
    "a test",
    "One story and its end; its own keys win over those at the top of the file.",
    keys=(
        Key("name", Text(), "What is tested, as a sentence.", is_required=True),
        *SHARED_KEYS,
        Key("timeline", ListOf(Inner(TIMELINE)), "What happens from outside, in order."),
        Key(
            "crash_after",
            ID,
            "The worker dies after the effect of this step and before its result is stored.",
        ),
        Key("expect", Inner(EXPECT), "What must be true in the end.", is_required=True),
    ),
)

TESTS = Place(
    "a file of tests",
    "The tests of one workflow; keys at the top count for all of them.",
    keys=(
        Key("hub", Version(), "The version of the language.", is_required=True),
        Key("workflow", WORKFLOW_NAME, "The workflow that is tested.", is_required=True),
        *SHARED_KEYS,
        Key("tests", ListOf(Inner(TEST), fewest=1), "The tests.", is_required=True),
    ),
)
