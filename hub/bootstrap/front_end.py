"""Values of `config` that a front end was built with, beside those of the hub (C-23).

A build of Next.js takes `NEXT_PUBLIC_<NAME>` from its environment. Where that lies in the hub's
environment too, what the front end shows and what the hub does can be compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hub.bootstrap.project import config_values
from hub.engine.settings import ProjectSettings
from hub.errors import Misconfigured

PREFIX = "NEXT_PUBLIC_"


def disagreements(settings: ProjectSettings, environment: Mapping[str, str]) -> tuple[str, ...]:
    """One sentence for each name with two meanings; raises `Misconfigured` for our own values.

    Both are read as the hub reads its own, so that another way of writing is no difference. Values
    are not shown: some are people's numbers.
    """
    return tuple(_different(settings, environment))


def _different(settings: ProjectSettings, environment: Mapping[str, str]) -> Iterator[str]:
    ours = config_values(settings, environment)
    for name, declared in settings.config.items():
        public = f"{PREFIX}{declared.env}"
        if public not in environment:
            continue
        theirs = _read(settings, name, {**environment, declared.env: environment[public]})
        if theirs != ours.get(name):
            yield f"{public} is not what the hub has for {declared.env}: set both alike"


def _read(settings: ProjectSettings, name: str, environment: Mapping[str, str]) -> Any:
    """What the value would mean to the hub; nothing equals one that it would refuse."""
    try:
        return config_values(settings, environment).get(name)
    except Misconfigured:
        return object()
