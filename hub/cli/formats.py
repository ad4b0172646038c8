"""Findings in the forms that other programs read: JSON Lines, SARIF 2.1.0, GitHub's commands."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from hub.cli.console import json_line
from hub.engine.finding_codes import CODES
from hub.engine.findings import Finding

_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_ROOT = "%SRCROOT%"
_COMMANDS = {"note": "notice"}
"""What GitHub calls a severity, where it has another word."""


def as_json_lines(findings: Sequence[Finding], _folder: Path) -> str:
    """One object a line; nothing at all where nothing is wrong."""
    return "\n".join(json_line(each.as_json()) for each in findings)


def as_github(findings: Sequence[Finding], folder: Path) -> str:
    """Workflow commands, which GitHub shows at the lines of a pull request."""
    return "\n".join(_command(each, folder) for each in findings)


def as_sarif(findings: Sequence[Finding], folder: Path) -> str:
    """A log of the Static Analysis Results Interchange Format, for code scanning."""
    codes = sorted({each.code for each in findings})
    driver = {
        "name": "hub check",
        "version": _version(),
        "rules": [_rule(code) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(each, folder, codes.index(each.code)) for each in findings],
    }
    return json.dumps(
        {"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2
    )


FORMATS: dict[str, Callable[[Sequence[Finding], Path], str]] = {
    "json": as_json_lines,
    "sarif": as_sarif,
    "github": as_github,
}
"""All but the text for people, which shows the lines too."""


def _place(finding: Finding, folder: Path) -> str:
    """The file as seen from where the command runs, which is the checkout's root for most."""
    return Path(os.path.relpath(folder / finding.file)).as_posix()


def _command(finding: Finding, folder: Path) -> str:
    properties = {
        "file": _place(finding, folder),
        "line": finding.line,
        "col": finding.column,
        "endColumn": finding.end_column,
        "title": finding.code,
    }
    told = ",".join(f"{name}={_escaped(value, ':,')}" for name, value in properties.items())
    command = _COMMANDS.get(finding.severity, finding.severity)
    return f"::{command} {told}::{_escaped(finding.text)}"


def _escaped(value: Any, also: Iterable[str] = "") -> str:
    """Signs that end a value of a command, as GitHub writes them."""
    text = str(value).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    for sign in also:
        text = text.replace(sign, f"%{ord(sign):02X}")
    return text


def _version() -> str:
    """The installed version; a tree that is not installed has none."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - only SARIF says it

    try:
        return version("webhook-hub")
    except PackageNotFoundError:
        return "0"


def _rule(code: str) -> dict[str, Any]:
    known = CODES.get(int(code.removeprefix("HUB")))
    if known is None:
        return {"id": code}
    return {
        "id": code,
        "shortDescription": {"text": known.meaning[0].upper() + known.meaning[1:]},
        "defaultConfiguration": {"level": known.severity},
    }


def _result(finding: Finding, folder: Path, rule: int) -> dict[str, Any]:
    region = {
        "startLine": finding.line,
        "startColumn": finding.column,
        "endLine": finding.line,
        "endColumn": finding.end_column,
    }
    artifact = {"uri": quote(_place(finding, folder)), "uriBaseId": _ROOT}
    return {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": finding.severity,
        "message": {"text": finding.text},
        "locations": [{"physicalLocation": {"artifactLocation": artifact, "region": region}}],
    }
