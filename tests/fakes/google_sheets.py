"""Google Sheets v4, as far as the values of cells go."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from tests.fakes.google_errors import json_of, query_of, rpc_error
from tests.fakes.services import Answer, Received

_RANGE = re.compile(r"(?:'((?:[^']|'')+)'|([A-Za-z0-9_]+))(?:!(?:(\d+):\3|([A-Z]+)(\d+)))?")
_INPUT = {"RAW", "USER_ENTERED"}
_VALUE_RANGE = {"range", "majorDimension", "values"}


class _NotParsed(Exception):
    """A range that names nothing."""


class Spreadsheets:
    """`rows` by spreadsheet and sheet; cells are texts, numbers and booleans."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, list[list[Any]]]] = {}

    def answer(self, request: Received, path: str, _: str | None) -> Answer:
        name, _, rest = path.partition("/")
        if unquote(name) not in self.rows:
            return rpc_error(404, "NOT_FOUND", "Requested entity was not found.")
        try:
            return self._of(request, self.rows[unquote(name)], unquote(rest), unquote(name))
        except _NotParsed as unknown:
            return rpc_error(400, "INVALID_ARGUMENT", f"Unable to parse range: {unknown}")

    def _of(
        self, request: Received, sheets: dict[str, list[list[Any]]], rest: str, name: str
    ) -> Answer:
        if request.method == "POST" and rest == "values:batchUpdate":
            return self._update(request, sheets, name)
        where = rest.removeprefix("values/")
        if request.method == "GET" and rest.startswith("values/"):
            query_of(request, {"majorDimension", "valueRenderOption", "dateTimeRenderOption"})
            return _read(sheets, where)
        if request.method == "POST" and rest.startswith("values/") and where.endswith(":append"):
            return self._append(request, sheets, where.removesuffix(":append"), name)
        return Answer(404, b"<!DOCTYPE html>Not Found", {"Content-Type": "text/html"})

    def _append(
        self, request: Received, sheets: dict[str, list[list[Any]]], where: str, name: str
    ) -> Answer:
        query = query_of(request, {"valueInputOption", "insertDataOption"})
        if query.get("valueInputOption") not in _INPUT:
            return rpc_error(400, "INVALID_ARGUMENT", "'valueInputOption' is required")
        if query.get("insertDataOption", "OVERWRITE") not in {"OVERWRITE", "INSERT_ROWS"}:
            return rpc_error(400, "INVALID_ARGUMENT", "Invalid value at 'insert_data_option'")
        rows, sheet, *_ = _place(sheets, where)
        added = json_of(request, _VALUE_RANGE)["values"]
        first = len(rows) + 1
        rows += [["" if cell is None else cell for cell in line] for line in added]
        updated = f"{sheet}!A{first}:{chr(ord('A') + len(added[0]) - 1)}{len(rows)}"
        told = {"spreadsheetId": name, "updatedRange": updated, "updatedRows": len(added)}
        return Answer.of({"spreadsheetId": name, "updates": told})

    def _update(self, request: Received, sheets: dict[str, list[list[Any]]], name: str) -> Answer:
        query_of(request, ())
        said = json_of(request, {"valueInputOption", "data", "includeValuesInResponse"})
        if said.get("valueInputOption") not in _INPUT:
            return rpc_error(400, "INVALID_ARGUMENT", "'valueInputOption' is required")
        for each in said["data"]:
            if set(each) - _VALUE_RANGE:
                return rpc_error(400, "INVALID_ARGUMENT", "Unknown name at 'data'")
            rows, _, column, row = _place(sheets, each["range"])
            if column is None:
                raise _NotParsed(each["range"])
            rows += [[] for _ in range(row - len(rows))]
            line = rows[row - 1]
            line += [""] * (column + 1 - len(line))
            line[column] = each["values"][0][0]
        return Answer.of({"spreadsheetId": name, "totalUpdatedCells": len(said["data"])})


def _read(sheets: dict[str, list[list[Any]]], where: str) -> Answer:
    """Formatted values; empty cells and rows at the end are left out."""
    rows, sheet, _, row = _place(sheets, where)
    wanted = rows if row is None else rows[row - 1 : row]
    lines = [_trimmed([_text(cell) for cell in line]) for line in wanted]
    while lines and not lines[-1]:
        lines.pop()
    said: dict[str, Any] = {"range": f"{sheet}!A1:Z1000", "majorDimension": "ROWS"}
    return Answer.of({**said, "values": lines} if lines else said)


def _trimmed(line: list[str]) -> list[str]:
    while line and not line[-1]:
        line = line[:-1]
    return line


def _text(cell: Any) -> str:
    return str(cell).upper() if isinstance(cell, bool) else str(cell)


def _place(sheets: dict[str, list[list[Any]]], where: str) -> Any:
    """The rows of the sheet, its name, and the column (from 0) and row that are meant."""
    match = _RANGE.fullmatch(where)
    sheet = ((match[1] or match[2]) if match else "").replace("''", "'")
    if match is None or sheet not in sheets:
        raise _NotParsed(where)
    if match[4] is None:
        return sheets[sheet], sheet, None, int(match[3]) if match[3] else None
    column = 0
    for letter in match[4]:
        column = column * 26 + ord(letter) - ord("A") + 1
    return sheets[sheet], sheet, column - 1, int(match[5])
