"""The keys of the language, by place, and what the keys of other tools are called here."""

from __future__ import annotations

STEP_KINDS = (
    "do",
    "call",
    "wait",
    "emit",
    "then",
    "switch",
    "for_each",
    "parallel",
    "steps",
    "vars",
    "reply",
    "return",
    "fail",
    "log",
    "continue",
)
"""What a step does. `steps` beside `for_each` is its body, and no kind of its own."""

COMMON_STEP_KEYS = ("id", "name", "if")
STEP_KEYS: dict[str, tuple[str, ...]] = {
    "do": (
        "do",
        "with",
        "connection",
        "retry",
        "timeout",
        "delivery",
        "idempotency_key",
        "once_per",
        "on_error",
        "compensate",
    ),
    "call": ("call", "with", "detach", "retry", "timeout", "on_error", "compensate"),
    "wait": ("wait", "timeout", "on_timeout", "on_error"),
    "emit": ("emit", "key", "data"),
    "then": ("then", "elif", "else"),
    "switch": ("switch", "cases"),
    "for_each": (
        "for_each",
        "steps",
        "max_parallel",
        "on_item_error",
        "collect",
        "timeout",
        "on_error",
    ),
    "parallel": ("parallel", "wait_for", "timeout", "on_error"),
    "steps": ("steps", "timeout", "on_error", "compensate"),
    "vars": ("vars",),
    "reply": ("reply", "status", "headers"),
    "return": ("return", "status", "headers"),
    "fail": ("fail", "message", "status"),
    "log": ("log", "level"),
    "continue": ("continue",),
}

WORKFLOW_KEYS = (
    "hub",
    "title",
    "description",
    "tags",
    "enabled",
    "timezone",
    "endpoint",
    "schedule",
    "event",
    "inputs",
    "mode",
    "concurrency",
    "timeout",
    "cancel_on",
    "vars",
    "steps",
    "on_error",
    "on_cancel",
)
TRIGGER_KEYS = ("endpoint", "schedule", "event", "inputs")
ENDPOINT_KEYS = (
    "path",
    "method",
    "auth",
    "dialect",
    "tool",
    "payload",
    "params",
    "query",
    "headers",
    "rate_limit",
    "max_body",
    "timezone",
    "dedupe",
    "respond",
)
DEDUPE_KEYS = ("key", "window", "on_duplicate")
SCHEDULE_KEYS = ("every", "cron", "timezone", "overlap", "missed")
CONCURRENCY_KEYS = ("key", "limit", "when_full")
RETRY_KEYS = ("attempts", "first", "factor", "max", "jitter", "only_if")
FIELD_KEYS = ("optional", "default")
EVENT_KEYS = ("name", "only_if")
CANCEL_KEYS = ("event", "key", "only_if")
WAIT_KEYS: dict[str, tuple[str, ...]] = {
    "until": ("until",),
    "for": ("for", "key", "only_if", "or_poll"),
    "poll": ("poll",),
}
POLL_KEYS = ("do", "with", "connection", "every", "done_if", "data")

OF_OTHER_TOOLS: dict[str, str] = {
    "action": "write `do`",
    "args": "write `with`",
    "arguments": "write `with`",
    "catch": "write `on_error`",
    "condition": "write `if`",
    "cron": "write `schedule:` with `cron:` in it",
    "depends_on": "delete it: steps run from top to bottom",
    "env": "write `config` in hub.yaml and `config.<name>` here",
    "finally": "write the steps at the end, and `on_error` for failures",
    "foreach": "write `for_each: name in list`",
    "input": "write `with`",
    "jobs": "write `steps`",
    "loop": "write `for_each: name in list`",
    "name": "write `title`",
    "needs": "delete it: steps run from top to bottom",
    "on": "write `endpoint`, `schedule`, `event` or `inputs`",
    "output": "write `return`",
    "outputs": "write `return`",
    "parameters": "write `with`",
    "register": "write `id`, and read the result as `steps.<id>`",
    "rescue": "write `on_error`",
    "response": "write `reply` or `return`",
    "retries": "write `retry`",
    "run": "write `do` with an action",
    "set": "write `vars`",
    "tasks": "write `steps`",
    "trigger": "write `endpoint`, `schedule`, `event` or `inputs`",
    "type": "write `do` with an action",
    "unless": "write `if: not …`",
    "uses": "write `do`",
    "when": "write `if`",
    "while": "write `for_each: name in list`",
    "with_items": "write `for_each: name in list`",
}
