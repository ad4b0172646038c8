"""What is in force from one moment to the next: never changed, only replaced as a whole.

Whoever serves a request or works on a run asks for it once and keeps to it. A file with errors
leaves its last good version here; a file that is gone leaves nothing.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

from hub.action import Action, Clock
from hub.bootstrap.actions import all_actions
from hub.bootstrap.auth_types import all_auth_types
from hub.bootstrap.clock import new_id
from hub.bootstrap.lookout import Sight
from hub.bootstrap.secrets import Seal, Secrets
from hub.bootstrap.services import Services, open_services
from hub.engine.executor import Executor, Workshop
from hub.engine.findings import Finding
from hub.engine.gate import TestDestinations
from hub.engine.performing import Tools
from hub.engine.project import Project
from hub.engine.settings import ProjectSettings
from hub.engine.start import Start
from hub.engine.workflow import OnEvent, Schedule, Workflow
from hub.errors import PayloadProblem
from hub.ingest.rate_limits import Admit
from hub.ingest.receipt import RecordRuns
from hub.ingest.receive import Reception
from hub.schemas import Validator, compile_schema
from hub.storage.new_runs import NewRun

FindLast = Callable[[list[str], ProjectSettings], Mapping[str, Workflow]]
"""The last stored version of each of these workflows; of some there is none."""


class ServicesOnUse:
    """The services of some settings, opened when they are first asked for.

    Those of settings that are not in force any more are closed with the last run that has them.
    """

    def __init__(
        self,
        settings: ProjectSettings,
        secrets: Secrets,
        config: Mapping[str, Any],
        public_url: str,
    ) -> None:
        self._settings, self._secrets = settings, secrets
        self._config, self._public_url = config, public_url

    @cached_property
    def opened(self) -> Services:
        """Raises `Misconfigured` when `outbound_allow` cannot be read."""
        return open_services(
            self._settings, self._secrets, config=self._config, public_url=self._public_url
        )

    def close(self) -> None:
        """Let go of connections, if there are any."""
        if "opened" in vars(self):
            self.opened.close()


@dataclass(frozen=True)
class Makings:
    """What a process has for good, and everything in force is made with."""

    clock: Clock
    runs_clock: Clock | None  # of tests; None: the database's (E13)
    environment: Mapping[str, str]
    public_url: str
    record: RecordRuns
    admit: Admit
    seal: Seal
    hide: Callable[[Any], Any]
    workshop: Callable[[Tools, Mapping[str, Any]], Workshop]


@dataclass(frozen=True)
class InForce:
    """The workflows that serve, under one `hub.yaml`.

    `project.workflows` are those in force and `project.broken` the names of all files with errors:
    of these `kept` are served by an earlier version, the others by none. `refused` says why the
    `hub.yaml` that lies there is not the one in force.
    """

    project: Project
    project_file: str
    config: Mapping[str, Any]
    secrets: Secrets
    findings: tuple[Finding, ...]
    kept: tuple[str, ...]
    refused: str | None
    reception: Reception = field(repr=False)
    _makings: Makings = field(repr=False)
    services_on_use: ServicesOnUse = field(repr=False)

    @property
    def settings(self) -> ProjectSettings:
        """What the `hub.yaml` in force says."""
        return self.project.settings

    @cached_property
    def by_version(self) -> Mapping[str, Workflow]:
        """The workflows in force by their version."""
        return {workflow.version: workflow for workflow in self.project.workflows.values()}

    @cached_property
    def scheduled(self) -> Mapping[str, Workflow]:
        """The enabled workflows that start by themselves."""
        return {
            name: workflow
            for name, workflow in self.project.served.items()
            if isinstance(workflow.trigger, Schedule) and workflow.is_enabled
        }

    @cached_property
    def by_event(self) -> Mapping[str, list[Workflow]]:
        """The enabled workflows that events start, by the name of the event."""
        found: dict[str, list[Workflow]] = {}
        for workflow in self.project.served.values():
            if isinstance(workflow.trigger, OnEvent) and workflow.is_enabled:
                for event in dict.fromkeys(workflow.trigger.names):
                    found.setdefault(event, []).append(workflow)
        return found

    def start(self, workflow: Workflow, trigger: Mapping[str, Any]) -> Start:
        """What is known of a run before it is stored."""
        return _start(self._makings, self.settings, self.config, workflow, trigger)

    @property
    def services(self) -> Services:
        """What actions ask for by type; opened on first use."""
        return self.services_on_use.opened

    @cached_property
    def executor(self) -> Executor:
        """Works on runs."""
        tools = Tools(
            actions=all_actions(),
            services=self.services.of,
            clock=self._makings.runs_clock,
            destinations=TestDestinations(**self.settings.test_destinations_with(self.config)),
            problems=_input_problems,
            secret=self.secrets.reveal,
            hide=self._makings.hide,
            hide_named=self.secrets.hide_named,
            chance=lambda: random.uniform(0.5, 1.5),  # noqa: S311 - jitter, not a secret
        )
        return Executor(self._makings.workshop(tools, self.config))

    def close(self) -> None:
        """Let go of what the services keep open."""
        self.services_on_use.close()

    def replaced_by(self, sight: Sight, find_last: FindLast) -> InForce:
        """What is in force when the files are as they are seen now."""
        return in_force(sight, find_last, self._makings, last=self)


def in_force(
    sight: Sight, find_last: FindLast, makings: Makings, *, last: InForce | None = None
) -> InForce:
    """What is in force by these files; a broken one has its last good version.

    That is the last stored one, so that processes agree whenever they were started and whatever
    they saw; else the one in force until now. Raises what `find_last` raises.
    """
    project, config = sight.loaded.project, sight.config
    settings = project.settings
    is_same = last is not None and last.settings == settings
    before = last.project.workflows if last is not None and is_same else {}
    good = {name: before[name] for name in project.broken if name in before}
    stored = find_last(list(project.broken), settings) if project.broken else {}
    kept = {**good, **stored}  # another process may have seen a good version that we missed
    workflows = {**kept, **project.workflows}  # a clean file wins where both have one route
    secrets = (
        last.secrets
        if last is not None and is_same
        else Secrets(settings.secrets, makings.environment)
    )
    served = replace(project, workflows=workflows)
    return InForce(
        project=served,
        project_file=sight.project_file,
        config=config,
        secrets=secrets,
        findings=sight.findings,
        kept=tuple(sorted(kept)),
        refused=sight.refused,
        reception=Reception(
            workflows=workflows,
            settings=settings,
            secrets=secrets.live,
            record=makings.record,
            admit=makings.admit,
            unserved=served.unserved,
            seal=makings.seal.close,
            write=NewRun.written,
            start=lambda workflow, trigger: _start(makings, settings, config, workflow, trigger),
            now=makings.clock.now,
            new_id=new_id,
            closed=[path for name, path in project.closed.items() if name not in kept],
            known=None if last is None else last.reception,
            auth_types=all_auth_types(),
            config=config,
        ),
        _makings=makings,
        services_on_use=last.services_on_use
        if last is not None and is_same
        else ServicesOnUse(settings, secrets, config, makings.public_url),
    )


def _start(
    makings: Makings,
    settings: ProjectSettings,
    config: Mapping[str, Any],
    workflow: Workflow,
    trigger: Mapping[str, Any],
) -> Start:
    return Start(
        workflow=workflow,
        trigger=trigger,
        config=config,
        now=makings.clock.now(),
        default_mode=settings.mode,
    )


@lru_cache(maxsize=512)
def _validator(name: str) -> Validator:
    return compile_schema(all_actions()[name].input_schema)


def _input_problems(action: Action, inputs: Any) -> list[PayloadProblem]:
    return _validator(action.name).problems(inputs)
