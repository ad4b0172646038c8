"""`Hub`: everything one process works with, opened once after the fork."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import Engine

from hub.action import Action, Clock
from hub.bootstrap.actions import all_actions
from hub.bootstrap.clock import SystemClock, new_id
from hub.bootstrap.in_force import InForce, Makings, in_force
from hub.bootstrap.lookout import Lookout, Sight
from hub.bootstrap.preflight import (
    SIDE_BY_SIDE,
    Role,
    check_database,
    open_console_database,
    open_database,
)
from hub.bootstrap.project import DIALECT_FACTS, config_values, warn_of_simulated_calls
from hub.bootstrap.secrets import Seal, Secrets
from hub.bootstrap.services import Services
from hub.bootstrap.telling import tell
from hub.config import Settings
from hub.engine.executor import Executor, Workshop
from hub.engine.performing import Tools
from hub.engine.project import Project, bundle
from hub.engine.settings import PROJECT_FILE, ProjectSettings
from hub.engine.start import Start
from hub.engine.versions import compile_bundle, digest
from hub.engine.workflow import Workflow
from hub.errors import InvalidWorkflow, Misconfigured
from hub.ingest.receive import Reception
from hub.queue import Doorbell, Ringer
from hub.rates import RateCounter
from hub.storage import deliveries, versions
from hub.storage.answers import AnswerBoard
from hub.storage.told import ToldAnswers
from hub.storage.versions import StoredVersion

log = logging.getLogger(__name__)

_MOST_STORED = 500  # versions of the past that are kept compiled


@dataclass
class Hub:
    """The open hub of one process. `current` is what is in force now; it is replaced as a whole.

    What a role does not use is not opened: properties open on first use.
    """

    settings: Settings
    database: Engine
    clock: Clock
    runs_clock: Clock | None
    seal: Seal
    doorbell: Doorbell
    rates: RateCounter
    lookout: Lookout = field(repr=False)
    current: InForce = field(init=False, repr=False)
    _stored: dict[str, Workflow] = field(default_factory=dict, repr=False)
    _hidden: tuple[Secrets, ...] = field(default=(), repr=False)

    @property
    def project(self) -> Project:
        """The workflows that are in force, and the files that have errors."""
        return self.current.project

    @property
    def config(self) -> Mapping[str, Any]:
        """The values of `config`."""
        return self.current.config

    @property
    def secrets(self) -> Secrets:
        """The secrets that `hub.yaml` names."""
        return self.current.secrets

    @property
    def actions(self) -> Mapping[str, Action]:
        """Every action by name."""
        return all_actions()

    @property
    def scheduled(self) -> Mapping[str, Workflow]:
        """The enabled workflows that start by themselves."""
        return self.current.scheduled

    def started_by(self, event: str) -> Sequence[Workflow]:
        """The workflows that an event of this name starts, if they are enabled and served."""
        return self.current.by_event.get(event, ())

    def _served(self, name: str) -> Workflow | None:
        return self.project.served.get(name)

    @property
    def broken(self) -> tuple[str, ...]:
        """The workflows that cannot start now: broken files, and actions nobody implemented."""
        return (*self.project.broken, *self.project.unserved)

    @property
    def reception(self) -> Reception:
        """Takes requests in, as the files say now."""
        return self.current.reception

    @property
    def services(self) -> Services:
        """What actions ask for by type."""
        return self.current.services

    @property
    def executor(self) -> Executor:
        """Works on a run by what is in force when its work begins."""
        return self.current.executor

    def new_id(self) -> UUID:
        """An id for a row; ids sort by time."""
        return new_id()

    def hide(self, value: Any) -> Any:
        """The same value without any secret that was named since this process began."""
        for secrets in self._hidden:
            value = secrets.hide(value)
        return value

    def start(self, workflow: Workflow, trigger: Mapping[str, Any]) -> Start:
        """What is known of a run before it is stored."""
        return self.current.start(workflow, trigger)

    def program(self, version: str) -> Workflow:
        """The workflow of a version, also when its file is changed or gone (E15).

        Raises `Misconfigured` when the database does not know the version.
        """
        current = self.current
        found = current.by_version.get(version) or self._stored.get(version)
        if found is None:
            stored = versions.find(self.database, version)
            if stored is None:
                raise Misconfigured(f"the workflow version {version} is not in the database")
            found = _compiled(stored, current.settings)
            if len(self._stored) >= _MOST_STORED:
                self._stored.clear()
            self._stored[version] = found
        return found

    # ------------------------------------------------------------------------- files that change

    def look(self) -> Sight | None:
        """Whether the files say something new. Asks neither database nor clock, writes no log.

        For one thread at a time. Raises `OSError` for files that cannot be read.
        """
        return self.lookout.look(self.current.project_file)

    def follow(self, sight: Sight) -> None:
        """Put in force what was seen, once its versions are stored, and say so in the log.

        Raises `SQLAlchemyError` when the database cannot be asked: then nothing has changed.
        """
        before = self.current
        after = before.replaced_by(sight, self._last_versions)
        self._keep_versions(sight, known=before.by_version)
        self._put_in_force(after)
        tell(before, after)

    def begin(self, sight: Sight, *, serves: bool) -> None:
        """The same at the start, when nothing is in force yet.

        A command does not serve: its files may be others, and are no "last good" ones for anybody.
        """
        after = in_force(sight, self._last_versions, self._makings())
        if serves:
            self._keep_versions(sight, known=())
        self._put_in_force(after)
        tell(None, after)
        warn_of_simulated_calls(after.settings, self.settings.environment)

    def keep(self, workflow: Workflow) -> None:
        """Store the version of a workflow, for a run that a command starts (E15)."""
        files = bundle(self.project, workflow.name).files
        versions.store(self.database, version=workflow.version, workflow=workflow.name, files=files)

    def _put_in_force(self, after: InForce) -> None:
        if all(each is not after.secrets for each in self._hidden):
            self._hidden = (*self._hidden, after.secrets)
            self._stored = {}  # compiled under other settings
        self.current = after

    def _keep_versions(self, sight: Sight, *, known: Collection[str]) -> None:
        """Store what each workflow runs with, before a run can name it (E15).

        The `hub.yaml` is kept too, for a process that starts when it is broken.
        """
        project = sight.loaded.project
        wanted = {
            workflow.version: name
            for name, workflow in project.workflows.items()
            if workflow.version not in known
        }
        found = {
            version: StoredVersion(name, bundle(project, name).files)
            for version, name in versions.not_the_last(self.database, wanted).items()
        }
        if sight.refused is None:
            files = {PROJECT_FILE: sight.project_file}
            found[digest(files)] = StoredVersion(PROJECT_FILE, files)
        versions.store_all(self.database, found)

    def _last_versions(
        self, names: Collection[str], settings: ProjectSettings
    ) -> dict[str, Workflow]:
        """The last stored version of each of these workflows that can still be read."""
        found = {}
        for name, stored in versions.last_of(self.database, names).items():
            try:
                found[name] = _compiled(stored, settings)
            except InvalidWorkflow as problem:
                log.warning("the last version of %s cannot be read any more: %s", name, problem)
        return found

    def _makings(self) -> Makings:
        return Makings(
            clock=self.clock,
            runs_clock=self.runs_clock,
            environment=self.settings.environment,
            public_url=self.settings.public_url,
            record=lambda delivery, runs: deliveries.record(self.database, delivery, runs),
            admit=self.rates.admit,
            seal=self.seal,
            hide=self.hide,
            workshop=self._workshop,
        )

    # ----------------------------------------------------------------------------- on first use

    @cached_property
    def answers(self) -> AnswerBoard:
        """Where requests wait for their run's answer; `start` it after the fork."""
        return AnswerBoard(_libpq_url(self.settings.database_url))

    @cached_property
    def console_database(self) -> Engine:
        """The connections of the console."""
        return open_console_database(self.settings)

    @cached_property
    def told(self) -> ToldAnswers:
        """Stores what callers were told unasked."""
        return ToldAnswers(self.database)

    @cached_property
    def ringer(self) -> Ringer:
        """Rings the doorbell behind the back of a request."""
        return Ringer(self.doorbell.ring)

    @cached_property
    def _side_by_side(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="side")

    def _workshop(self, tools: Tools, config: Mapping[str, Any]) -> Workshop:
        return Workshop(
            engine=self.database,
            tools=tools,
            program=self.program,
            config=config,
            new_id=self.new_id,
            start=self.start,
            started_by=self.started_by,
            in_force=self._served,
            ring=self.ringer.ring,
            side_by_side=self._side_by_side,
        )

    def close(self) -> None:
        """Let go of connections."""
        if "current" in vars(self):
            self.current.close()
        if "told" in vars(self):
            self.told.stop()
        if "console_database" in vars(self):
            self.console_database.dispose()
        self.doorbell.close()
        self.rates.close()
        self.database.dispose()


def open_hub(
    settings: Settings,
    *,
    role: Role,
    clock: Clock | None = None,
    runs_clock: Clock | None = None,
    lookout: Lookout | None = None,
) -> Hub:
    """Read the project and open the services of one process; clocks are those of tests.

    `lookout` may have read the project before: then only what changed since is read.

    Raises `Misconfigured` with what to set: no database, old tables, unsafe durability (I2), a
    wrong key, a `config` value of a wrong type.
    """
    lookout = lookout or Lookout(settings.project, settings.environment)
    sight = lookout.first()
    database = open_database(settings, role)
    try:
        check_database(database, allow_unsafe=settings.allows_unsafe_durability)
        hub = Hub(
            settings=settings,
            database=database,
            clock=clock or SystemClock(),
            runs_clock=runs_clock,
            seal=Seal(settings.encryption_key),
            doorbell=Doorbell(settings.redis_url),
            rates=RateCounter(settings.redis_url),
            lookout=lookout,
        )
        if sight.refused is not None:
            sight = _under_last_good(sight, lookout, database, settings.environment)
        hub.begin(sight, serves=role != "command")
    except BaseException:
        database.dispose()
        raise
    return hub


def _under_last_good(
    sight: Sight, lookout: Lookout, database: Engine, environment: Mapping[str, str]
) -> Sight:
    """The files under the last `hub.yaml` that was in force, as in processes that run already.

    Raises `Misconfigured` for a `config` value of a wrong type, when there is no such file.
    """
    stored = versions.last_of(database, [PROJECT_FILE]).get(PROJECT_FILE)
    if stored is not None and stored.files[PROJECT_FILE] != sight.project_file:
        return lookout.again(stored.files[PROJECT_FILE])
    config_values(sight.loaded.project.settings, environment)
    return replace(sight, refused=f"{sight.refused}; what can be read of it is in force")


def _compiled(stored: StoredVersion, settings: ProjectSettings) -> Workflow:
    """Raises `InvalidWorkflow` when this hub cannot read that version."""
    return compile_bundle(
        stored.files, stored.workflow, settings, all_actions(), dialects=DIALECT_FACTS
    )


def _libpq_url(url: str) -> str:
    """The address as psycopg itself reads it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)
