"""How a workflow starts: `endpoint`, `schedule`, `inputs` (language, chapters 5 and 6)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from hub.engine.compile.context import Context
from hub.engine.compile.keys import DEDUPE_KEYS, ENDPOINT_KEYS, FIELD_KEYS, SCHEDULE_KEYS
from hub.engine.compile.reader import Reader, Record, shape
from hub.engine.compile.schema_words import schema_correction, schema_node
from hub.engine.compile.step_parts import ID, ID_FORM, Parts
from hub.engine.compile.values import Values
from hub.engine.expressions import Literal
from hub.engine.findings import did_you_mean, only_candidate
from hub.engine.schedule import parse_cron
from hub.engine.settings import DialectFacts
from hub.engine.workflow import (
    Accepted,
    AtOnce,
    Dedupe,
    Endpoint,
    Inputs,
    Respond,
    Schedule,
    ValueField,
    Within,
)
from hub.engine.yaml_profile import Entry, Mapping, Node, Scalar, is_broken, plain
from hub.schemas import lint_schema

METHODS = ("POST", "GET", "PUT", "PATCH", "DELETE")
_WITHOUT_PAYLOAD = frozenset({"GET", "DELETE"})
_PATH = r"/(?:[A-Za-z0-9._~-]+|\{[a-z][a-z0-9_]*\})(?:/(?:[A-Za-z0-9._~-]+|\{[a-z][a-z0-9_]*\}))*"
_SCHEMA_PATH = r"schemas/(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*\.json"
_SIZES = {"KB": 1024, "MB": 1024 * 1024}
_LARGEST_BODY = 64 * 1024 * 1024
_LONGEST_WITHIN = timedelta(minutes=5)
_PATIENCE_OF_A_CALL = timedelta(seconds=10)
_TYPES = ("string", "integer", "number", "boolean", "array", "object")


@dataclass
class Triggers:
    """Compiles the trigger of one file."""

    reader: Reader
    values: Values
    parts: Parts
    context: Context
    name: str

    # ------------------------------------------------------------------------------- endpoint

    def endpoint(self, node: Node) -> Endpoint | None:
        """`endpoint:`; without an explicit `auth` it is refused."""
        record = self.reader.record(node, ENDPOINT_KEYS, what="`endpoint`")
        if record is None:
            return None
        dialect = self._dialect(record)
        method = record.choice("method", METHODS, "POST")
        path = self._path(record)
        payload_path = self._payload_path(record, method)
        endpoint = Endpoint(
            path=path,
            auth=self._auth(record),
            method=method,
            dialect=dialect.name,
            tool=self._tool(record, dialect),
            payload_path=payload_path,
            payload_schema=self._schema(record, payload_path),
            params=self._params(record, path),
            query=self.value_fields(record.get("query"), what="`query`"),
            headers=self._header_names(record),
            max_body=self._max_body(record, dialect),
            timezone=record.timezone("timezone", None),
            dedupe=self._dedupe(record),
            respond=self._respond(record, dialect),
        )
        self.values.places.add(endpoint, record.node)
        return endpoint

    def _path(self, record: Record) -> str:
        default = f"{self.context.settings.base_path}/{self.name}"
        node = record.get("path")
        if node is None:
            return default
        path = self.reader.name(node, _PATH, what="`path`", form="`/api/v1/things/{id}`")
        if path is not None and {".", ".."} & set(path.split("/")):
            self.reader.refuse(110, "`path` cannot hold `.` or `..`", node)
        return path or default

    def _auth(self, record: Record) -> str:
        presets = self.context.settings.auth
        node = record.get("auth")
        if node is None:
            words = ", ".join([*presets, "public"])
            message = "an endpoint must say how its callers prove themselves: `auth` is missing"
            key = record.node.entries[0].key if record.node.entries else record.node
            self.reader.refuse(110, message, key, suggestion=f"add `auth:` with one of {words}")
            return ""
        name = self.reader.text(node, what="`auth`")
        if name == "public":
            message = "anybody may call a `public` endpoint, as often as they like"
            self.reader.refuse(613, message, node)
        elif name is not None and name not in presets and not self.context.is_stored:
            known = [*presets, "public"]
            suggestion = did_you_mean(name, known) or f"hub.yaml has {', '.join(known)}"
            message, fix = f"there is no auth preset '{name}'", only_candidate(name, known)
            self.reader.refuse(214, message, node, suggestion=suggestion, fix=fix)
        return name or ""

    def _dialect(self, record: Record) -> DialectFacts:
        node, dialects = record.get("dialect"), self.context.dialects
        name = "json" if node is None else self.reader.text(node, what="`dialect`")
        if name is None or name in dialects:
            return dialects.get(name or "json", DialectFacts("json"))
        if node is not None and not self.context.is_stored:
            suggestion = did_you_mean(name, dialects) or f"known are {', '.join(dialects)}"
            message, fix = f"there is no dialect '{name}'", only_candidate(name, dialects)
            self.reader.refuse(110, message, node, suggestion=suggestion, fix=fix)
        return DialectFacts(name)

    def _tool(self, record: Record, dialect: DialectFacts) -> str | None:
        node = record.get("tool")
        if node is None:
            if dialect.is_tool:
                place = record.get("dialect") or record.node
                message = f"the dialect {dialect.name} needs `tool`: the function served here"
                self.reader.refuse(110, message, place)
            return None
        if not dialect.is_tool and not self.context.is_stored:
            self.reader.refuse(110, f"the dialect {dialect.name} has no tools", node)
        return self.reader.name(
            node, r"[A-Za-z0-9_-]{1,64}", what="`tool`", form="letters, digits, _ and -"
        )

    def _payload_path(self, record: Record, method: str) -> str | None:
        node = record.get("payload")
        if node is None:
            return None
        if method in _WITHOUT_PAYLOAD:
            self.reader.refuse(110, f"a {method} request has no payload", node)
        form = "`schemas/<name>.json`"
        return self.reader.name(node, _SCHEMA_PATH, what="`payload`", form=form)

    def _schema(self, record: Record, path: str | None) -> dict[str, Any] | None:
        node = record.get("payload")
        if path is None or node is None:
            return None
        found = self.context.schema(path)
        if found is None:
            known = [each for each in self.context.files if each.startswith("schemas/")]
            meant, fix = did_you_mean(path, known), only_candidate(path, known)
            self.reader.refuse(401, f"there is no file {path}", node, suggestion=meant, fix=fix)
            return None
        named_by = self.reader.source.file
        self.reader.findings.extend(replace(each, source=named_by) for each in found.findings)
        return None if found.schema is None else dict(found.schema)

    def _params(self, record: Record, path: str) -> tuple[ValueField, ...]:
        """The declared parts of the path; the others are text."""
        node = record.get("params")
        declared = {each.name: each for each in self.value_fields(node, what="`params`")}
        names = re.findall(r"\{([a-z][a-z0-9_]*)\}", path)
        if len(set(names)) < len(names):
            self.reader.refuse(
                110, "a part of `path` stands twice", record.get("path") or record.node
            )
        for entry in node.entries if isinstance(node, Mapping) else ():
            if entry.name not in names:
                message = f"`path` has no part {{{entry.name}}}"
                self.reader.refuse(
                    110, message, entry.key, suggestion=did_you_mean(entry.name, names)
                )
        text = {"type": "string"}
        return tuple(declared.get(name, ValueField(name, text)) for name in dict.fromkeys(names))

    def _header_names(self, record: Record) -> tuple[str, ...]:
        node = record.get("headers")
        if node is None:
            return ()
        items = self.reader.items(node, what="`headers`")
        names = (
            self.reader.name(item, r"[A-Za-z0-9_-]+", what="a header", form="`X-Name`")
            for item in items
        )
        return tuple(name for name in names if name is not None)

    def _max_body(self, record: Record, dialect: DialectFacts) -> int:
        node = record.get("max_body")
        if node is None:
            return dialect.default_max_body
        form = "`256KB` or `5MB`"
        text = self.reader.name(node, r"[1-9][0-9]{0,5}(KB|MB)", what="`max_body`", form=form)
        if text is None:
            return dialect.default_max_body
        size = int(text[:-2]) * _SIZES[text[-2:]]
        if size > _LARGEST_BODY:
            self.reader.refuse(110, "`max_body` is at most 64MB", node)
        return size

    def _dedupe(self, record: Record) -> Dedupe | None:
        node = record.get("dedupe")
        if node is None:
            return None
        inner = self.reader.record(node, DEDUPE_KEYS, what="`dedupe`", required=("key",))
        key = None if inner is None else inner.entry("key")
        if inner is None or key is None:
            return None
        return Dedupe(
            key=self.parts.key_of(key),
            window=inner.duration("window", timedelta(days=7), lowest=timedelta(seconds=1)),
            on_duplicate=inner.choice("on_duplicate", ("replay", "accept", "reject"), "replay"),
        )

    # -------------------------------------------------------------------------------- respond

    def _respond(self, record: Record, dialect: DialectFacts) -> Respond:
        node = record.get("respond")
        if node is None or is_broken(node):
            return Accepted()
        if isinstance(node, Scalar):
            self.reader.choice(node, ("accepted",), what="`respond`")
            return Accepted()
        names = {entry.name for entry in node.entries} if isinstance(node, Mapping) else set()
        if "at_once" in names:
            return self._at_once(node)
        if "within" in names:
            return self._within(node, dialect)
        message = f"`respond` is `accepted`, or has `at_once` or `within`, not {shape(node)}"
        self.reader.refuse(110, message, node)
        return Accepted()

    def _at_once(self, node: Node) -> Respond:
        record = self.reader.record(node, ("at_once", "status"), what="`respond` with `at_once`")
        body = None if record is None else record.get("at_once")
        if record is None or body is None:
            return Accepted()
        status = record.integer("status", 202, lowest=200, highest=299)
        return AtOnce(body=self.values.value(body), status=status)

    def _within(self, node: Node, dialect: DialectFacts) -> Respond:
        keys = ("within", "otherwise", "failed", "status")
        record = self.reader.record(node, keys, what="`respond` with `within`")
        if record is None:
            return Accepted()
        deadline = record.duration("within", timedelta(seconds=5), lowest=timedelta(seconds=1))
        place = record.get("within") or node
        if deadline > _LONGEST_WITHIN:
            self.reader.refuse(110, "`within` is at most 5m", place)
        elif deadline > _PATIENCE_OF_A_CALL and dialect.is_tool:
            message = "a voice call waits hardly longer than 10s for an answer"
            self.reader.refuse(611, message, place)
        otherwise, failed = record.get("otherwise"), record.get("failed")
        return Within(
            deadline=deadline,
            otherwise=Literal(None) if otherwise is None else self.values.value(otherwise),
            failed=None if failed is None else self.values.value(failed),
            status=record.integer("status", 202, lowest=200, highest=599),
        )

    # ------------------------------------------------------------------------ schedule, inputs

    def schedule(self, node: Node) -> Schedule | None:
        """`schedule:` with `every` or `cron`."""
        record = self.reader.record(node, SCHEDULE_KEYS, what="`schedule`")
        if record is None:
            return None
        every, cron = record.get("every"), record.get("cron")
        if (every is None) == (cron is None):
            message = "`schedule` needs either `every` or `cron`"
            self.reader.refuse(110, message, record.node)
        if every is not None and (zone := record.entry("timezone")) is not None:
            message = "`every` counts on the clock of UTC"
            self.reader.refuse(110, message, zone.key, suggestion="write `cron`, or delete it")
        return Schedule(
            every=self._every(every),
            cron=self._cron(cron),
            timezone=record.timezone("timezone", None),
            overlap=record.choice("overlap", ("skip", "queue", "allow"), "skip"),
            missed=record.choice("missed", ("run_once", "skip", "run_all"), "run_once"),
        )

    def _every(self, node: Node | None) -> timedelta | None:
        if node is None:
            return None
        return self.reader.duration(node, what="`every`", lowest=timedelta(seconds=1))

    def _cron(self, node: Node | None) -> str | None:
        text = None if node is None else self.reader.text(node, what="`cron`")
        if node is None or text is None:
            return None
        try:
            parse_cron(text)
        except ValueError as problem:
            self.reader.refuse(110, f"`cron`: {problem}", node)
            return None
        return text

    def inputs(self, node: Node) -> Inputs:
        """`inputs:`; `{}` for a workflow that needs none."""
        return Inputs(self.value_fields(node, what="`inputs`"))

    def value_fields(self, node: Node | None, *, what: str) -> tuple[ValueField, ...]:
        """Name → JSON Schema of one value, plus `optional` or `default`."""
        if node is None or is_broken(node):
            return ()
        if not isinstance(node, Mapping):
            self.reader.refuse(110, f"{what} needs names and their types, not {shape(node)}", node)
            return ()
        fields = (self._value_field(entry) for entry in node.entries)
        return tuple(each for each in fields if each is not None)

    def _value_field(self, entry: Entry) -> ValueField | None:
        name = self.reader.name(entry.key, ID, what=f"the name `{entry.name}`", form=ID_FORM)
        if name is None or is_broken(entry.value):
            return None
        if not isinstance(entry.value, Mapping):
            message = f"`{name}` needs a type"
            self.reader.refuse(110, message, entry.value, suggestion="write `{type: string}`")
            return None
        given = plain(entry.value)
        schema = {key: value for key, value in given.items() if key not in FIELD_KEYS}
        if given.get("type") not in _TYPES:
            self.reader.refuse(110, f"`{name}` needs a type: {', '.join(_TYPES)}", entry.key)
            return None
        for problem in () if self.context.is_stored else lint_schema(schema):
            message = f"the schema of `{name}` cannot be used: {problem.message}"
            place = schema_node(entry.value, problem) if problem.pointer else entry.key
            suggestion = schema_correction(problem, beside=FIELD_KEYS)
            self.reader.refuse(402, message, place, suggestion=suggestion)
        record = Record(self.reader, entry.value, f"`{name}`")
        self.reader.check_default(entry.value, schema)
        field = ValueField(name, schema, is_optional=record.boolean("optional", default=False))
        return replace(field, default=given["default"]) if "default" in given else field
