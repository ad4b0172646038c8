"""How a workflow starts: `endpoint`, `schedule`, `inputs` (language, chapters 5 and 6)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from hub.engine.compile.context import Context
from hub.engine.compile.origins import read_origins
from hub.engine.compile.reader import Reader, Record, shape
from hub.engine.compile.responding import Responding
from hub.engine.compile.schema_words import schema_correction, schema_node
from hub.engine.compile.step_parts import Parts
from hub.engine.compile.values import Values
from hub.engine.findings import did_you_mean, only_candidate
from hub.engine.language.parts import FIELD, ID, TYPES
from hub.engine.language.workflow import (
    DEDUPE,
    ENDPOINT,
    READABLE_HEADER,
    SCHEDULE,
)
from hub.engine.schedule import parse_cron
from hub.engine.settings import DialectFacts
from hub.engine.workflow import (
    CountedPer,
    Dedupe,
    Endpoint,
    Inputs,
    Origins,
    RateLimit,
    Schedule,
    ValueField,
)
from hub.engine.yaml_profile import Entry, Mapping, Node, Scalar, is_broken, plain
from hub.schemas import lint_schema
from hub.values import is_credential_name

_WITHOUT_PAYLOAD = frozenset({"GET", "DELETE"})
_BESIDE = ("optional", "default")
_OF_ANYBODY = frozenset({"json", "form"})  # whose callers sign as they are told
_ONLY_READ = frozenset({"GET", "HEAD"})
_SIZES = {"KB": 1024, "MB": 1024 * 1024}
_LARGEST_BODY = 64 * 1024 * 1024
_WINDOWS = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
_PER: dict[str | None, CountedPer] = {None: "endpoint", "ip": "ip", "caller": "caller"}
_MOST_COUNTED = 100_000
_OF_THE_HUB = ("admin", "healthz", "metrics", "openapi.json", "readyz")


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
        record = self.reader.record(node, ENDPOINT, what="`endpoint`", required=())
        if record is None:
            return None
        dialect = self._dialect(record)
        method = record.read("method")
        path = self._path(record)
        payload_path = self._payload_path(record, method)
        schema = self._schema(record, payload_path)
        endpoint = Endpoint(
            path=path,
            auth=self._auth(record),
            method=method,
            dialect=dialect.name,
            tool=self._tool(record, dialect),
            payload_path=payload_path,
            payload_schema=schema,
            params=self._params(record, path),
            query=self._query(record),
            headers=self._header_names(record),
            rate_limit=self._rate_limit(record),
            cors=self._cors(record),
            max_body=self._max_body(record, dialect),
            timezone=record.read("timezone"),
            dedupe=self._dedupe(record),
            respond=Responding(self.reader, self.values).respond(record, dialect, schema),
        )
        self._check_repeats(record, endpoint, dialect)
        self.values.places.add(endpoint, record.node)
        return endpoint

    def _path(self, record: Record) -> str:
        default = f"{self.context.settings.base_path}/{self.name}"
        node = record.get("path")
        if node is None:
            return default
        path = record.read("path")
        if path is not None and {".", ".."} & set(path.split("/")):
            self.reader.refuse(110, "`path` cannot hold `.` or `..`", node)
        elif path is not None and path.split("/")[1] in _OF_THE_HUB and not self.context.is_stored:
            self.reader.refuse(110, f"`path` begins as the hub's own pages do: {path}", node)
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
            self._check_public(record, node)
        elif name is not None and name not in presets and not self.context.is_stored:
            known = [*presets, "public"]
            suggestion = did_you_mean(name, known) or f"hub.yaml has {', '.join(known)}"
            message, fix = f"there is no auth preset '{name}'", only_candidate(name, known)
            self.reader.refuse(214, message, node, suggestion=suggestion, fix=fix)
        return name or ""

    def _check_public(self, record: Record, node: Node) -> None:
        """A limit is what keeps anybody from calling without end (HUB613)."""
        if "rate_limit" not in record:
            message = "anybody may call a `public` endpoint, as often as they like"
            suggestion = "write `rate_limit: 10 per minute per ip`"
            self.reader.refuse(613, message, node, suggestion=suggestion)

    def _check_repeats(self, record: Record, endpoint: Endpoint, dialect: DialectFacts) -> None:
        """Whoever captured a request that is signed for ever can send it again (HUB621, S2)."""
        preset = self.context.settings.auth.get(endpoint.auth)
        node = record.get("auth")
        has_key = endpoint.dedupe is not None or dialect.names_messages
        if preset is None or node is None or not preset.is_lasting or has_key:
            return
        if endpoint.method in _ONLY_READ:
            return
        message = f"a captured request can be sent again: `{preset.name}` signs no time"
        suggestion = "write `dedupe` with a `key`"
        if dialect.name in _OF_ANYBODY:
            suggestion += ", or let callers sign a time (`standard_webhooks`)"
        self.reader.refuse(621, message, node, suggestion=suggestion)

    def _dialect(self, record: Record) -> DialectFacts:
        node, dialects = record.get("dialect"), self.context.dialects
        name = "json" if node is None else self.reader.text(node, what="`dialect`")
        if name is None or name in dialects:
            return dialects.get(name or "json", DialectFacts("json"))
        if node is not None and not self.context.is_stored:
            known = f"known are {', '.join(dialects)}"
            message, suggestion = f"there is no dialect '{name}'", did_you_mean(name, dialects)
            fix = only_candidate(name, dialects)
            self.reader.refuse(110, message, node, suggestion=suggestion or known, fix=fix)
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
        name: str | None = record.read("tool")
        return name

    def _payload_path(self, record: Record, method: str) -> str | None:
        node = record.get("payload")
        if node is None:
            return None
        if method in _WITHOUT_PAYLOAD:
            self.reader.refuse(110, f"a {method} request has no payload", node)
        path: str | None = record.read("payload")
        return path

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

    def _query(self, record: Record) -> tuple[ValueField, ...]:
        """What a workflow reads is stored: a part that proves the caller may not be (S6)."""
        node = record.get("query")
        for entry in node.entries if isinstance(node, Mapping) else ():
            if is_credential_name(entry.name) and not self.context.is_stored:
                self._refuse_secret(f"query.{entry.name}", entry.key)
        return self.value_fields(node, what="`query`")

    def _refuse_secret(self, name: str, node: Node) -> None:
        message = f"{name} may hold a secret, and what a workflow reads is stored"
        self.reader.refuse(110, message, node, suggestion="let `auth` check it")

    def _header_names(self, record: Record) -> tuple[str, ...]:
        node = record.get("headers")
        if node is None:
            return ()
        items = self.reader.items(node, what="`headers`")
        names = (self._header_name(item, record) for item in items)
        return tuple(name for name in names if name is not None)

    def _header_name(self, node: Node, record: Record) -> str | None:
        """What a workflow reads is stored: a header that proves the caller may not be (S6)."""
        name = self.reader.name(node, READABLE_HEADER, what="a header")
        if name is None or self.context.is_stored:
            return name
        if is_credential_name(name) or name.lower().replace("_", "-") == self._own_header(record):
            self._refuse_secret(name, node)
        return name

    def _own_header(self, record: Record) -> str | None:
        """The header in which the endpoint's preset expects the secret, or what it signs."""
        auth = record.get("auth")
        name = auth.value if isinstance(auth, Scalar) else None
        preset = self.context.settings.auth.get(str(name))
        given = preset.header if preset else None
        return None if given is None else given.lower()

    def _rate_limit(self, record: Record) -> RateLimit | None:
        """Without `per ip` or `per caller` all requests to the endpoint count together."""
        node, text = record.get("rate_limit"), record.read("rate_limit")
        if node is None or text is None:
            return None
        number, _, window, *per_whom = text.split()
        count, per = int(number), _PER[per_whom[-1] if per_whom else None]
        if count > _MOST_COUNTED:
            self.reader.refuse(110, f"`rate_limit` counts to {_MOST_COUNTED:,} at most", node)
        auth = record.get("auth")
        if per == "caller" and isinstance(auth, Scalar) and auth.value == "public":
            message = "nobody proves himself at a `public` endpoint: its callers are not known"
            self.reader.refuse(110, message, node, suggestion="write `per ip`")
        return RateLimit(count, _WINDOWS[window], per)

    def _cors(self, record: Record) -> Origins | None:
        config = None if self.context.is_stored else self.context.settings.config
        return read_origins(self.reader, record, config)

    def _max_body(self, record: Record, dialect: DialectFacts) -> int:
        node = record.get("max_body")
        if node is None:
            return dialect.default_max_body
        text = record.read("max_body")
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
        inner = self.reader.record(node, DEDUPE, what="`dedupe`")
        key = None if inner is None else inner.entry("key")
        if inner is None or key is None:
            return None
        return Dedupe(
            key=self.parts.key_of(key),
            window=inner.read("window"),
            on_duplicate=inner.read("on_duplicate"),
        )

    # ------------------------------------------------------------------------ schedule, inputs

    def schedule(self, node: Node) -> Schedule | None:
        """`schedule:` with `every` or `cron`."""
        record = self.reader.record(node, SCHEDULE, what="`schedule`")
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
            every=record.read("every"),
            cron=self._cron(cron),
            timezone=record.read("timezone"),
            overlap=record.read("overlap"),
            missed=record.read("missed"),
        )

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
        name = self.reader.name(entry.key, ID, what=f"the name `{entry.name}`")
        if name is None or is_broken(entry.value):
            return None
        if not isinstance(entry.value, Mapping):
            message = f"`{name}` needs a type"
            self.reader.refuse(110, message, entry.value, suggestion="write `{type: string}`")
            return None
        given = plain(entry.value)
        schema = {key: value for key, value in given.items() if key not in _BESIDE}
        if given.get("type") not in TYPES:
            self.reader.refuse(110, f"`{name}` needs a type: {', '.join(TYPES)}", entry.key)
            return None
        for problem in () if self.context.is_stored else lint_schema(schema):
            message = f"the schema of `{name}` cannot be used: {problem.message}"
            place = schema_node(entry.value, problem) if problem.pointer else entry.key
            suggestion = schema_correction(problem, beside=_BESIDE)
            self.reader.refuse(402, message, place, suggestion=suggestion)
        record = Record(self.reader, entry.value, f"`{name}`", FIELD)
        self.reader.check_default(entry.value, schema)
        field = ValueField(name, schema, is_optional=record.read("optional"))
        return replace(field, default=given["default"]) if "default" in given else field
