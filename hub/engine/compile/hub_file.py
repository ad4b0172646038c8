"""`hub.yaml`: tree → `ProjectSettings`, or all that is wrong with it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping as Names
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from hub.engine.compile.connection_rules import ConnectionRules, check_connection
from hub.engine.compile.event_streams import event_streams
from hub.engine.compile.file import mode_value
from hub.engine.compile.preset_options import mistakes
from hub.engine.compile.reader import Reader, Record, shape
from hub.engine.compile.schema_words import schema_correction, schema_node
from hub.engine.compile.sign_in import sign_in
from hub.engine.compile.values import Places, Values
from hub.engine.findings import Finding, Source, did_you_mean, in_order, only_candidate
from hub.engine.language.parts import ID
from hub.engine.language.project import (
    CONFIG_NAME,
    CONNECTION_PLACE,
    DECLARATION,
    DESTINATIONS,
    ENVIRONMENT,
    HUB,
    OUTBOUND,
    PORT,
    PRESET,
    PROJECT_NAME,
    RETENTION,
)
from hub.engine.settings import (
    PROJECT_FILE,
    AuthPreset,
    AuthRules,
    ConfigDeclaration,
    ConnectionSettings,
    OutboundRule,
    ProjectSettings,
    Retention,
)
from hub.engine.yaml_profile import Entry, Mapping, Node, Scalar, Sequence, is_broken, load, plain
from hub.schemas import FORMATS, lint_schema
from hub.values.durations import LONGEST

AuthTypes = Names[str, AuthRules]

_FORMAT_OF = {"phone": "e164", "email": "email", "url": "uri"}
_FROM_CONFIG = re.compile(rf"\$\{{\{{\s*config\.({ID.pattern})\s*\}}\}}")


@dataclass(frozen=True)
class HubFile:
    """What became of `hub.yaml`; with errors the settings hold what could be read."""

    settings: ProjectSettings
    findings: tuple[Finding, ...]
    source: Source
    places: Places
    root: Node | None = None


def compile_hub_file(
    content: str, *, auth_types: AuthTypes, connections: ConnectionRules | None = None
) -> HubFile:
    """Read `hub.yaml`. Never raises.

    `connections` tells, by type, what may stand there and what must; None: that is not known.
    """
    document = load(PROJECT_FILE, content)
    reader, places = Reader(document.source), Places()
    if document.root is None and not document.findings:
        reader.findings.append(document.source.finding(110, "hub.yaml is empty", start=0))
        return HubFile(ProjectSettings(), tuple(reader.findings), document.source, places)
    record = reader.record(document.root, HUB)
    settings = ProjectSettings()
    if record is not None:
        settings = _HubFile(reader, Values(reader, places), auth_types, connections).settings(
            record
        )
    findings = in_order([*document.findings, *reader.findings])
    return HubFile(settings, findings, document.source, places, document.root)


def secret_places(content: str) -> dict[str, tuple[int, int]]:
    """Where the names of `secrets` stand in a `hub.yaml`, as characters. Never raises."""
    root = load(PROJECT_FILE, content).root
    entry = root.get("secrets") if isinstance(root, Mapping) else None
    items = entry.value.items if entry is not None and isinstance(entry.value, Sequence) else ()
    return {_text(item): (item.start, item.end) for item in items}


@dataclass
class _HubFile:
    reader: Reader
    values: Values
    auth_types: AuthTypes
    rules: ConnectionRules | None
    secrets: tuple[str, ...] = ()
    config: dict[str, ConfigDeclaration] = field(default_factory=dict)

    def settings(self, record: Record) -> ProjectSettings:
        language, mode = record.get("hub"), record.get("mode")
        if language is not None:
            self.reader.language(language)
        self.secrets = self._secrets(record)
        self.config = {each.name: each for each in self._config(record)}
        auth = {each.name: each for each in self._presets(record)}
        return ProjectSettings(
            timezone=record.read("timezone"),
            base_path=record.read("base_path"),
            auth=auth,
            config=self.config,
            secrets=self.secrets,
            connections={each.name: each for each in self._connections(record)},
            test_destinations_from=self._destinations_from(record),
            mode=None if mode is None else mode_value(self.reader, self.values, mode),
            test_destinations=self._test_destinations(record),
            outbound_allow=self._outbound_allow(record),
            retention=self._retention(record),
            streams=event_streams(self.reader, self._named(record, "streams"), auth),
            sign_in=sign_in(self.reader, record.get("console"), self._secret),
        )

    def _secrets(self, record: Record) -> tuple[str, ...]:
        node = record.get("secrets")
        items = () if node is None else self.reader.items(node, what="`secrets`")
        names = (self.reader.name(item, ENVIRONMENT, what="a secret's name") for item in items)
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
            if self.reader.name(entry.key, PROJECT_NAME, what=f"the name `{entry.name}`")
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
        record = self.reader.record(entry.value, PRESET, what=what)
        node = None if record is None else record.get("type")
        kind = node and self.reader.choice(node, self.auth_types, what="`type`")
        if record is None or not kind:
            return None
        options = {
            each.name: self._option(each)
            for each in record.node.entries
            if each.name not in PRESET.names
        }
        rules = self.auth_types[kind]
        self._check_options(record, rules, options)
        secrets = self._secret_names(record.get("secret"))
        header = {**rules.options, **options, **rules.fixed}.get("header")
        is_lasting = _is_lasting(rules, options)
        named = None if header is None else str(header)
        return AuthPreset(entry.name, kind, secrets, options, is_lasting, named)

    def _check_options(self, record: Record, rules: AuthRules, options: Names[str, Any]) -> None:
        """Said here, not by the first request (S1)."""
        known = [*PRESET.names, *rules.options]
        for entry in record.node.entries:
            if entry.name not in known:
                message = f"{record.what} has no key `{entry.name[:60]}`"
                suggestion = did_you_mean(entry.name, known)
                fix = only_candidate(entry.name, known)
                self.reader.refuse(110, message, entry.key, suggestion=suggestion, fix=fix)
        for name, said in mistakes(options, rules.options):
            node = record.get(name)
            message = f"{record.what}: {said}" if node is None else said
            self.reader.refuse(110, message, record.node if node is None else node)

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
        self.reader.name(entry.key, CONFIG_NAME, what=f"the name `{entry.name}`")
        record = self.reader.record(entry.value, DECLARATION, what=f"`{entry.name}`")
        if record is None or record.read("type") is None or "env" not in record:
            return None
        given = plain(record.node)
        schema = {key: value for key, value in given.items() if key not in ("env", "default")}
        for problem in lint_schema(schema):
            place = schema_node(record.node, problem) if problem.pointer else entry.key
            suggestion = schema_correction(problem, beside=("env",))
            message = f"the type cannot be used: {problem.message}"
            self.reader.refuse(402, message, place, suggestion=suggestion)
        self.reader.check_default(record.node, schema)
        declaration = ConfigDeclaration(entry.name, schema, record.read("env") or "")
        if "default" not in given:
            return declaration
        return replace(declaration, default=given["default"], has_default=True)

    # ---------------------------------------------------------------------------- connections

    def _connections(self, record: Record) -> list[ConnectionSettings]:
        found = (self._connection(entry) for entry in self._named(record, "connections"))
        return [each for each in found if each is not None]

    def _connection(self, entry: Entry) -> ConnectionSettings | None:
        what = f"the connection `{entry.name}`"
        record = self.reader.record(entry.value, CONNECTION_PLACE, what=what)
        if record is None:
            return None
        credentials, options = self._named(record, "credentials"), self._named(record, "options")
        if self.rules is not None:
            check_connection(
                self.reader, record, self.rules, credentials=credentials, options=options
            )
        from_config = self._from_config(record, options)
        return ConnectionSettings(
            name=entry.name,
            type=record.read("type") or "",
            base_url=None if "base_url" in from_config else self._base_url(record),
            credentials={each.name: self._secret(each.value) or "" for each in credentials},
            options={
                each.name: "" if f"options.{each.name}" in from_config else self._option(each)
                for each in options
            },
            from_config=from_config,
        )

    def _base_url(self, record: Record) -> str | None:
        node = record.get("base_url")
        return None if node is None else self.reader.text(node, what="`base_url`")

    def _from_config(self, record: Record, options: list[Entry]) -> dict[str, str]:
        """What stands in the environment: `base_url: ${{ config.smtp_url }}`, and options."""
        places = {f"options.{each.name}": each.value for each in options}
        base_url = record.get("base_url")
        if base_url is not None:
            places["base_url"] = base_url
        found = {}
        for path, node in places.items():
            named = _FROM_CONFIG.fullmatch(_text(node))
            if named is None:
                continue
            found[path] = named[1]
            if named[1] not in self.config:
                message = f"`config` has no value '{named[1]}'"
                suggestion = did_you_mean(named[1], self.config)
                self.reader.refuse(203, message, node, suggestion=suggestion)
        return found

    # ------------------------------------------------------------------------------- outbound

    def _test_destinations(self, record: Record) -> dict[str, tuple[str, ...]]:
        node = record.get("test_destinations")
        inner = self.reader.record(node, DESTINATIONS, what="`test_destinations`")
        if inner is None:
            return {}
        return {
            entry.name: self._texts(entry)
            for entry in inner.node.entries
            if entry.name in DESTINATIONS.names and not _FROM_CONFIG.fullmatch(_text(entry.value))
        }

    def _destinations_from(self, record: Record) -> dict[str, str]:
        """Kind → the list of `config` that holds its destinations: `${{ config.test_phones }}`."""
        node = record.get("test_destinations")
        entries = node.entries if isinstance(node, Mapping) else ()
        found = {}
        for entry in entries:
            named = _FROM_CONFIG.fullmatch(_text(entry.value))
            if named is not None and self._is_list(named[1], entry.value):
                found[entry.name] = named[1]
        return found

    def _is_list(self, name: str, place: Node) -> bool:
        lists = [one for one, each in self.config.items() if each.schema.get("type") == "array"]
        if name not in lists:
            message = f"`config` has no list '{name}'"
            self.reader.refuse(203, message, place, suggestion=did_you_mean(name, lists))
        return name in lists

    def _texts(self, entry: Entry) -> tuple[str, ...]:
        items = self.reader.items(entry.value, what=f"`{entry.name}`")
        texts = [self.reader.text(item, what=f"a {entry.name}") for item in items]
        wanted = FORMATS.get(_FORMAT_OF.get(entry.name, ""))
        for text, item in zip(texts, items, strict=True):
            if text is not None and wanted is not None and not wanted.fits(text):
                self.reader.refuse(110, f"this must be {wanted.wanted}", item)
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
        record = self.reader.record(node, OUTBOUND)
        place = None if record is None else record.get("network")
        network = None if place is None else self._network(place)
        if record is None or network is None:
            return None
        ports = record.get("ports")
        items = () if ports is None else self.reader.items(ports, what="`ports`")
        numbers = (self.reader.integer(item, PORT, what="a port") for item in items)
        return OutboundRule(network, tuple(number for number in numbers if number is not None))

    def _retention(self, record: Record) -> Retention:
        """A period that cannot be read removes nothing: what went does not come back."""
        node = record.get("retention")
        if node is None:
            return Retention()
        inner = self.reader.record(node, RETENTION, what="`retention`")
        if inner is None:
            return Retention(runs=LONGEST, audit=LONGEST)
        return Retention(runs=_period(inner, "runs"), audit=_period(inner, "audit"))

    def _network(self, node: Node) -> str | None:
        text = self.reader.text(node, what="a network")
        if text is None:
            return None
        try:
            return str(ipaddress.ip_network(re.sub(r"\s", " ", text)))
        except ValueError:
            self.reader.refuse(110, "a network has the form `10.1.0.0/16`", node)
            return None


def _period(record: Record, name: str) -> timedelta:
    node, key = record.get(name), record.place[name]
    if node is None:
        period: timedelta = record.read(name)
        return period
    return record.reader.literal(node, key.kind, what=f"`{name}`") or LONGEST


def _text(node: Node) -> str:
    return node.value if isinstance(node, Scalar) and isinstance(node.value, str) else ""


def _is_lasting(rules: AuthRules, options: Names[str, Any]) -> bool:
    """Whether what is signed under these options is right for ever (S2)."""
    if rules.lasting_when is None:
        return False
    chosen = {**rules.options, **options}
    return all(chosen.get(name) == value for name, value in rules.lasting_when.items())
