"""Asks a real YAML language server what an editor shows for a workflow of this project.

    npm install --prefix /tmp/editor yaml-language-server
    python bench/editor.py /tmp/editor/node_modules/.bin/yaml-language-server

It prints what is offered and explained at several places of a file, and exits with 1 when one of
them does not show what it must. It needs Node, so it is no part of `make test`.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "workflows"
HEAD = """# yaml-language-server: $schema=workflow.schema.json
hub: 1
title: Shown in an editor

inputs:
  appointment_id: {type: string}

"""
STEP = """steps:
  - id: tell
    do: slack.post
    with:
      channel: "#bookings"
      text: Hello
    once_per: ${{ inputs.appointment_id }}
"""

TESTS = """# yaml-language-server: $schema=tests/workflow-tests.schema.json
hub: 1
workflow: announce-appointment
tests:
  - name: the team is told
"""

# Where the cursor stands (`|`), the question, and words that must be in the answer.
QUESTIONS: list[tuple[str, str, str, list[str]]] = [
    ("the top of a file", "completion", HEAD + "con|\n" + STEP, ["concurrency"]),
    ("the words of a choice", "completion", HEAD + "mode: |\n" + STEP, ["live", "simulate"]),
    ("a new step", "completion", HEAD + "steps:\n  - |\n", ["do", "call", "wait", "for_each"]),
    (
        "a step with `do`",
        "completion",
        HEAD + STEP.replace("    once_per: ${{ inputs.appointment_id }}\n", "    o|\n"),
        ["once_per", "on_error"],
    ),
    (
        "`do:`",
        "completion",
        HEAD + "steps:\n  - id: tell\n    do: |\n",
        ["slack.post", "appointments.book"],
    ),
    (
        "inside `with:`",
        "completion",
        HEAD + "steps:\n  - id: tell\n    do: slack.post\n    with:\n      |\n",
        ["channel", "text"],
    ),
    (
        "inside `with:` of a call",
        "completion",
        HEAD + "steps:\n  - id: h\n    call: hold-phone-for-appointment\n    with:\n      |\n",
        ["lead_id"],
    ),
    (
        "inside `with:` of what undoes a step",
        "completion",
        HEAD + STEP + "    compensate:\n      - do: slack.post\n        with:\n          |\n",
        ["channel", "text"],
    ),
    (
        "`auth:`",
        "completion",
        HEAD.replace("inputs:\n  appointment_id: {type: string}\n", "endpoint:\n  auth: |\n")
        + "steps:\n  - reply: ok\n",
        ["vapi", "broker", "public"],
    ),
    ("`once_per`", "hover", HEAD + STEP.replace("once_per", "once|_per"), ["One success"]),
    ("`do`", "hover", HEAD + STEP.replace("do:", "d|o:"), ["connector.action"]),
    ("`inputs`", "hover", HEAD.replace("inputs", "in|puts") + STEP, ["For workflows that others"]),
    (
        "`dedupe`",
        "hover",
        HEAD.replace(
            "inputs:\n  appointment_id: {type: string}\n",
            "endpoint:\n  auth: broker\n  ded|upe: {key: '${{ payload.id }}'}\n",
        )
        + "steps:\n  - reply: ok\n",
        ["Which requests are the same"],
    ),
    ("an action", "hover", HEAD + STEP.replace("slack.post", "slack|.post"), ["Post a message"]),
    ("an input", "hover", HEAD + STEP.replace("channel", "chan|nel"), ["Expected"]),
    ("a test", "completion", TESTS + "    |\n", ["expect", "timeline", "crash_after"]),
    ("`expect:`", "completion", TESTS + "    expect:\n      |\n", ["did", "status"]),
    ("`did:`", "completion", TESTS + "    expect:\n      did:\n        - |\n", ["slack.post"]),
    ("`mocks:`", "completion", TESTS + "    mocks:\n      |\n", ["slack.post"]),
    ("an unknown key", "diagnostics", HEAD + STEP + "    onse_per: x\n", ["onse_per"]),
    ("an unknown action", "diagnostics", HEAD + STEP.replace("slack.post", "slack.pots"), ["slac"]),
    ("a missing input", "diagnostics", HEAD + STEP.replace("      text: Hello\n", ""), ["text"]),
    ("a file without mistakes", "diagnostics", HEAD + STEP, []),
]


class Server:
    """A language server on the other end of a pipe."""

    def __init__(self, program: str) -> None:
        """Start it and introduce ourselves."""
        self._process = subprocess.Popen(  # noqa: S603 - the program that was named
            [program, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._ids = itertools.count(1)
        self._told: dict[str, list[Any]] = {}
        capabilities = {
            "textDocument": {"completion": {"completionItem": {"snippetSupport": True}}}
        }
        self.ask(
            "initialize",
            {"processId": None, "rootUri": ROOT.as_uri(), "capabilities": capabilities},
        )
        self.tell("initialized", {})
        settings = {
            "yaml": {
                "completion": True,
                "hover": True,
                "validate": True,
                "schemaStore": {"enable": False},
            }
        }
        self.tell("workspace/didChangeConfiguration", {"settings": settings})

    def tell(self, method: str, params: Any) -> None:
        """A message that has no answer."""
        self._send({"method": method, "params": params})

    def ask(self, method: str, params: Any) -> Any:
        """A question and its answer."""
        number = next(self._ids)
        self._send({"id": number, "method": method, "params": params})
        while True:
            message = self._read()
            if message.get("id") == number and "method" not in message:
                return message.get("result")

    def problems(self, uri: str) -> list[Any]:
        """What is wrong with a file, as soon as the server says it."""
        while uri not in self._told:
            self._read()
        return self._told[uri]

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        length = 0
        while line := self._process.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        if message.get("method") == "textDocument/publishDiagnostics":
            self._told[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif "id" in message and "method" in message:  # the server asks for settings
            items = message["params"].get("items", []) if message.get("params") else []
            self._send({"id": message["id"], "result": [None] * len(items) or None})
        return message

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()


def shown(server: Server, kind: str, marked: str, at: int) -> list[str]:
    """What an editor shows at the mark: labels, an explanation, or mistakes."""
    before = marked.partition("|")[0] if kind != "diagnostics" else ""
    text = marked.replace("|", "", 1) if kind != "diagnostics" else marked
    uri = (FOLDER / f"shown-{at}.yaml").as_uri()
    document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
    server.tell("textDocument/didOpen", {"textDocument": document})
    place = {"line": before.count("\n"), "character": len(before.rpartition("\n")[2])}
    where = {"textDocument": {"uri": uri}, "position": place}
    if kind == "diagnostics":
        return [
            f"{one['range']['start']['line'] + 1}: {one['message']}" for one in server.problems(uri)
        ]
    if kind == "hover":
        found = server.ask("textDocument/hover", where)
        return [found["contents"]["value"]] if found else []
    found = server.ask("textDocument/completion", where)
    return [item["label"] for item in (found or {}).get("items", [])]


def main() -> int:
    """Ask all questions; how many were answered wrongly is the exit code."""
    server = Server(sys.argv[1])
    wrong = 0
    for at, (place, kind, marked, wanted) in enumerate(QUESTIONS):
        answers = shown(server, kind, marked, at)
        missing = [word for word in wanted if not any(word in each for each in answers)]
        is_wrong = bool(missing) or (not wanted and bool(answers))
        wrong += is_wrong
        print(f"{'WRONG' if is_wrong else 'ok   '} {kind} at {place}")
        for each in answers[:20]:
            print(f"        {' '.join(each.split())[:150]}")
    server.close()
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
