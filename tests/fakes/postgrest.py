"""PostgREST as Supabase serves it: tables behind a key, from its public reference."""

from __future__ import annotations

from typing import Any

from tests.fakes.services import Answer, FakeService, Received

_GRAMMAR = {"select", "limit", "offset", "order", "on_conflict", "columns"}
_TRUTHS = {"null": None, "true": True, "false": False}


class FakePostgrest(FakeService):
    """The table `leads`: `id` is its key, `email` is unique, `name` is not."""

    def __init__(self, key: str = "sb_secret_test0123456789") -> None:
        super().__init__()
        self.key = key
        self.rows: list[dict[str, Any]] = []
        self.columns = {"id": int, "email": str, "name": str, "won": bool}
        self.unique = ({"id"}, {"email"})

    @property
    def base_url(self) -> str:
        return f"{self.url}/rest/v1"

    def answer(self, request: Received) -> Answer:
        if request.headers.get("apikey") != self.key:
            return Answer.of({"message": "Invalid API key", "hint": "Double check it."}, 401)
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return _error(401, "PGRST301", "JWSError JWSInvalidSignature")
        if request.path == "/rest/v1/":
            return Answer.of({"swagger": "2.0", "definitions": {"leads": {}}})
        return self._of_table(request)

    def _of_table(self, request: Received) -> Answer:
        if request.path != "/rest/v1/leads":
            return _error(404, "PGRST205", "Could not find the table in the schema cache")
        query = {name: values[-1] for name, values in request.query.items()}
        if request.method == "GET":
            return self._read(query)
        if not request.headers.get("content-type", "").startswith("application/json"):
            return _error(415, "PGRST102", "invalid Content-Type header")
        return self._write(request, query)

    def _read(self, query: dict[str, str]) -> Answer:
        found = self.rows
        for name, condition in query.items():
            if name in _GRAMMAR:
                continue
            if name not in self.columns:
                return _error(400, "42703", f"column leads.{name} does not exist")
            operator, _, value = condition.partition(".")
            if operator == "is" and value in _TRUTHS:
                found = [row for row in found if row.get(name) is _TRUTHS[value]]
            elif operator == "eq":
                found = [row for row in found if str(row.get(name)) == value]
            else:
                return _error(400, "PGRST100", "failed to parse filter")
        names = (
            list(self.columns) if query.get("select", "*") == "*" else query["select"].split(",")
        )
        if set(names) - set(self.columns):
            return _error(400, "42703", "a column does not exist")
        most = int(query.get("limit", "1000"))
        return Answer.of([{name: row.get(name) for name in names} for row in found[:most]])

    def _write(self, request: Received, query: dict[str, str]) -> Answer:
        prefer = {each.strip() for each in request.headers.get("prefer", "").split(",")}
        merges = "resolution=merge-duplicates" in prefer
        target = set(query.get("on_conflict", "id").split(","))
        if merges and target not in self.unique:
            return _error(400, "42P10", "there is no unique constraint matching ON CONFLICT")
        rules = [target] if merges else list(self.unique)
        written = []
        for row in request.json if isinstance(request.json, list) else [request.json]:
            wrong = self._wrong(row)
            if wrong is not None:
                return wrong
            same = [known for known in self.rows if _collides(known, row, rules)]
            if same and not merges:
                return _error(409, "23505", "duplicate key value violates unique constraint")
            if same:
                same[0].update(row)
            else:
                self.rows.append({"id": len(self.rows) + 1, **row})
            written.append(same[0] if same else self.rows[-1])
        if "return=representation" in prefer:
            return Answer.of(written, 201)
        return Answer(201)

    def _wrong(self, row: dict[str, Any]) -> Answer | None:
        for name, value in row.items():
            if name not in self.columns:
                return _error(400, "PGRST204", f"Could not find the '{name}' column")
            if type(value) is not self.columns[name]:
                return _error(400, "22P02", "invalid input syntax")
        return None


def _collides(known: dict[str, Any], row: dict[str, Any], rules: list[set[str]]) -> bool:
    return any(all(name in row and known.get(name) == row[name] for name in rule) for rule in rules)


def _error(status: int, code: str, message: str) -> Answer:
    return Answer.of({"code": code, "details": None, "hint": None, "message": message}, status)
