"""What a workflow is, once its file is compiled: frozen dataclasses and nothing else.

Every step has a `slug`, its part of the path under which results are kept: the id where it has
one, else the kind and the place in its block (`3-if`). Values and conditions are compiled
expressions that remember their offsets; `position` leads back to the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from hub.engine.expressions import CompiledValue, Expression

HttpMethod = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


@dataclass(frozen=True)
class Position:
    """A place in a file; line and column start at 1."""

    file: str
    line: int
    column: int


@dataclass(frozen=True)
class Retry:
    """Tries after the first (chapter 8).

    Pause n = min(maximum, first · factor^(n-1)) times a chance of 0.5 … 1.5.
    """

    attempts: int = 5
    first: timedelta = timedelta(seconds=2)
    factor: float = 2
    maximum: timedelta = timedelta(minutes=5)
    jitter: bool = True
    only_if: Expression | None = None


@dataclass(frozen=True, kw_only=True)
class Step:
    """What all steps have."""

    slug: str
    position: Position
    id: str | None = None
    name: str | None = None
    condition: Expression | None = None


Block = tuple[Step, ...]
OnError = Block | Literal["fail", "continue"]


@dataclass(frozen=True, kw_only=True)
class Do(Step):
    """`do:` one action."""

    action: str
    inputs: CompiledValue
    connection: str | None = None
    retry: Retry = field(default_factory=Retry)
    timeout: CompiledValue | None = None
    delivery: Literal["at_least_once", "at_most_once"] | None = None
    idempotency_key: CompiledValue | None = None
    once_per: CompiledValue | None = None
    on_error: OnError = "fail"
    compensate: Block = ()


@dataclass(frozen=True, kw_only=True)
class Call(Step):
    """`call:` another workflow, inside the same run; with `detach` as a run of its own."""

    workflow: str
    inputs: CompiledValue
    is_detached: bool = False
    retry: Retry = field(default_factory=lambda: Retry(attempts=0))
    timeout: CompiledValue | None = None
    on_error: OnError = "fail"
    compensate: Block = ()


@dataclass(frozen=True, kw_only=True)
class Wait(Step):
    """`wait:` for a time, for events, for what is asked again and again (chapter 10).

    Exactly one of `duration`, `until` and `events` or `poll`, of which both may stand together.
    """

    duration: CompiledValue | None = None
    until: CompiledValue | None = None
    events: tuple[str, ...] = ()
    key: CompiledValue | None = None
    only_if: Expression | None = None
    poll: Poll | None = None
    timeout: CompiledValue | None = None
    on_timeout: OnError = "fail"
    on_error: OnError = "fail"


@dataclass(frozen=True)
class Poll:
    """`poll:` and `or_poll:`: do a reading action every so often until `done_if` (`result`)."""

    ask: Do
    every: timedelta
    done_if: Expression
    data: CompiledValue | None = None


@dataclass(frozen=True, kw_only=True)
class Emit(Step):
    """`emit:` an event for those who wait for its name and key."""

    event: str
    key: CompiledValue | None = None
    data: CompiledValue


@dataclass(frozen=True, kw_only=True)
class Parallel(Step):
    """`parallel:` branches side by side, until all are done or the first one is."""

    branches: tuple[tuple[str, Block], ...]
    wait_for: Literal["all", "first"] = "all"
    timeout: CompiledValue | None = None
    on_error: OnError = "fail"


@dataclass(frozen=True, kw_only=True)
class Group(Step):
    """`steps:` several steps with one time limit, one handler, one undoing."""

    body: Block
    timeout: CompiledValue | None = None
    on_error: OnError = "fail"
    compensate: Block = ()


@dataclass(frozen=True, kw_only=True)
class Continue(Step):
    """`continue:` the value becomes the result of the step that failed, and the run goes on."""

    value: CompiledValue


@dataclass(frozen=True, kw_only=True)
class If(Step):
    """`if:` + `then:` with `elif` and `else`: the first true branch."""

    branches: tuple[tuple[Expression, Block], ...]
    otherwise: Block = ()


@dataclass(frozen=True, kw_only=True)
class Switch(Step):
    """`switch:`: the case that names the subject's text."""

    subject: Expression
    cases: tuple[tuple[tuple[str, ...], Block], ...]
    otherwise: Block | None = None


@dataclass(frozen=True, kw_only=True)
class ForEach(Step):
    """`for_each: name in list`, at most `max_parallel` items at once."""

    item_name: str
    items: Expression
    body: Block
    max_parallel: int = 1
    on_item_error: Literal["fail", "continue"] = "fail"
    collect: CompiledValue | None = None
    timeout: CompiledValue | None = None
    on_error: OnError = "fail"


@dataclass(frozen=True, kw_only=True)
class Vars(Step):
    """`vars:`: named values, in order; later ones see earlier ones."""

    values: tuple[tuple[str, CompiledValue], ...]


@dataclass(frozen=True, kw_only=True)
class Reply(Step):
    """`reply:` answers the waiting request once; the run goes on."""

    value: CompiledValue
    status: CompiledValue | None = None
    headers: CompiledValue | None = None


@dataclass(frozen=True, kw_only=True)
class Return(Step):
    """`return:` ends the run (or the called workflow) and answers if nothing did."""

    value: CompiledValue
    status: CompiledValue | None = None
    headers: CompiledValue | None = None


@dataclass(frozen=True, kw_only=True)
class Fail(Step):
    """`fail:` ends the run as failed."""

    code: str
    message: CompiledValue | None = None
    status: CompiledValue | None = None


@dataclass(frozen=True, kw_only=True)
class Log(Step):
    """`log:` one line in the log and in the timeline."""

    text: CompiledValue
    level: Literal["debug", "info", "warning", "error"] = "info"


# ------------------------------------------------------------------------------ how a run starts


@dataclass(frozen=True)
class Accepted:
    """`respond: accepted`: 202 with the run's id."""


@dataclass(frozen=True)
class AtOnce:
    """`respond: at_once`: this body as soon as the run is stored."""

    body: CompiledValue
    status: int = 202


@dataclass(frozen=True)
class Within:
    """`respond: within`: wait for a reply, at most that long."""

    deadline: timedelta
    otherwise: CompiledValue | None
    failed: CompiledValue | None = None
    status: int = 202


Respond = Accepted | AtOnce | Within


DEFAULT_WINDOW = timedelta(days=7)  # longer than any sender retries (I9)


@dataclass(frozen=True)
class Dedupe:
    """One run per key inside the window (I6 to I9)."""

    key: CompiledValue
    window: timedelta = DEFAULT_WINDOW
    on_duplicate: Literal["replay", "accept", "reject"] = "replay"


CountedPer = Literal["endpoint", "ip", "caller"]


@dataclass(frozen=True)
class RateLimit:
    """At most `count` requests in any `window`: of all callers, of one address, of one caller."""

    count: int
    window: timedelta
    per: CountedPer = "endpoint"


@dataclass(frozen=True)
class Origins:
    """The pages that may read the answers of an endpoint: their origins, and lists of `config`."""

    written: tuple[str, ...] = ()
    from_config: tuple[str, ...] = ()


@dataclass(frozen=True)
class ValueField:
    """One declared value: an input, or a part of the path or query."""

    name: str
    schema: Mapping[str, Any]
    is_optional: bool = False
    default: Any = None


@dataclass(frozen=True)
class Endpoint:
    """URL + verification + dialect + schema of a workflow (chapter 5)."""

    path: str
    auth: str
    method: HttpMethod = "POST"
    dialect: str = "json"
    tool: str | None = None
    payload_path: str | None = None
    payload_schema: Mapping[str, Any] | None = None
    params: tuple[ValueField, ...] = ()
    query: tuple[ValueField, ...] = ()
    headers: tuple[str, ...] = ()
    rate_limit: RateLimit | None = None
    cors: Origins | None = None
    max_body: int = 262_144
    timezone: str | None = None
    dedupe: Dedupe | None = None
    respond: Respond = field(default_factory=Accepted)


@dataclass(frozen=True)
class Schedule:
    """When a workflow starts by itself (chapter 6): `every`, aligned to the clock, or `cron`."""

    every: timedelta | None = None
    cron: str | None = None
    timezone: str | None = None
    overlap: Literal["skip", "queue", "allow"] = "skip"
    missed: Literal["run_once", "skip", "run_all"] = "run_once"


@dataclass(frozen=True)
class OnEvent:
    """`event:` a run for each event of these names (chapter 6)."""

    names: tuple[str, ...]
    only_if: Expression | None = None


@dataclass(frozen=True)
class Inputs:
    """What a workflow takes that others `call`."""

    fields: tuple[ValueField, ...] = ()


Trigger = Endpoint | Schedule | OnEvent | Inputs


@dataclass(frozen=True)
class Concurrency:
    """At most `limit` runs per key at once (E16)."""

    key: CompiledValue | None = None
    limit: int = 1
    when_full: Literal["queue", "reject", "cancel_running"] = "queue"


@dataclass(frozen=True)
class CancelOn:
    """`cancel_on`: the run is cancelled when one of these events arrives with this key."""

    events: tuple[str, ...]
    key: CompiledValue | None = None
    only_if: Expression | None = None


@dataclass(frozen=True)
class Workflow:
    """One compiled file. `version` is the digest of everything it runs with (E15).

    `event_schemas`: the schemas of the data of all events that the file names.
    `fixed_vars`: the variables in which there is never any data.
    """

    name: str
    version: str
    title: str
    trigger: Trigger
    steps: Block
    description: str = ""
    tags: tuple[str, ...] = ()
    is_enabled: bool = True
    timezone: str = "UTC"
    mode: CompiledValue | None = None
    concurrency: Concurrency | None = None
    timeout: timedelta = timedelta(days=30)
    vars: tuple[tuple[str, CompiledValue], ...] = ()
    cancel_on: tuple[CancelOn, ...] = ()
    on_error: Block = ()
    on_cancel: Block = ()
    event_schemas: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    called: Mapping[str, Workflow] = field(default_factory=dict)
    fixed_vars: frozenset[str] = frozenset()
