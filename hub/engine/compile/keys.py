"""Keys that no place has: those of other tools, and what they are called here."""

from __future__ import annotations

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
    "on": "write `endpoint`, `schedule`, `event` or `inputs`",
    "register": "write `id`, and read the result as `steps.<id>`",
    "response": "write `reply` or `return`",
    "run": "write `do` with an action",
    "trigger": "write `endpoint`, `schedule`, `event` or `inputs`",
    "type": "write `do` with an action",
    "unless": "write `if: not …`",
    "while": "write `for_each: name in list`",
    "with_items": "write `for_each: name in list`",
}
