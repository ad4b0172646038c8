"""The keys of the language, by place, and what the keys of other tools are called here."""

from __future__ import annotations

STEP_KINDS = (
    "do",
    "call",
    "then",
    "switch",
    "for_each",
    "vars",
    "reply",
    "return",
    "fail",
    "log",
)

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
    ),
    "call": ("call", "with", "retry", "timeout", "on_error"),
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
    "vars": ("vars",),
    "reply": ("reply", "status", "headers"),
    "return": ("return", "status", "headers"),
    "fail": ("fail", "message", "status"),
    "log": ("log", "level"),
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
    "inputs",
    "mode",
    "concurrency",
    "timeout",
    "vars",
    "steps",
    "on_error",
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

NOT_YET = frozenset(
    {
        "event",
        "cancel_on",
        "on_cancel",
        "rate_limit",
        "wait",
        "on_timeout",
        "or_poll",
        "emit",
        "parallel",
        "wait_for",
        "compensate",
        "continue",
        "detach",
    }
)
"""Keys of the language that this version of the hub refuses, so that they are never ignored."""

RENAMED: dict[str, str] = {
    "action": "do",
    "args": "with",
    "arguments": "with",
    "catch": "on_error",
    "condition": "if",
    "input": "with",
    "jobs": "steps",
    "name": "title",
    "output": "return",
    "outputs": "return",
    "parameters": "with",
    "rescue": "on_error",
    "retries": "retry",
    "set": "vars",
    "tasks": "steps",
    "uses": "do",
    "when": "if",
}
"""Keys of other tools, and the key that does the same here."""

OF_OTHER_TOOLS: dict[str, str] = {
    **{name: f"write `{meant}`" for name, meant in RENAMED.items()},
    "cron": "write `schedule:` with `cron:` in it",
    "depends_on": "delete it: steps run from top to bottom",
    "env": "write `config` in hub.yaml and `config.<name>` here",
    "finally": "write the steps at the end, and `on_error` for failures",
    "foreach": "write `for_each: name in list`",
    "loop": "write `for_each: name in list`",
    "needs": "delete it: steps run from top to bottom",
    "on": "write `endpoint`, `schedule` or `inputs`",
    "register": "write `id`, and read the result as `steps.<id>`",
    "response": "write `reply` or `return`",
    "run": "write `do` with an action",
    "trigger": "write `endpoint`, `schedule` or `inputs`",
    "type": "write `do` with an action",
    "unless": "write `if: not …`",
    "while": "write `for_each: name in list`",
    "with_items": "write `for_each: name in list`",
}
