"""`hub.yaml`: tree → `ProjectSettings`, or all that is wrong with it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from hub.engine.compile.file import mode_value
from hub.engine.compile.reader import Reader, Record, shape
from hub.engine.compile.schema_words import schema_correction, schema_node
from hub.engine.compile.step_parts import ID, ID_FORM
from hub.engine.compile.values import Places, Values
from hub.engine.findings import Finding, Source, did_you_mean, in_order, only_candidate
from hub.engine.settings import (
    PROJECT_FILE,
    AuthPreset,
    ConfigDeclaration,
    ConnectionSettings,
    OutboundRule,
    ProjectSettings,
)
from hub.engine.yaml_profile import Entry, Mapping, Node, Scalar, is_broken, load, plain
from hub.schemas import lint_schema

KEYS = (
    "hub",
    "timezone",
    "base_path",
    "mode",
    "auth",
    "config",
    "secrets",
    "connections",
    "test_destinations",
    "outbound_allow",
)
DESTINATION_KINDS = ("phone", "email", "channel", "url")
_CONNECTION_KEYS = ("type", "base_url", "credentials", "options")
_ENVIRONMENT = r"[A-Z][A-Z0-9_]{0,127}"
_ENVIRONMENT_FORM = "capital letters, digits and _ (such as `BROKER_API_TOKEN`)"
_NAME = r"[a-z][a-z0-9_-]{0,62}"
_NAME_FORM = "small letters, digits, _ and -"
_BASE_PATH = r"(?:/[A-Za-z0-9._~-]+)+"
_TYPES = ("string", "integer", "number", "boolean", "array")
_HIGHEST_PORT = 65_535


@dataclass(frozen=True)
class HubFile:
    """What became of `hub.yaml`; with errors the settings hold what could be read."""

    settings: ProjectSettings
    findings: tuple[Finding, ...]
    source: Source
    places: Places


def compile_hub_file(content: str, *, auth_types: Collection[str]) -> HubFile:
    """Read `hub.yaml`. Never raises."""
    document = load(PROJECT_FILE, content)
    reader, places = Reader(document.source), Places()
    if document.root is None and not document.findings:
        reader.findings.append(document.source.finding(110, "hub.yaml is empty", start=0))
        return HubFile(ProjectSettings(), tuple(reader.findings), document.source, places)
    record = reader.record(document.root, KEYS, what="hub.yaml", required=("hub",))
    settings = ProjectSettings()
    if record is not None:
        settings = _HubFile(reader, Values(reader, places), auth_types).settings(record)
    findings = in_order([*document.findings, *reader.findings])
    return HubFile(settings, findings, document.source, places)


@dataclass
class _HubFile:
    reader: Reader
    values: Values
    auth_types: Collection[str]
    secrets: tuple[str, ...] = ()

    def settings(self, record: Record) -> ProjectSettings:
        language, mode = record.get("hub"), record.get("mode")
        if language is not None:
            self.reader.language(language)
        self.secrets = self._secrets(record)
        return ProjectSettings(
            timezone=record.timezone("timezone", "UTC") or "UTC",
            base_path=self._base_path(record),
            auth={each.name: each for each in self._presets(record)},
            config={each.name: each for each in self._config(record)},
            secrets=self.secrets,
            connections={each.name: each for each in self._connections(record)},
            mode=None if mode is None else mode_value(self.reader, self.values, mode),
            test_destinations=self._test_destinations(record),
            outbound_allow=self._outbound_allow(record),
        )

    def _base_path(self, record: Record) -> str:
        node = record.get("base_path")
        if node is None:
            return "/webhook"
        path = self.reader.name(node, _BASE_PATH, what="`base_path`", form="`/webhook`")
        return path or "/webhook"

    def _secrets(self, record: Record) -> tuple[str, ...]:
        node = record.get("secrets")
        items = () if node is None else self.reader.items(node, what="`secrets`")
        names = (
            self.reader.name(item, _ENVIRONMENT, what="a secret's name", form=_ENVIRONMENT_FORM)
            for item in items
        )
        return tuple(dict.fromkeys(name for name in names if name is not None))

    def _named(self, record: Record, key: str) -> list[Entry]:
        """The entries of a mapping whose keys are names."""
        node = record.get(key)
        if node is None or is_broken(node):
            return []
        if not isinstance(node, Mapping):
            self.reader.refuse(110, f"`{key}` needs names, not {shape(node)}", node)
            return []
        return [
            entry
            for entry in node.entries
            if self.reader.name(entry.key, _NAME, what=f"the name `{entry.name}`", form=_NAME_FORM)
        ]

    # ----------------------------------------------------------------------------------- auth

    def _presets(self, record: Record) -> list[AuthPreset]:
        presets = (self._preset(entry) for entry in self._named(record, "auth"))
        return [preset for preset in presets if preset is not None]

    def _preset(self, entry: Entry) -> AuthPreset | None:
        what = f"the preset `{entry.name}`"
        if entry.name == "public":
            message = "`public` means that anybody may call: a preset needs another name"
            self.reader.refuse(110, message, entry.key)
            return None
        if is_broken(entry.value) or not isinstance(entry.value, Mapping):
            self.reader.record(entry.value, (), what=what)
            return None
        record = Record(self.reader, entry.value, what)
        record.check_required(("type", "secret"))
        kind = record.choice("type", self.auth_types, None)
        if kind is None:
            return None
        options = {
            each.name: self._option(each)
            for each in entry.value.entries
            if each.name not in ("type", "secret")
        }
        return AuthPreset(entry.name, kind, self._secret_names(record.get("secret")), options)

    def _option(self, entry: Entry) -> Any:
        value = plain(entry.value)
        if isinstance(value, str) and "${{" in value:
            message = f"`{entry.name}` is fixed: an expression cannot stand here"
            self.reader.refuse(110, message, entry.value)
        return value

    def _secret_names(self, node: Node | None) -> tuple[str, ...]:
        """One name, or a list of them while a secret is exchanged (S1)."""
        if node is None:
            return ()
        items = (node,) if isinstance(node, Scalar) else self.reader.items(node, what="`secret`")
        names = (self._secret(item) for item in items)
        return tuple(name for name in names if name is not None)

    def _secret(self, node: Node) -> str | None:
        name = self.reader.text(node, what="a secret's name")
        if name is not None and name not in self.secrets:
            message = f"'{name[:60]}' is not listed under `secrets`"
            suggestion = did_you_mean(name, self.secrets) or "write its name here, never its value"
            fix = only_candidate(name, self.secrets)
            self.reader.refuse(203, message, node, suggestion=suggestion, fix=fix)
        return name

    # --------------------------------------------------------------------------------- config

    def _config(self, record: Record) -> list[ConfigDeclaration]:
        declared = (self._declaration(entry) for entry in self._named(record, "config"))
        return [each for each in declared if each is not None]

    def _declaration(self, entry: Entry) -> ConfigDeclaration | None:
        self.reader.name(entry.key, ID, what=f"the name `{entry.name}`", form=ID_FORM)
        if is_broken(entry.value) or not isinstance(entry.value, Mapping):
            self.reader.record(entry.value, (), what=f"`{entry.name}`")
            return None
        record = Record(self.reader, entry.value, f"`{entry.name}`")
        record.check_required(("type", "env"))
        kind, env = record.choice("type", _TYPES, None), record.get("env")
        if kind is None or env is None:
            return None
        given = plain(entry.value)
        schema = {key: value for key, value in given.items() if key not in ("env", "default")}
        for problem in lint_schema(schema):
            place = schema_node(entry.value, problem) if problem.pointer else entry.key
            suggestion = schema_correction(problem, beside=("env",))
            message = f"the type cannot be used: {problem.message}"
            self.reader.refuse(402, message, place, suggestion=suggestion)
        self.reader.check_default(entry.value, schema)
        form = _ENVIRONMENT_FORM
        variable = self.reader.name(env, _ENVIRONMENT, what="`env`", form=form) or ""
        declaration = ConfigDeclaration(entry.name, schema, variable)
        if "default" not in given:
            return declaration
        return replace(declaration, default=given["default"], has_default=True)

    # ---------------------------------------------------------------------------- connections

    def _connections(self, record: Record) -> list[ConnectionSettings]:
        found = (self._connection(entry) for entry in self._named(record, "connections"))
        return [each for each in found if each is not None]

    def _connection(self, entry: Entry) -> ConnectionSettings | None:
        what = f"the connection `{entry.name}`"
        record = self.reader.record(entry.value, _CONNECTION_KEYS, what=what, required=("type",))
        if record is None:
            return None
        return ConnectionSettings(
            name=entry.name,
            type=record.text("type") or "",
            base_url=record.text("base_url"),
            credentials={
                each.name: self._secret(each.value) or ""
                for each in self._named(record, "credentials")
            },
            options={each.name: self._option(each) for each in self._named(record, "options")},
        )

    # ------------------------------------------------------------------------------- outbound

    def _test_destinations(self, record: Record) -> dict[str, tuple[str, ...]]:
        node = record.get("test_destinations")
        inner = self.reader.record(node, DESTINATION_KINDS, what="`test_destinations`")
        if inner is None:
            return {}
        return {
            entry.name: self._texts(entry)
            for entry in inner.node.entries
            if entry.name in DESTINATION_KINDS
        }

    def _texts(self, entry: Entry) -> tuple[str, ...]:
        items = self.reader.items(entry.value, what=f"`{entry.name}`")
        texts = (self.reader.text(item, what=f"a {entry.name}") for item in items)
        return tuple(text for text in texts if text is not None)

    def _outbound_allow(self, record: Record) -> tuple[OutboundRule, ...]:
        node = record.get("outbound_allow")
        items = () if node is None else self.reader.items(node, what="`outbound_allow`")
        rules = (self._outbound_rule(item) for item in items)
        return tuple(rule for rule in rules if rule is not None)

    def _outbound_rule(self, node: Node) -> OutboundRule | None:
        if isinstance(node, Scalar):
            network = self._network(node)
            return None if network is None else OutboundRule(network)
        record = self.reader.record(
            node, ("network", "ports"), what="a rule of `outbound_allow`", required=("network",)
        )
        place = None if record is None else record.get("network")
        network = None if place is None else self._network(place)
        if record is None or network is None:
            return None
        ports = record.get("ports")
        items = () if ports is None else self.reader.items(ports, what="`ports`")
        numbers = (
            self.reader.integer(item, what="a port", lowest=1, highest=_HIGHEST_PORT)
            for item in items
        )
        return OutboundRule(network, tuple(number for number in numbers if number is not None))

    def _network(self, node: Node) -> str | None:
        text = self.reader.text(node, what="a network")
        if text is None:
            return None
        try:
            return str(ipaddress.ip_network(re.sub(r"\s", " ", text)))
        except ValueError:
            self.reader.refuse(110, "a network has the form `10.1.0.0/16`", node)
            return None
