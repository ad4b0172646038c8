"""Google Sheets: the actions `google_sheets.*`. The first row of a sheet names its columns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from hub.action import Attempt, action
from hub.connectors.google.client import SHEETS, Calls, GoogleClient, segment
from hub.errors import Permanent

__all__ = ["append", "find", "update"]

_ERRORS = ("not_found", "unknown_column", "not_configured", "address_not_allowed")
_ROW = re.compile(r"![A-Z]+(\d+)", re.ASCII)
_LETTERS = 26
_LAST_ROW = 10_000_000  # more cells no spreadsheet has


@dataclass(frozen=True)
class Row:
    """A row: its number as the sheet shows it, and its cells by the names of the columns."""

    row: int
    values: dict[str, Any]


@dataclass(frozen=True)
class Found:
    """The rows that fit, from the top."""

    rows: list[Row]


@dataclass(frozen=True)
class RowWritten:
    """The number of the row that was written."""

    row: int


@action(
    "google_sheets.find",
    effect="read",
    example={"rows": [{"row": 2, "values": {"Name": "Ada", "Phone": "+12025550147"}}]},
    errors=(*_ERRORS, "answer_too_large"),
    outward=True,
)
def find(
    google: GoogleClient,
    attempt: Attempt,
    *,
    spreadsheet: str,
    sheet: str,
    where: dict[str, str] | None = None,
    at_most: int = 100,
) -> Found:
    """Find the rows of a sheet whose cells have these texts."""
    calls = google.calls(SHEETS, attempt.timeout)
    lines = _values(calls, spreadsheet, _quoted(sheet))
    names = _names(lines)
    _places(names, where or {})
    rows = (
        Row(number, {name: cell for name, cell in zip(names, line, strict=False) if name})
        for number, line in enumerate(lines[1:], start=2)
    )
    fitting = (each for each in rows if each.values and _fits(each.values, where or {}))
    return Found(list(islice(fitting, max(at_most, 0))))


@action(
    "google_sheets.append",
    effect="once",
    example={"row": 2},
    errors=_ERRORS,
    outward=True,
)
def append(
    google: GoogleClient,
    attempt: Attempt,
    *,
    spreadsheet: str,
    sheet: str,
    values: dict[str, Any],
) -> RowWritten:
    """Add a row below the others; its cells are named by their columns."""
    calls = google.calls(SHEETS, attempt.timeout)
    names = _names(_values(calls, spreadsheet, f"{_quoted(sheet)}!1:1"))
    places = _places(names, values)
    if not values or not names[0]:
        # Google counts the cells from the first column of the table that it sees.
        raise Permanent("invalid_input", "values names no column, or the first column has no name")
    cells: list[Any] = [None] * len(names)
    for name, value in values.items():
        cells[places[name]] = _cell(name, value)
    where = segment(f"{_quoted(sheet)}!A1", "sheet")
    said = calls.write(
        "POST",
        f"/spreadsheets/{segment(spreadsheet, 'spreadsheet')}/values/{where}:append",
        query={"valueInputOption": "RAW", "insertDataOption": "INSERT_ROWS"},
        json={"majorDimension": "ROWS", "values": [cells]},
    )
    updates = said.get("updates")
    written = updates.get("updatedRange") if isinstance(updates, dict) else None
    row = _ROW.search(written) if isinstance(written, str) else None
    if row is None:
        raise calls.strange()
    return RowWritten(int(row[1]))


@action(
    "google_sheets.update",
    effect="idempotent",
    example={"row": 2},
    errors=_ERRORS,
    outward=True,
)
def update(
    google: GoogleClient,
    attempt: Attempt,
    *,
    spreadsheet: str,
    sheet: str,
    row: int,
    values: dict[str, Any],
) -> RowWritten:
    """Write cells of a row, named by their columns; its other cells stay."""
    if not 1 < row <= _LAST_ROW or not values:
        raise Permanent("invalid_input", "row is 2 or more, and values names a column or more")
    calls = google.calls(SHEETS, attempt.timeout)
    places = _places(_names(_values(calls, spreadsheet, f"{_quoted(sheet)}!1:1")), values)
    data = [
        {
            "range": f"{_quoted(sheet)}!{_letters(places[name])}{row}",
            "values": [["" if value is None else _cell(name, value)]],
        }
        for name, value in values.items()
    ]
    calls.write(
        "POST",
        f"/spreadsheets/{segment(spreadsheet, 'spreadsheet')}/values:batchUpdate",
        json={"valueInputOption": "RAW", "data": data},
    )
    return RowWritten(row)


def _values(calls: Calls, spreadsheet: str, where: str) -> list[list[Any]]:
    path = f"/spreadsheets/{segment(spreadsheet, 'spreadsheet')}/values/{segment(where, 'sheet')}"
    said = calls.get(path, query={"majorDimension": "ROWS"})
    lines = said.get("values", [])
    if not isinstance(lines, list) or not all(isinstance(line, list) for line in lines):
        raise calls.strange()
    return lines


def _names(lines: list[list[Any]]) -> list[str]:
    return [str(cell).strip() for cell in lines[0]] if lines else []


def _places(names: list[str], wanted: Mapping[str, Any]) -> dict[str, int]:
    """Where the wanted columns stand; a name that stands twice means the first."""
    unknown = [name for name in wanted if not name or name not in names]
    if unknown:
        told = ", ".join(name[:40] for name in unknown[:5])
        raise Permanent("unknown_column", f"the first row of the sheet does not name: {told}")
    return {name: names.index(name) for name in wanted}


def _fits(cells: Mapping[str, Any], where: Mapping[str, str]) -> bool:
    return all(str(cells.get(name, "")) == text for name, text in where.items())


def _cell(name: str, value: Any) -> Any:
    """Text, a number, yes or no: written as it is (RAW), so that no text becomes a formula."""
    if value is None or isinstance(value, str | int | float):
        return value
    raise Permanent("invalid_input", f"values.{name[:40]} is not a text, a number or a boolean")


def _quoted(sheet: str) -> str:
    """The name of a sheet as A1 notation writes it, whatever it consists of."""
    if not sheet:
        raise Permanent("invalid_input", "sheet is empty")
    return "'" + sheet.replace("'", "''") + "'"


def _letters(place: int) -> str:
    """The letters of a column: 0 is A, 26 is AA."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, _LETTERS)
        letters = chr(ord("A") + rest) + letters
    return letters
