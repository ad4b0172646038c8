"""Where a process can die so that it matters: commits, calls to the outside, queue operations.

Found in the source of `hub`, so that a new one is a crash point by being written. Each site is two
points: before it, and after it. Pure.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

HUB = Path(__file__).parents[2] / "hub"
PROBES = "__probes__"  # the name under which an instrumented module knows tests/.../probes.py

Kind = Literal["commit", "call", "queue"]
Way = Literal["transaction", "statements", "opening", "calling"]

# name of the method or function → who has it, as written. An entry too many costs a little time;
# one too few is noticed by what `probes` sees happen outside of every site.
_COMMITS = {"commit": r".*"}
_CALLS = {
    "call": r"action",
    "stream": r"self\._pool",
    "exchange": r"(self\._)?http",
    "request": r"(self\._)?http",
    "create_connection": r"socket",
    "getaddrinfo": r"socket",
    "wrap_socket": r".*",
    "send": r"self\._socket",
    "recv": r"self\._socket",
    "login": r"session",
    "mail": r"session",
    "rcpt": r"session",
    "data": r"session",
    "getreply": r"self",
    "starttls": r"self",
    "ehlo": r"self",
    "ehlo_or_helo_if_needed": r"self",
    "quit": r"self",
}
_QUEUE = {
    "ring": r".*(shop|ringer|doorbell|Doorbell\(.*\)|self)",  # a bell in the process is no queue
    "_ring": r"self",
    "BellWorker": r"",
    "execute": r"pipeline",
    "eval": r"self\._redis",
    "ping": r".*redis",
    "close": r".*redis",
    "work": r"BellWorker\(.*\)|worker",
    "drop_messages": r"",
    "clean_worker_registry": r"",
    "delete": r"self\.connection",
    "heartbeat": r"super\(\)",
    "set_state": r"super\(\)",
    "teardown": r"super\(\)",
    "notifies": r"connection",
}
_TABLES: tuple[tuple[Kind, dict[str, str]], ...] = (
    ("commit", _COMMITS),
    ("call", _CALLS),
    ("queue", _QUEUE),
)


@dataclass(frozen=True)
class Site:
    """One place: `hub.storage.runs:sweep:commit`, with a number from the second one on."""

    module: str
    function: str
    kind: Kind
    line: int
    number: int = 1

    @property
    def name(self) -> str:
        more = "" if self.number == 1 else f"#{self.number}"
        return f"{self.module}:{self.function}:{self.kind}{more}"

    @property
    def points(self) -> tuple[str, str]:
        return f"{self.name}.before", f"{self.name}.after"


def all_sites(root: Path = HUB) -> list[Site]:
    """All sites of the product."""
    return [
        site
        for path in sorted(root.rglob("*.py"))
        for site in sites_of(path.read_text("utf-8"), module_name(path, root))
    ]


def module_name(path: Path, root: Path = HUB) -> str:
    """The name under which a file is imported."""
    parts = path.relative_to(root.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sites_of(source: str, module: str) -> list[Site]:
    """The sites of one module."""
    tree = ast.parse(source)
    finder = _Instrumenter(module)
    finder.visit(tree)
    return finder.found


def instrumented(source: str, module: str) -> ast.Module:
    """The same module, with a probe at each site."""
    tree = ast.parse(source)
    finder = _Instrumenter(module)
    finder.visit(tree)
    if finder.found:
        tree.body[_behind_the_future(tree) : 0] = ast.parse(
            f"from tests.crash_points import probes as {PROBES}"
        ).body
    return ast.fix_missing_locations(tree)


def _behind_the_future(tree: ast.Module) -> int:
    """Where the first import may stand: behind the docstring and `from __future__`."""
    place = 0
    for number, statement in enumerate(tree.body, start=1):
        is_docstring = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        is_future = isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
        if is_docstring or is_future:
            place = number
    return place


class _Instrumenter(ast.NodeTransformer):
    def __init__(self, module: str) -> None:
        self.found: list[Site] = []
        self._module = module
        self._inside: list[str] = []
        self._numbers: Counter[tuple[str, str]] = Counter()

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._scope(node, node.name)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._scope(node, node.name)

    def _scope(self, node: ast.AST, name: str) -> ast.AST:
        self._inside.append(name)
        self.generic_visit(node)
        self._inside.pop()
        return node

    def visit_With(self, node: ast.With) -> ast.AST:
        for item in node.items:
            kind, way = _entered(item.context_expr)
            self.generic_visit(item)
            if kind is not None:
                item.context_expr = self._probe(kind, way, item.context_expr)
        for place, statement in enumerate(node.body):
            node.body[place] = self.visit(statement)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        kind = _called(node)
        self.generic_visit(node)
        if kind is not None:
            node.func = self._probe(kind, "calling", node.func)
        return node

    def _probe(self, kind: Kind, way: Way, wrapped: ast.expr) -> ast.expr:
        function = ".".join(self._inside) or "module"
        self._numbers[function, kind] += 1
        site = Site(self._module, function, kind, wrapped.lineno, self._numbers[function, kind])
        self.found.append(site)
        probe = ast.Attribute(ast.Name(PROBES, ast.Load()), way, ast.Load())
        return ast.copy_location(ast.Call(probe, [ast.Constant(site.name), wrapped], []), wrapped)


def _entered(expression: ast.expr) -> tuple[Kind | None, Way]:
    """What entering and leaving a `with` does: a transaction, statements that are ones, a call."""
    if not isinstance(expression, ast.Call):
        return None, "opening"
    name, owner = _name_of(expression)
    if name == "begin" and not expression.args:
        return "commit", "transaction"
    if name in {"at_once", "straight_at_once"}:
        return "commit", "statements"
    if name == "stream" and re.fullmatch(_CALLS["stream"], owner):
        return "call", "opening"
    if name == "connect" and owner == "psycopg":
        return "queue", "opening"  # NOTIFY is listened to on a connection of its own
    return None, "opening"


def _called(node: ast.Call) -> Kind | None:
    name, owner = _name_of(node)
    if name == "stream":
        return None  # only ever entered
    for kind, table in _TABLES:
        if name in table and re.fullmatch(table[name], owner):
            return kind
    return None


def _name_of(node: ast.Call) -> tuple[str, str]:
    """The name of what is called, and whose it is as written."""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr, ast.unparse(node.func.value)
    return (node.func.id, "") if isinstance(node.func, ast.Name) else ("", "")


def points(sites: list[Site]) -> Iterator[str]:
    """Both points of each site."""
    for site in sites:
        yield from site.points
