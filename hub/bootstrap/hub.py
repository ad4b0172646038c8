"""`Hub`: everything one process works with, opened once after the fork."""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property, lru_cache
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from hub.action import Action, Clock
from hub.bootstrap.actions import all_actions
from hub.bootstrap.clock import SystemClock, new_id
from hub.bootstrap.project import (
    DIALECT_FACTS,
    LoadedProject,
    config_values,
    read_project,
    say_whether_calls_are_live,
)
from hub.bootstrap.secrets import Seal, Secrets
from hub.bootstrap.services import Services, open_services
from hub.config import Settings
from hub.engine.executor import Executor, Workshop
from hub.engine.gate import TestDestinations
from hub.engine.performing import Tools
from hub.engine.project import Project, bundle
from hub.engine.readiness import told_at_the_start
from hub.engine.settings import ProjectSettings
from hub.engine.start import Start
from hub.engine.versions import compile_bundle
from hub.engine.workflow import OnEvent, Schedule, Workflow
from hub.errors import Misconfigured, PayloadProblem
from hub.ingest.receive import Reception
from hub.queue import Doorbell, Ringer
from hub.rates import RateCounter
from hub.schemas import Validator, compile_schema
from hub.storage import db, deliveries, versions
from hub.storage.answers import AnswerBoard

log = logging.getLogger(__name__)

Role = Literal["web", "worker", "command"]
_SIDE_BY_SIDE = 8
_WEB_WAITS = timedelta(seconds=1.2)  # a frozen database must be a 503 within 2 s (I11)


@dataclass(frozen=True)
class Hub:
    """The open hub. What a role does not use is not opened: properties open on first use."""

    settings: Settings
    loaded: LoadedProject
    database: Engine
    clock: Clock
    secrets: Secrets
    seal: Seal
    config: Mapping[str, Any]
    doorbell: Doorbell
    rates: RateCounter
    _programs: dict[str, Workflow] = field(default_factory=dict, repr=False)

    @property
    def project(self) -> Project:
        """The workflows that are in force."""
        return self.loaded.project

    @property
    def actions(self) -> Mapping[str, Action]:
        """Every action by name."""
        return all_actions()

    @property
    def scheduled(self) -> dict[str, Workflow]:
        """The enabled workflows that start by themselves."""
        return {
            name: workflow
            for name, workflow in self.project.served.items()
            if isinstance(workflow.trigger, Schedule) and workflow.is_enabled
        }

    def started_by(self, event: str) -> list[Workflow]:
        """The workflows that an event of this name starts, if they are enabled and served."""
        return [
            workflow
            for name, workflow in self.project.workflows.items()
            if name not in self.project.unserved
            and isinstance(workflow.trigger, OnEvent)
            and event in workflow.trigger.names
            and workflow.is_enabled
        ]

    @property
    def broken(self) -> tuple[str, ...]:
        """The workflows that cannot start now: broken files, and actions nobody implemented."""
        return (*self.project.broken, *self.project.unserved)

    def new_id(self) -> UUID:
        """An id for a row; ids sort by time."""
        return new_id()

    def start(self, workflow: Workflow, trigger: Mapping[str, Any]) -> Start:
        """What is known of a run before it is stored."""
        return Start(
            workflow=workflow,
            trigger=trigger,
            config=self.config,
            now=self.clock.now(),
            default_mode=self.project.settings.mode,
        )

    def program(self, version: str) -> Workflow:
        """The workflow of a version, also when its file is changed or gone (E15).

        Raises `Misconfigured` when the database does not know the version.
        """
        if version not in self._programs:
            stored = versions.find(self.database, version)
            if stored is None:
                raise Misconfigured(f"the workflow version {version} is not in the database")
            self._programs[version] = compile_bundle(
                stored.files,
                stored.workflow,
                self.project.settings,
                self.actions,
                dialects=DIALECT_FACTS,
            )
        return self._programs[version]

    @cached_property
    def answers(self) -> AnswerBoard:
        """Where requests wait for their run's answer; `start` it after the fork."""
        return AnswerBoard(_libpq_url(self.settings.database_url))

    @cached_property
    def reception(self) -> Reception:
        """Takes requests in."""
        return Reception(
            workflows=self.project.workflows,
            settings=self.project.settings,
            secrets=self.secrets.live,
            record=lambda delivery, runs: deliveries.record(self.database, delivery, runs),
            admit=self.rates.admit,
            seal=self.seal.close,
            start=self.start,
            now=self.clock.now,
            new_id=self.new_id,
            unserved=self.project.unserved,
        )

    @cached_property
    def ringer(self) -> Ringer:
        """Rings the doorbell behind the back of a request."""
        return Ringer(self.doorbell.ring)

    @cached_property
    def services(self) -> Services:
        """What actions ask for by type."""
        return open_services(self.project.settings, self.secrets)

    @cached_property
    def executor(self) -> Executor:
        """Works on runs."""
        settings = self.project.settings
        tools = Tools(
            actions=self.actions,
            services=self.services.of,
            clock=self.clock,
            destinations=TestDestinations(**settings.test_destinations_with(self.config)),
            problems=_input_problems,
            secret=self.secrets.reveal,
            hide=self.secrets.hide,
            chance=lambda: random.uniform(0.5, 1.5),  # noqa: S311 - jitter, not a secret
        )
        return Executor(
            Workshop(
                engine=self.database,
                tools=tools,
                program=self.program,
                config=self.config,
                new_id=self.new_id,
                start=self.start,
                started_by=self.started_by,
                ring=self.ringer.ring,
                side_by_side=ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="side"),
            )
        )

    def close(self) -> None:
        """Let go of connections."""
        if "services" in vars(self):  # they were used
            self.services.close()
        self.doorbell.close()
        self.rates.close()
        self.database.dispose()


def open_hub(settings: Settings, *, role: Role, clock: Clock | None = None) -> Hub:
    """Read the project and open the services of one process.

    Raises `Misconfigured` with what to set: no database, old tables, unsafe durability (I2), a
    wrong key, a `config` value of a wrong type.
    """
    loaded = read_project(settings.project)
    for finding in loaded.project.findings:
        log.log(logging.ERROR if finding.is_error else logging.WARNING, "%s", finding)
    if loaded.project.unserved:
        log.warning("%s", told_at_the_start(loaded.project.unserved))
    say_whether_calls_are_live(loaded.project.settings, settings.environment)
    database = _open_database(settings, role)
    try:
        _check_database(database, allow_unsafe=settings.allows_unsafe_durability)
        secrets = Secrets(loaded.project.settings.secrets, settings.environment)
        for name in secrets.missing():
            log.warning("the secret %s has no value; what needs it is refused", name)
        hub = Hub(
            settings=settings,
            loaded=loaded,
            database=database,
            clock=clock or SystemClock(),
            secrets=secrets,
            seal=Seal(settings.encryption_key),
            config=config_values(loaded.project.settings, settings.environment),
            doorbell=_doorbell(settings.redis_url),
            rates=RateCounter(settings.redis_url),
        )
        keep_versions(hub)
    except BaseException:
        database.dispose()
        raise
    return hub


def check_values(settings: Settings, project: ProjectSettings) -> None:
    """Raise `Misconfigured` for what `open_hub` would refuse without having asked a server.

    A server that is not named is no fault here.
    """
    Seal(settings.encryption_key)
    config_values(project, settings.environment)
    if settings.database_url:
        db.address(settings.database_url)
    if settings.redis_url:
        _doorbell(settings.redis_url).close()


def check_server(settings: Settings) -> None:
    """Raise `Misconfigured` for a database that `open_hub` would refuse.

    One that cannot be reached now is no fault: web and worker wait for it.
    """
    database = _open_database(settings, "command")
    try:
        _check_database(database, allow_unsafe=settings.allows_unsafe_durability)
    except SQLAlchemyError as problem:
        log.info("the database cannot be reached yet: %s", type(problem).__name__)
    finally:
        database.dispose()


def _open_database(settings: Settings, role: Role) -> Engine:
    if not settings.database_url:
        raise Misconfigured("Set HUB_DATABASE_URL, or use `hub dev`, which starts its own servers")
    return db.open_engine(
        settings.database_url,
        pool_size=_pool_size(settings, role),
        application=f"hub-{role}",
        answer_within=_WEB_WAITS if role == "web" else db.ANSWER_WITHIN,
    )


def _doorbell(url: str) -> Doorbell:
    try:
        return Doorbell(url)
    except ValueError:
        raise Misconfigured(
            "Set HUB_REDIS_URL to a URL such as redis://127.0.0.1:6379/0, or use `hub dev`"
        ) from None


def _check_database(database: Engine, *, allow_unsafe: bool) -> None:
    """Raise `Misconfigured` for a database that the hub must not work with."""
    db.check_version(database)
    db.check_durability(database, allow_unsafe=allow_unsafe)
    if not db.is_current(database):
        raise Misconfigured("The tables are not those of this version: run `hub db upgrade`")


def keep_versions(hub: Hub) -> None:
    """Store what each workflow runs with, before a run can name it (E15)."""
    for name, workflow in hub.project.workflows.items():
        stored = bundle(hub.project, name)
        versions.store(hub.database, version=stored.hash, workflow=name, files=stored.files)
        hub._programs[stored.hash] = workflow  # noqa: SLF001 - filled here, at the opening


def _libpq_url(url: str) -> str:
    """The address as psycopg itself reads it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


def _pool_size(settings: Settings, role: Role) -> int:
    """A worker's threads have one connection each, and claiming, leases and rounds have theirs."""
    sizes: dict[Role, int] = {
        "web": settings.web_connections,
        "worker": settings.worker_runs + _SIDE_BY_SIDE + 3,
        "command": 2,
    }
    return sizes[role]


@lru_cache(maxsize=512)
def _validator(name: str) -> Validator:
    return compile_schema(all_actions()[name].input_schema)


def _input_problems(action: Action, inputs: Any) -> list[PayloadProblem]:
    return _validator(action.name).problems(inputs)
