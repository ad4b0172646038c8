"""`hub check` and what it remembers in the state directory, so that the second time is short.

Nothing else is imported before it is known that a file changed: a person waits. What is remembered
is JSON, is never run, and is thrown away for every doubt: another hub, another Python, other
packages, a damaged file. With plug-ins installed nothing is remembered, for their code is not ours
to watch.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.bootstrap.clock import SystemClock
from hub.bootstrap.files import ProjectFiles, Stamp
from hub.engine.findings import Finding
from hub.errors import Misconfigured

if TYPE_CHECKING:
    from hub.action import Action
    from hub.engine.retrial import ReadTrial
    from hub.engine.settings import AuthFacts, ConnectionFacts, DialectFacts

FILE = "check.json"
_FORM = 2
_SURE = timedelta(seconds=1)  # a file that is younger may change again within its own time stamp
_NO_HUB_YAML = "holds no hub.yaml. Go to the project's folder, or name it: hub --project DIR"


@dataclass(frozen=True)
class CheckedProject:
    """What is wrong with the files of a folder; `files` is path → text, read when it is asked.

    `workflows` is their number, `secrets` are the names that `hub.yaml` gives.
    """

    folder: Path
    findings: tuple[Finding, ...]
    workflows: int
    secrets: tuple[str, ...]
    files: Mapping[str, str]


class Texts(Mapping[str, str]):
    """The files of a project, each read when it is asked for."""

    def __init__(self, files: ProjectFiles, stamps: Mapping[str, Stamp]) -> None:
        self._files, self._stamps = files, stamps
        self._read: dict[str, str] = {}

    def __getitem__(self, path: str) -> str:
        if path not in self._read:
            found = self._files.read({path: self._stamps[path]})
            self._read[path] = found.get(path, "")
        return self._read[path]

    def __contains__(self, path: object) -> bool:
        return path in self._stamps

    def __iter__(self) -> Iterator[str]:
        return iter(self._stamps)

    def __len__(self) -> int:
        return len(self._stamps)


def check_project(folder: Path, state_dir: Path, read_trial: ReadTrial) -> CheckedProject:
    """Everything that is wrong with the files; only what changed since the last time is read.

    `read_trial` tells what is wrong with a file of tests; it is of this hub's own code. Raises
    `Misconfigured` when there is no `hub.yaml`.
    """
    gc.disable()  # nothing is thrown away before the end, and looking for it takes time
    try:
        return _check(folder, state_dir, read_trial)
    finally:
        gc.enable()


def _check(folder: Path, state_dir: Path, read_trial: ReadTrial) -> CheckedProject:
    files = ProjectFiles(folder)
    stamps = files.stamps()
    if "hub.yaml" not in stamps:
        raise Misconfigured(f"{folder} {_NO_HUB_YAML}")
    look = _Look(folder, state_dir, Texts(files, stamps), stamps, read_trial)
    maker = _maker()
    known = _remembered(state_dir / FILE, maker)
    if known is not None:
        with suppress(AttributeError, LookupError, TypeError, ValueError):
            return look.again(known)
    return look.checked(_facts(maker), {}, None)


@dataclass(frozen=True)
class _Look:
    """One look at a folder: its files and when they were written."""

    folder: Path
    state_dir: Path
    texts: Texts
    stamps: Mapping[str, Stamp]
    read_trial: ReadTrial

    def again(self, known: Mapping[str, Any]) -> CheckedProject:
        """With the help of what is remembered; it is no more than JSON so far."""
        sure = known["sure"]
        held = {
            path: sure[path][1]
            for path, stamp in self.stamps.items()
            if path in sure and sure[path][0] == list(stamp)
        }
        if len(held) == len(sure) == len(self.stamps):
            return self._told(known)
        return self.checked({name: known[name] for name in _FACTS}, held, known["notes"])

    def checked(
        self, facts: Mapping[str, Any], held: Mapping[str, str], notes: Mapping[str, Any] | None
    ) -> CheckedProject:
        """Check what changed, and remember it all; `held` are the digests of what did not."""
        from hub.engine.notes import digest, with_all_names  # noqa: PLC0415 - not where nothing did
        from hub.engine.recheck import recheck  # noqa: PLC0415 - as above
        from hub.platforms import FOLDER, read_platforms  # noqa: PLC0415 - as above

        began = SystemClock().now()
        digests = {path: held.get(path) or digest(self.texts[path]) for path in self.stamps}
        found = recheck(
            self.texts,
            with_all_names(digests),
            actions={name: _action(name, each) for name, each in facts["actions"].items()},
            auth_types=_auth_types(facts["auth_types"]),
            dialects=_dialects(facts["dialects"]),
            connection_types=facts["connection_types"],
            connections=_connections(facts["connections"]),
            read_trial=self.read_trial,
            notes=notes,
        )
        platforms = read_platforms(
            {path: self.texts[path] for path in digests if path.startswith(FOLDER)}
        )
        latest = int((began - _SURE).timestamp() * 1e9)
        known = {
            **facts,
            "sure": {
                path: [list(stamp), digests[path]]
                for path, stamp in self.stamps.items()
                if max(stamp[:2]) < latest
            },
            "findings": [each.as_json() for each in (*found.findings, *platforms.findings)],
            "workflows": found.workflows,
            "secrets": list(found.secrets),
            "notes": found.notes,
        }
        if notes is not None or not _has_plug_ins():  # with any there were no notes
            _remember(self.state_dir, known)
        return self._told(known)

    def _told(self, known: Mapping[str, Any]) -> CheckedProject:
        return CheckedProject(
            self.folder,
            tuple(Finding.from_json(each) for each in known["findings"]),
            int(known["workflows"]),
            tuple(known["secrets"]),
            self.texts,
        )


# ------------------------------------------------------------------ what the checker must be told

_FACTS = ("maker", "actions", "auth_types", "dialects", "connection_types", "connections")


def _facts(maker: str) -> dict[str, Any]:
    """What this hub can do, as JSON."""
    from hub.bootstrap.actions import all_actions  # noqa: PLC0415 - needs all services' libraries
    from hub.bootstrap.auth_types import all_auth_types  # noqa: PLC0415 - as above
    from hub.bootstrap.project import (  # noqa: PLC0415 - as above
        DIALECT_FACTS,
        actions_by_connection,
        connection_facts,
    )

    facts = {
        "maker": maker,
        "actions": {name: _declared(each) for name, each in all_actions().items()},
        "auth_types": {
            name: {
                "options": dict(each.options),
                "fixed": dict(each.fixed),
                "lasting_when": None if each.lasting_when is None else dict(each.lasting_when),
            }
            for name, each in all_auth_types().items()
        },
        "dialects": {name: vars(each) for name, each in DIALECT_FACTS.items()},
        "connection_types": actions_by_connection(),
        "connections": {name: vars(each) for name, each in connection_facts().items()},
    }
    told: dict[str, Any] = json.loads(json.dumps(facts))
    return told


def _auth_types(known: Mapping[str, Any]) -> dict[str, AuthFacts]:
    from hub.engine.settings import AuthFacts  # noqa: PLC0415 - not where nothing changed

    return {name: AuthFacts(**each) for name, each in known.items()}


def _connections(known: Mapping[str, Any]) -> dict[str, ConnectionFacts]:
    from hub.engine.settings import ConnectionFacts  # noqa: PLC0415 - not where nothing changed

    return {name: ConnectionFacts(**each) for name, each in known.items()}


def _dialects(known: Mapping[str, Any]) -> dict[str, DialectFacts]:
    from hub.engine.settings import DialectFacts  # noqa: PLC0415 - not where nothing changed

    return {
        name: DialectFacts(**{**each, "payload_names": tuple(each["payload_names"])})
        for name, each in known.items()
    }


# ------------------------------------------------------------------------------------- remembering


def _maker() -> str:
    """Who remembers: this code, this Python, these packages."""
    own = Path(__file__).resolve().parents[1]
    parts: list[object] = [_FORM, platform.python_version(), str(own), *sorted(_stamps_of(own))]
    for place in sys.path:
        with suppress(OSError):
            found = [each for each in os.scandir(place or ".") if each.name.endswith("-info")]
            parts += sorted((place, each.name, each.stat().st_mtime_ns) for each in found)
    return sha256(repr(parts).encode()).hexdigest()


def _has_plug_ins() -> bool:
    from hub import plug_ins  # noqa: PLC0415 - packages that change tell `_maker`

    return plug_ins.are_installed()


def _stamps_of(folder: Path) -> Iterable[tuple[str, int, int]]:
    """Path, time and size of our own modules."""
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            yield from _stamps_of(Path(entry.path))
        elif entry.name.endswith(".py"):
            found = entry.stat()
            yield entry.path, found.st_mtime_ns, found.st_size


def _remembered(file: Path, maker: str) -> dict[str, Any] | None:
    """None for what is not there, damaged or somebody else's."""
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and found.get("maker") == maker else None


def _remember(state_dir: Path, known: Mapping[str, Any]) -> None:
    """Write it down, for this account alone; where that is not possible, not."""
    draft = state_dir / f"{FILE}.{os.getpid()}"
    with suppress(OSError):
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogatepass") as file:
            file.write(json.dumps(known, separators=(",", ":")))
        draft.replace(state_dir / FILE)


def _declared(action: Action) -> dict[str, Any]:
    return {**action.declaration(), "destination_inputs": dict(action.destination_inputs)}


def _action(name: str, declared: Mapping[str, Any]) -> Action:
    """What the checker knows of an action, without its code."""
    from hub.action import Action  # noqa: PLC0415 - not where nothing changed

    return Action(
        name=name,
        summary=declared["summary"],
        function=_is_not_here if declared["implemented"] else None,
        effect=declared["effect"],
        input_schema=declared["input"],
        output_schema=declared["output"],
        errors=tuple(declared["errors"]),
        example=declared["example"],
        services=(),
        inputs=(),
        outward=declared["outward"],
        timeout=timedelta(seconds=declared["timeout_seconds"]),
        secret_inputs=tuple(declared["secret_inputs"]),
        literal_inputs=tuple(declared["literal_inputs"]),
        template_inputs=tuple(declared["template_inputs"]),
        file_or_text_inputs=tuple(declared["file_or_text_inputs"]),
        destination_inputs=declared["destination_inputs"],
    )


def _is_not_here() -> None:
    raise NotImplementedError("an action that was only declared cannot be done")
