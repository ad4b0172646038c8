"""The file of a workflow, down to its steps (language, chapters 4 to 6)."""

from __future__ import annotations

from hub.engine.language.parts import EVENTS, FIELD, HEADER, ID, MODE
from hub.engine.language.shapes import (
    Boolean,
    Choice,
    Decision,
    Duration,
    Either,
    Inner,
    Integer,
    JsonSchema,
    Key,
    Keyed,
    ListOf,
    Named,
    OrExpression,
    Place,
    Steps,
    Text,
    Timezone,
    Value,
    Version,
)

READABLE_HEADER = Text(r"[A-Za-z0-9_-]+", "`X-Name`")
ORIGIN = Text(r"https?://[^/?#@\s*]+", "`https://book.example.com`")
_FIELDS = Named(JsonSchema(FIELD), ID)
_MINUTES = "A length of time such as `90s`, `15m`, `24h`, `7d` or `1h30m`"

DEDUPE = Place(
    "dedupe",
    "Which requests are the same request, sent again.",
    keys=(
        Key(
            "key",
            Keyed(),
            "Requests with the same key inside the window make one run. Put into it what tells"
            " real events apart.",
            is_required=True,
            examples=("${{ payload.booking_id }}",),
        ),
        Key("window", Duration(lowest="1s"), "How long a key is remembered.", default="7d"),
        Key(
            "on_duplicate",
            Choice(("replay", "accept", "reject")),
            "What a repeated request gets: the answer of the first one, 202 with the id of the"
            " first run, or 409.",
            default="replay",
        ),
    ),
)

AT_ONCE = Place(
    "respond with `at_once`",
    "Answer as soon as the run is stored.",
    keys=(
        Key(
            "at_once",
            Value(),
            "The body of the answer. Steps and vars are not in scope.",
            is_required=True,
        ),
        Key("status", Integer(200, 299), "The HTTP status of the answer.", default=202),
    ),
)

WITHIN = Place(
    "respond with `within`",
    "Wait for a `reply` or `return` of the run.",
    keys=(
        Key(
            "within",
            Duration(lowest="1s", highest="5m"),
            "How long the caller waits for a `reply` or `return`.",
            is_required=True,
            default="5s",
        ),
        Key(
            "otherwise",
            Value(),
            "The body when none came in time; the run goes on.",
            otherwise="`status: accepted` and the run's id",
        ),
        Key(
            "failed",
            Value(),
            "The body when the run failed before it answered.",
            otherwise="the error's code and the run's id",
        ),
        Key("status", Integer(200, 599), "The HTTP status of `otherwise`.", default=202),
    ),
)

IN_A_WORD = Choice(("accepted",))
RESPOND = Either((IN_A_WORD, Inner(AT_ONCE), Inner(WITHIN)))

ENDPOINT = Place(
    "endpoint",
    "A run for each request that is sent to this endpoint.",
    keys=(
        Key(
            "path",
            Text(
                r"/(?:[A-Za-z0-9._~-]+|\{[a-z][a-z0-9_]*\})"
                r"(?:/(?:[A-Za-z0-9._~-]+|\{[a-z][a-z0-9_]*\}))*",
                "`/api/v1/things/{id}`",
            ),
            "The whole path; a part such as `{id}` becomes `params.id`.",
            otherwise="`<base_path>/<name of the file>`",
            examples=("/api/v1/bookings/{id}",),
        ),
        Key(
            "method",
            Choice(("POST", "GET", "PUT", "PATCH", "DELETE")),
            "The HTTP method; `GET` and `DELETE` have no payload.",
            default="POST",
        ),
        Key(
            "auth",
            Text(names="auth"),
            "How callers prove themselves: a preset of hub.yaml, or `public`.",
            is_required=True,
        ),
        Key(
            "dialect",
            Text(names="dialect"),
            "How the caller packs its payload and wants its answer.",
            default="json",
        ),
        Key(
            "tool",
            Text(r"[A-Za-z0-9_-]{1,64}", "letters, digits, _ and -"),
            "For tool dialects: the name of the function that is served here.",
        ),
        Key(
            "payload",
            Text(
                r"schemas/(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*\.json",
                "`schemas/<name>.json`",
            ),
            "The path of the JSON Schema of the payload, as the dialect has unpacked it.",
            examples=("schemas/booking.json",),
        ),
        Key("params", _FIELDS, "The types of the parts of `path` in braces.", otherwise="text"),
        Key(
            "query",
            _FIELDS,
            "The query parameters with their types; others are not readable."
            " Nor are names that end with what proves a caller (`token`, `api_key`, `sig`), but for"
            " `page_token` and the like: what is read is stored.",
        ),
        Key(
            "headers",
            ListOf(READABLE_HEADER),
            "The request headers that are readable, as `headers.x_name`.",
            examples=(["X-Request-Id"],),
        ),
        Key(
            "rate_limit",
            Text(
                r"([1-9][0-9]{0,8}) per (second|minute|hour|day)(?: per (ip|caller))?",
                "`10 per minute per ip`",
            ),
            "How many requests are taken in; more are answered with 429.",
            examples=("10 per minute per ip",),
        ),
        Key(
            "cors",
            ListOf(OrExpression(ORIGIN), fewest=1),
            "The origins of the pages whose scripts may call the endpoint and read its answers:"
            " scheme, host and port, compared exactly. `${{ config.name }}` stands for one of them"
            " or for a list.",
            otherwise="none",
            examples=(["https://book.example.com", "${{ config.booking_origins }}"],),
        ),
        Key(
            "max_body",
            Text(r"[1-9][0-9]{0,5}(KB|MB)", "`256KB` or `5MB`"),
            "The largest body, at most 64MB; more is answered with 413. So is a smaller one with"
            " more than 100,000 values, or with so many small ones that they would take six times"
            " this in memory: about half of it full of objects with short fields.",
            otherwise="`256KB`; `vapi.*`: `5MB`",
            examples=("1MB",),
        ),
        Key(
            "timezone",
            Timezone(),
            "Date-times without an offset are read in this zone instead of being refused.",
        ),
        Key(
            "dedupe",
            Inner(DEDUPE),
            "Which requests are the same request, sent again.",
            otherwise="the dialect's own key",
        ),
        Key(
            "respond",
            RESPOND,
            "When the caller is answered, and with what.",
            default="accepted",
        ),
    ),
)

SCHEDULE = Place(
    "schedule",
    "Runs at certain times.",
    keys=(
        Key(
            "every",
            Duration(lowest="1s"),
            "The distance between runs, aligned to the clock: `15m` is :00, :15, :30 and :45.",
            examples=("15m",),
        ),
        Key(
            "cron",
            Text(form="five fields"),
            "Five fields: minute, hour, day of the month, month, day of the week.",
            examples=("0 9 * * 1-5",),
        ),
        Key(
            "timezone",
            Timezone(),
            "The zone in which `cron` is meant.",
            otherwise="that of the workflow",
        ),
        Key(
            "overlap",
            Choice(("skip", "queue", "allow")),
            "What happens while the last run still goes on.",
            default="skip",
        ),
        Key(
            "missed",
            Choice(("run_once", "skip", "run_all")),
            "What happens after a time in which the hub was down.",
            default="run_once",
        ),
    ),
    one_of=("every", "cron"),
)

ON_EVENT = Place(
    "event",
    "A run for each event of these names.",
    keys=(
        Key("name", EVENTS, "The name of the event, or a list of names.", is_required=True),
        Key("only_if", Decision(), "Only events for which this is true; `event` is in scope."),
    ),
)

CONCURRENCY = Place(
    "concurrency",
    "How many runs may go on at the same time, from their first step to their end.",
    keys=(
        Key(
            "key",
            Keyed(),
            "Runs with the same key are counted together.",
            otherwise="all runs of the workflow",
            examples=("${{ payload.lead_id }}",),
        ),
        Key("limit", Integer(1, 10_000), "How many may go on at once.", default=1),
        Key(
            "when_full",
            Choice(("queue", "reject", "cancel_running")),
            "What a run does that finds no room: wait in turn, be refused, or end the others.",
            default="queue",
        ),
    ),
    any_of=("key", "limit"),
)

CANCEL_ON = Place(
    "cancel_on",
    "The run is cancelled when one of these events arrives.",
    keys=(
        Key("event", EVENTS, "The name of the event, or a list of names.", is_required=True),
        Key("key", Keyed(), "Only events with this key.", is_required=True),
        Key("only_if", Decision(), "Only events for which this is true; `event` is in scope."),
    ),
)

TRIGGERS = ("endpoint", "schedule", "event", "inputs")

WORKFLOW = Place(
    "a workflow",
    "One workflow with what starts it; the name of the file is its name.",
    keys=(
        Key("hub", Version(), "The version of the language; the first key.", is_required=True),
        Key("title", Text(), "What the workflow is called, for people.", is_required=True),
        Key("description", Text(), "What it is for, for people."),
        Key("tags", ListOf(Text()), "Words to find it by."),
        Key(
            "enabled",
            Boolean(),
            "`false`: the endpoint answers 404, the schedule rests, a `call` fails.",
            default=True,
        ),
        Key(
            "timezone",
            Timezone(),
            "The zone of `local`, `date` and cron lines.",
            otherwise="that of hub.yaml",
            examples=("America/New_York",),
        ),
        Key("endpoint", Inner(ENDPOINT), "A run for each request that is sent to its path."),
        Key("schedule", Inner(SCHEDULE), "Runs at certain times."),
        Key("event", Inner(ON_EVENT), "A run for each event of a name."),
        Key(
            "inputs",
            _FIELDS,
            "For workflows that others `call`: names and their types; `{}` for none.",
        ),
        Key(
            "mode",
            MODE,
            "Whether effects are real (`live`), go only to test destinations (`test`) or stay in"
            " the hub (`simulate`); fixed when a run starts.",
            otherwise="that of hub.yaml",
        ),
        Key("concurrency", Inner(CONCURRENCY), "How many runs may go on at the same time."),
        Key(
            "timeout",
            Duration(lowest="1s"),
            f"The longest time a run may take, waits included; then it fails with `timeout`."
            f" {_MINUTES}.",
            default="30d",
        ),
        Key(
            "cancel_on",
            Either((Inner(CANCEL_ON), ListOf(Inner(CANCEL_ON), fewest=1))),
            "Events that cancel the run.",
        ),
        Key(
            "vars",
            Named(Value(), ID, fewest=1),
            "Named values, computed once when a run starts, in this order.",
        ),
        Key("steps", Steps(), "What is done, from top to bottom.", is_required=True),
        Key(
            "on_error",
            Steps(),
            "Steps that run last when the run fails, after what undoes it; `error` is in scope.",
        ),
        Key(
            "on_cancel",
            Steps(),
            "Steps that run last when the run is cancelled, after what undoes it.",
        ),
    ),
    one_of=TRIGGERS,
)

ANSWER_HEADERS = Named(Value(), HEADER)
