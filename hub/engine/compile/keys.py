"""Keys that no place has: those of other tools, and what they are called here."""

from __future__ import annotations

NOT_YET = frozenset({"rate_limit"})
"""Keys of the language that this version of the hub refuses, so that they are never ignored."""

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
