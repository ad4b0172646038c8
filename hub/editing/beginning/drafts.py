"""What the first files of a workflow say: kind and name → path and text. Pure.

The texts lie in `files/`, one folder for each kind.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files as resources

from hub.errors import NotPossible

WHAT_STARTS_IT: Mapping[str, str] = {
    "endpoint": "a request that comes in",
    "tool": "a voice agent that calls a tool",
    "schedule": "the clock",
    "event": "an event that another workflow sends",
    "callable": "another workflow that calls it",
}
KINDS = tuple(WHAT_STARTS_IT)

WITH_CALLER = ("endpoint", "tool")
LONGEST_NAME = 63
PUBLIC = "public"

_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
_EVENT = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+")
_EVENT_FORM = "`thing.happened`: small letters, digits, _ and a dot"
_PLAIN_TITLE = re.compile(r"[A-Za-z][A-Za-z0-9 ,.()'/-]*")
_LONGEST_TITLE = 200
_RATE_LIMIT = "auth: public\n  rate_limit: 10 per minute per ip"


@dataclass(frozen=True)
class Draft:
    """A file to be written: its path in the project, and its text."""

    path: str
    text: str


@dataclass(frozen=True)
class Wanted:
    """What the person asked for; `event` is the name that starts a workflow of that kind."""

    name: str
    kind: str
    title: str
    preset: str = PUBLIC
    event: str = ""


def drafts_of(wanted: Wanted) -> list[Draft]:
    """The workflow, its schema where it has one, its tests."""
    texts = [(workflow_path(wanted.name), "workflow.yaml")]
    if wanted.kind in WITH_CALLER:
        texts.append((f"schemas/{wanted.name}.json", "schema.json"))
    if wanted.kind == "event":
        texts.append((f"schemas/events/{wanted.event}.json", "schema.json"))
    texts.append((tests_path(wanted.name), "tests.yaml"))
    return [Draft(path, _filled(wanted, text_of(wanted.kind, file))) for path, file in texts]


def project_drafts() -> list[Draft]:
    """The files of a new project."""
    names = {
        "hub.yaml": "hub.yaml",
        ".env.example": "env.example",
        ".gitignore": "gitignore",
        "README.md": "README.md",
    }
    return [Draft(path, text_of("project", file)) for path, file in names.items()]


def text_of(kind: str, file: str) -> str:
    """A file of `files/`, as it lies there."""
    return resources(__package__).joinpath("files", kind, file).read_text("utf-8")


def workflow_path(name: str) -> str:
    """Where a workflow lies in its project."""
    return f"workflows/{name}.yaml"


def tests_path(name: str) -> str:
    """Where its tests lie."""
    return f"workflows/tests/{name}.yaml"


def _filled(wanted: Wanted, text: str) -> str:
    if wanted.preset == PUBLIC:
        text = text.replace("auth: NEW-PRESET", _RATE_LIMIT)
    stand_ins = {
        "NEW-NAME": wanted.name,
        "NEW_NAME": wanted.name.replace("-", "_"),
        "NEW-TITLE": title_text(wanted.title),
        "NEW-PRESET": wanted.preset,
        "NEW-EVENT": wanted.event,
    }
    found = re.compile("|".join(stand_ins))
    return found.sub(lambda match: stand_ins[match[0]], text)


# ------------------------------------------------------------------------------------ what is asked


def is_name(name: str) -> bool:
    """Whether a workflow can be called so."""
    return _NAME.fullmatch(name) is not None


def check_name(name: str) -> None:
    """Raises `NotPossible` with the reason why a workflow cannot be called so."""
    if is_name(name):
        return
    if len(name) > LONGEST_NAME:
        raise NotPossible(
            f"a workflow's name has at most {LONGEST_NAME} signs; this one has {len(name)}"
        )
    better = _nearest_name(name)
    told = f": write {better}" if better else ""
    raise NotPossible(
        f"{name!r} cannot be a workflow's name, which is small letters, digits and -,"
        f" and begins with a letter{told}"
    )


def _nearest_name(name: str) -> str:
    """The same words as a name; empty when none of them can be kept."""
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name.removesuffix(".yaml")).lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-").lstrip("0123456789-")


def check_title(title: str) -> None:
    """Raises `NotPossible` for a title that does not fit on its line."""
    if not title.strip() or not title.isprintable() or len(title) > _LONGEST_TITLE:
        raise NotPossible(f"a title is one line of at most {_LONGEST_TITLE} signs, for people")
    if "${{" in title:
        raise NotPossible("a title is the same for every run: it holds no ${{ }}")


def title_text(title: str) -> str:
    """The title as YAML text, in quotes where it needs them."""
    is_plain = _PLAIN_TITLE.fullmatch(title) and title == title.strip()
    is_word = title.lower() in {"true", "false", "null", "yes", "no", "on", "off"}
    return title if is_plain and not is_word else json.dumps(title, ensure_ascii=False)


def title_of(name: str) -> str:
    """A first title: the words of the name."""
    return name.replace("-", " ").strip().capitalize()


def event_of(name: str, given: str | None) -> str:
    """The event that is given, else one made of the name. Raises `NotPossible` for a wrong one."""
    if given is None:
        thing, _, happened = name.strip("-").partition("-")
        event = f"{thing}.{happened.replace('-', '_').strip('_') or 'happened'}"
        return event if _EVENT.fullmatch(event) else f"{thing}.happened"
    if not _EVENT.fullmatch(given):
        raise NotPossible(f"{given!r} cannot be an event's name, which is {_EVENT_FORM}")
    return given


def preset_of(kind: str, given: str | None, presets: Mapping[str, str]) -> str:
    """The preset that is given, else the one that fits. `presets`: name → type, as in hub.yaml.

    Raises `NotPossible` when there is none, or none of this name.
    """
    if given is None:
        return _fitting(kind, presets)
    if given != PUBLIC and given not in presets:
        known = " or ".join([*presets, PUBLIC])
        wanted = f"choose {known}, or declare it there"
        raise NotPossible(f"hub.yaml has no auth preset {given!r}: {wanted}")
    return given


def _fitting(kind: str, presets: Mapping[str, str]) -> str:
    """For who writes to us by themselves the plainest: a token, which any program can send."""
    if kind == "tool" and "vapi" in presets:
        return "vapi"
    if not presets:
        raise NotPossible(
            "hub.yaml has no auth preset that says how callers prove themselves:"
            f" write one, or let everybody in with --auth {PUBLIC}"
        )
    plain = (name for name, proof in presets.items() if proof == "bearer")
    return next(plain, next((name for name in presets if name != "vapi"), "vapi"))
