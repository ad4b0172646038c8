"""Descriptions of booking pages: `workflows/platforms/<name>.yaml`, data and no code (B-12).

A file says whose pages it describes, which elements the browser uses in steps 1 to 4, and by which
signs the page tells an outcome. Whatever is wrong with one is a finding with line and column.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from hub.domain.booking_sessions.signs import NEEDED, STRONG, WEAK, Kind, Seen, Sign, Signs
from hub.engine.compile.reader import Reader, Record
from hub.engine.findings import Finding, Source
from hub.engine.language import Key, Place
from hub.engine.language.shapes import Choice, Inner, Integer, ListOf, Text, Timezone, Version
from hub.engine.yaml_profile import Mapping as Tree
from hub.engine.yaml_profile import Node, load
from hub.values import is_origin, origin_of

Handover = Literal["platform", "browser", "link"]
HANDOVERS: tuple[Handover, ...] = ("platform", "browser", "link")
FOLDER = "workflows/platforms/"
_FILE_NAME = re.compile(r"workflows/platforms/([a-z][a-z0-9-]{0,62})\.yaml")
_CLOSES = {"]": "[", ")": "("}
_QUOTES = "'\""

_TEXT, _TEXTS = Text(), ListOf(Text())
_SIGNS: Mapping[str, tuple[Kind, int]] = {
    "url": ("url", STRONG),
    "text": ("text", STRONG),
    "element": ("element", STRONG),
    "weak_url": ("url", WEAK),
    "weak_text": ("text", WEAK),
    "weak_element": ("element", WEAK),
}
_OUTCOMES: Mapping[str, Seen] = {
    "success": "success",
    "payment_failed": "payment_failed",
    "slot_unavailable": "slot_unavailable",
}


def _step(name: str, *required: str, further: tuple[str, ...] = ()) -> Key:
    keys = (
        *(Key(each, _TEXT, "A CSS selector.", is_required=True) for each in required),
        *(Key(each, _TEXT, "A CSS selector.") for each in further),
    )
    place = Place(f"the step `{name}`", "Elements that the browser uses.", keys)
    return Key(name, Inner(place), place.meaning, is_required=True)


def _signs_of(outcome: str) -> Key:
    keys = tuple(Key(name, _TEXTS, "What speaks for the outcome.") for name in _SIGNS)
    place = Place(f"the signs of {outcome}", "At least one of them.", keys, any_of=tuple(_SIGNS))
    return Key(outcome, Inner(place), place.meaning, is_required=True)


_STEPS = Place(
    "`steps`",
    "Steps 1 to 4, and the one that the lead does.",
    (
        _step("service", "option", "next"),
        _step("provider", "option", "next"),
        _step("time", "option", "next", further=("day",)),
        _step("contact", "first_name", "last_name", "phone", "email", "next", further=("notes",)),
        _step("payment", "reached", further=("link",)),
    ),
)
STEP_NAMES = tuple(key.name for key in _STEPS.keys)
_ALL_SIGNS = Place(
    "`signs`",
    "How the page tells an outcome.",
    (
        *map(_signs_of, _OUTCOMES),
        Key("needed", Integer(1, 20), "The score that an outcome needs.", default=NEEDED),
    ),
)
_PLATFORM = Place(
    "a platform",
    "How the booking pages of one platform work.",
    (
        Key("hub", Version(), "The version.", is_required=True),
        Key("title", _TEXT, "For people.", is_required=True),
        Key("origins", _TEXTS, "Whose pages these are.", is_required=True),
        Key("timezone", Timezone(), "What times on these pages mean."),
        Key("steps", Inner(_STEPS), _STEPS.meaning, is_required=True),
        Key("signs", Inner(_ALL_SIGNS), _ALL_SIGNS.meaning, is_required=True),
        Key("confirmation_number", _TEXT, "The element that holds it."),
        Key(
            "handover",
            Choice(HANDOVERS),
            "How the lead pays, and who tells the outcome (X20).",
            default="platform",
        ),
    ),
)


@dataclass(frozen=True)
class Platform:
    """One platform. `steps`: step → what for → CSS selector."""

    name: str
    title: str
    origins: tuple[str, ...]
    timezone: str | None
    steps: Mapping[str, Mapping[str, str]]
    signs: Signs
    confirmation_number: str | None
    handover: Handover = "platform"


@dataclass(frozen=True)
class Platforms:
    """All platforms of a project that have no mistakes, and the findings of the others."""

    known: tuple[Platform, ...]
    findings: tuple[Finding, ...]

    def of(self, url: str) -> Platform | None:
        """The platform whose page this is.

        A description without origins is for pages that no other one claims.
        """
        origin = origin_of(url)
        owner = next((each for each in self.known if origin in each.origins), None)
        usual = None if origin is None else next((it for it in self.known if not it.origins), None)
        return owner or usual


def read_platforms(files: Mapping[str, str]) -> Platforms:
    """Every description among a project's files; an origin belongs to one of them."""
    known: list[Platform] = []
    findings: list[Finding] = []
    owners: dict[str, str] = {}
    for path in sorted(each for each in files if each.startswith(FOLDER)):
        named = _FILE_NAME.fullmatch(path)
        if named is None:
            said = f"a platform is named `{FOLDER}<name>.yaml`; a name is small letters and dashes"
            findings.append(Source(path, files[path]).finding(110, said, start=0))
            continue
        document = load(path, files[path])
        reader = Reader(document.source, list(document.findings))
        platform = _read(reader, document.root, named[1], owners)
        if platform is None and not reader.findings:
            reader.findings.append(document.source.finding(110, "the file is empty", start=0))
        findings += reader.findings
        if platform is not None and not any(each.is_error for each in reader.findings):
            known.append(platform)
    return Platforms(tuple(known), tuple(findings))


def place_of(file: str, text: str, step: str, key: str) -> tuple[int, int]:
    """Line and column of a selector in a description, both from 1."""
    node = load(file, text).root
    for name in ("steps", step, key):
        entry = node.get(name) if isinstance(node, Tree) else None
        if entry is None:
            break
        node = entry.value
    return (1, 1) if node is None else node.position


def _read(reader: Reader, root: Node | None, name: str, owners: dict[str, str]) -> Platform | None:
    record = reader.record(root, _PLATFORM)
    if record is None:
        return None
    version = record.get("hub")
    if version is not None:
        reader.language(version)
    signs = _record(record, "signs", _ALL_SIGNS)
    return Platform(
        name=name,
        title=_text(record, "title") or name,
        origins=tuple(_origins(record, name, owners)),
        timezone=None if record.get("timezone") is None else record.read("timezone"),
        steps=_steps(record),
        signs=Signs(
            tuple(_signs(signs)) if signs else (), NEEDED if signs is None else signs.read("needed")
        ),
        confirmation_number=_selector(record, "confirmation_number"),
        handover=record.read("handover"),
    )


def _origins(record: Record, name: str, owners: dict[str, str]) -> Iterator[str]:
    for node, text in _texts(record, "origins"):
        if not is_origin(text):
            said = "an origin is scheme, host and port, such as https://book.clinic.example"
            record.reader.refuse(110, said, node, suggestion=origin_of(text))
        elif owners.setdefault(text, name) != name:
            said = f"{text} belongs to the platform {owners[text]} already"
            record.reader.refuse(110, said, node)
        else:
            yield text


def _steps(record: Record) -> dict[str, dict[str, str]]:
    steps = _record(record, "steps", _STEPS)
    found: dict[str, dict[str, str]] = {}
    for key in _STEPS.keys if steps is not None else ():
        inner = key.kind
        step = _record(steps, key.name, inner.place) if isinstance(inner, Inner) else None
        if step is not None:
            given = {name: _selector(step, name) for name in step.place.names}
            found[key.name] = {name: text for name, text in given.items() if text is not None}
    return found


def _signs(signs: Record) -> Iterator[Sign]:
    for name, outcome in _OUTCOMES.items():
        kind_ = _ALL_SIGNS[name].kind
        group = _record(signs, name, kind_.place) if isinstance(kind_, Inner) else None
        for key, (kind, score) in _SIGNS.items() if group is not None else ():
            for node, text in _texts(group, key):
                _check_pattern(signs.reader, node, kind, text)
                yield Sign(outcome, kind, text, score)


def _check_pattern(reader: Reader, node: Node, kind: Kind, text: str) -> None:
    if kind == "url" and not text.startswith("/"):
        reader.refuse(110, "a sign in the URL is a part of its path, such as /success", node)
    if kind == "text" and not any(letter.isalnum() for letter in text):
        reader.refuse(110, "a sign in the text has words", node)
    if kind == "element":
        _check_selector(reader, node, text)


def _check_selector(reader: Reader, node: Node, text: str) -> None:
    """Brackets and quotes in pairs: what a browser would not read at all."""
    if not text.strip() or not _is_closed(text):
        reader.refuse(110, f"{text[:60]!r} is no CSS selector: brackets or quotes are open", node)


def _is_closed(text: str) -> bool:
    opened: list[str] = []
    for sign in text:
        if opened and opened[-1] in _QUOTES:
            if sign == opened[-1]:
                opened.pop()
        elif sign in "[(" or sign in _QUOTES:
            opened.append(sign)
        elif sign in _CLOSES and (not opened or opened.pop() != _CLOSES[sign]):
            return False
    return not opened


def _record(record: Record | None, name: str, place: Place) -> Record | None:
    node = None if record is None else record.get(name)
    return None if record is None else record.reader.record(node, place)


def _text(record: Record, name: str) -> str | None:
    node = record.get(name)
    return None if node is None else record.reader.text(node, what=f"`{name}`")


def _selector(record: Record, name: str) -> str | None:
    node, text = record.get(name), _text(record, name)
    if node is not None and text is not None:
        _check_selector(record.reader, node, text)
    return text


def _texts(record: Record | None, name: str) -> Iterator[tuple[Node, str]]:
    node = None if record is None else record.get(name)
    if record is None or node is None:
        return
    for item in record.reader.items(node, what=f"`{name}`"):
        text = record.reader.text(item, what=f"an item of `{name}`")
        if text is not None:
            yield item, text
