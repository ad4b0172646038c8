"""What several places have: names, the type of one value, retry, what is kept of events."""

from __future__ import annotations

from hub.engine.language.shapes import (
    Boolean,
    Choice,
    Decision,
    Duration,
    Either,
    Fixed,
    Inner,
    Integer,
    Key,
    ListOf,
    Number,
    OrExpression,
    Place,
    Text,
)

ID = Text(r"[a-z][a-z0-9_]{0,62}", "small letters, digits and _ (such as `tell_team`)")
ACTION = Text(
    r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*", "connector.action, such as `slack.post`", names="action"
)
WORKFLOW_NAME = Text(r"[a-z][a-z0-9-]{0,62}", "small letters, digits and -", names="workflow")
EVENT = Text(
    r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+",
    "`thing.happened`: small letters, digits, _ and a dot",
    names="event",
)
EVENTS = Either((EVENT, ListOf(EVENT, fewest=1)))
HEADER = Text(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", "`X-Name`")
CONNECTION = Text(names="connection")
MODE = OrExpression(Choice(("live", "test", "simulate")))
FEW_SECONDS = OrExpression(Duration(lowest="1s"))
"""A duration that a step may also compute."""

TYPES = ("string", "integer", "number", "boolean", "array", "object")

FIELD = Place(
    "the type of a value",
    "JSON Schema of one value, with these keys beside it.",
    keys=(
        Key("type", Choice(TYPES), "What kind of value it is.", is_required=True),
        Key("optional", Boolean(), "Whether it may be missing.", default=False),
        Key("default", Fixed(), "What it is when it is missing; it must fit the schema."),
    ),
    others=Fixed(),
)

_MOST_ATTEMPTS = 50

RETRY = Place(
    "retry",
    "How often and how fast a failed step is tried again.",
    keys=(
        Key(
            "attempts",
            Integer(1, _MOST_ATTEMPTS),
            "Tries after the first.",
            is_required=True,
            default=5,
        ),
        Key("first", Duration(), "The pause before the first retry.", default="2s"),
        Key(
            "factor",
            Number(1, 10),
            "Each pause is this many times as long as the one before.",
            default=2,
        ),
        Key("max", Duration(), "The longest pause.", default="5m"),
        Key(
            "jitter",
            Boolean(),
            "Whether pauses are spread by half, so that not all come at once.",
            default=True,
        ),
        Key(
            "only_if",
            Decision(),
            "Try again only if this is true, whatever the kind of error; `error` is in scope.",
            examples=("error.code == 'unavailable'",),
        ),
    ),
)

RETRY_KIND = Either((Integer(0, _MOST_ATTEMPTS), Inner(RETRY)))
"""A number of tries after the first, or the long form."""
