"""What an expression can see, and the two marks for values that are not there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

StepState = Literal["ok", "failed", "skipped", "timed_out"]


@dataclass(frozen=True, slots=True)
class Missing:
    """No value; `path` names the first field that is not there."""

    path: str


class Omit:
    """The type of `OMIT`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "omit"


OMIT: Final = Omit()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The names of an expression and where it gets the time and new ids from.

    `names` maps to values (JSON, datetime, timedelta, Secret); `names["steps"]` holds the results
    of the steps that have one. `step_states` answers `steps.<id> is ok`. `zone` is what `local`,
    `date` and `start_of` use without an argument. `fixed_vars`: the variables without data (S14).
    """

    names: Mapping[str, Any]
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    zone: ZoneInfo
    step_states: Mapping[str, StepState] = field(default_factory=dict)
    fixed_vars: frozenset[str] = frozenset()
