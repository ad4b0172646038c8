"""What each key is for, and which changes are no change of behaviour and are never made.

Left out by construction, so that no survivor is argued away afterwards:

- words for people that no program reads: `title`, `description`, `tags`, `name`, the text and level
  of `log`, the `message` of `fail`, comments; the order of keys
- the name of an `id` itself (what refers to it is misspelt instead)
- a written value that is the default anyway is not dropped (`DEFAULTS`)
- a constant inside a key (`key`, `once_per`): any other constant tells the same things apart
- `log` is not removed or moved, and `vars` change places only with a step that reads one of them:
  they do nothing that a neighbour could notice
- two neighbours do not change places whose `if` ask for different values of one thing: at most one
  of them runs
- a `vars` that is null is not dropped or renamed: `default` and `is set` treat null as missing
"""

from __future__ import annotations

FOR_PEOPLE = frozenset({"title", "description", "tags", "name", "log", "level", "message"})

DEFAULTS = frozenset(
    {
        ("enabled", True),
        ("detach", False),
        ("optional", False),
        ("when_full", "queue"),
        ("limit", 1),
        ("on_error", "fail"),
        ("on_timeout", "fail"),
        ("on_item_error", "fail"),
        ("on_duplicate", "replay"),
        ("wait_for", "all"),
        ("max_parallel", 1),
        ("window", "7d"),
        ("overlap", "skip"),
        ("missed", "run_once"),
        ("method", "POST"),
        ("dialect", "json"),
        ("respond", "accepted"),
        ("attempts", 5),
        ("first", "2s"),
        ("factor", 2),
        ("max", "5m"),
        ("jitter", True),
    }
)
"""Keys of the language that change nothing where they are written with these values."""

KEYS = frozenset({"key", "once_per", "idempotency_key"})
NAMES = frozenset(
    {"do", "call", "emit", "for", "event", "auth", "dialect", "connection", "payload"}
)
"""Keys whose value is the name of something that is defined elsewhere."""

SAFETY_NETS = frozenset(
    {
        "on_error",
        "on_timeout",
        "on_cancel",
        "on_item_error",
        "compensate",
        "timeout",
        "retry",
        "once_per",
        "delivery",
        "cancel_on",
        "concurrency",
        "dedupe",
        "rate_limit",
        "otherwise",
        "failed",
        "or_poll",
    }
)

CHOICES: dict[str, tuple[str, ...]] = {
    "method": ("GET", "POST", "DELETE"),
    "when_full": ("queue", "reject", "cancel_running"),
    "overlap": ("skip", "queue", "allow"),
    "missed": ("run_once", "skip", "run_all"),
    "on_duplicate": ("replay", "accept", "reject"),
    "wait_for": ("all", "first"),
    "delivery": ("at_least_once", "at_most_once"),
    "type": ("string", "integer", "boolean", "object"),
    "format": ("date-time", "uuid", "e164", "email"),
}
"""Keys of the language with a few possible values."""

USER_DATA = frozenset(
    {
        "with",
        "vars",
        "data",
        "reply",
        "return",
        "at_once",
        "otherwise",
        "failed",
        "collect",
        "continue",
    }
)
"""Below these stand the author's own names, whatever they are called."""

TRIGGERS = frozenset({"inputs", "params", "query"})
STEP_LISTS = frozenset(
    {"steps", "then", "else", "on_error", "on_timeout", "on_cancel", "compensate"}
)
