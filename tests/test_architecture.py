"""The house as a test: sizes, names, the top level, the lock. Import rules: `make check`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
CONNECTORS = ROOT / "hub" / "connectors"
MODULE_LINES = 400
FUNCTION_LINES = 80
AGREED = {
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "Procfile",
    "README.md",
    "SECURITY.md",
    "bench",
    "changes",
    "docs",
    "examples",
    "hub",
    "hub.yaml",
    "pyproject.toml",
    "schemas",
    "templates",
    "tests",
    "workflows",
}
MADE_BY_TOOLS = {"build", "dist", "htmlcov", "__pycache__"}
SAY_NOTHING = {"base", "common", "helper", "helpers", "manager", "util", "utils"}


def modules(*rooms: str) -> Iterator[Path]:
    for room in rooms:
        yield from sorted((ROOT / room).rglob("*.py"))


def place(path: Path, line: int = 1) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def reason_for_length(path: Path) -> str | None:
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    found = re.search(r"^Length: (\S.*)$", docstring, re.MULTILINE)
    return found.group(1) if found else None


def test_a_module_is_short_or_says_why_not():
    too_long = [
        place(path)
        for path in modules("hub", "tests", "bench")
        if len(path.read_text("utf-8").splitlines()) > MODULE_LINES and not reason_for_length(path)
    ]

    assert too_long == [], "split them, or give the reason in the docstring: 'Length: ...'"


def test_a_function_fits_on_a_screen():
    too_long = [
        f"{place(path, node.lineno)} {node.name}"
        for path in modules("hub", "tests", "bench")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES
    ]

    assert too_long == []


def test_a_connector_is_small():
    """Its parts too: whoever writes the next one reads one of them as an example."""
    modules = [*CONNECTORS.glob("*.py"), *(CONNECTORS / "google").glob("*.py")]

    assert [each.name for each in modules if len(each.read_text().splitlines()) > 200] == []


def test_a_name_of_a_module_says_what_it_does():
    empty = [
        place(path)
        for path in modules("hub", "tests", "bench")
        if SAY_NOTHING & {path.stem, path.parent.name}
    ]

    assert empty == []


def test_the_top_level_holds_only_the_agreed_entries():
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}

    assert found - AGREED - MADE_BY_TOOLS == set()


def test_the_lock_pins_every_package_with_hashes_and_names_no_place():
    lines = (ROOT / ".ci/requirements.txt").read_text("utf-8").splitlines()
    packages = [line for line in lines if not line.startswith("    --hash=sha256:")]

    assert [line for line in packages if not re.match(r"[a-z0-9-]+==\S+ .*\\$", line)] == []
    assert [line for line in lines if "://" in line or line.startswith("-")] == []
