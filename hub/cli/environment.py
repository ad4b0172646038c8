"""What every command works with: the settings, where the database is, the open hub.

What the environment does not name is looked for in the state directory (`.hub/`), where `hub dev`
leaves it: the embedded servers, and the secrets that it made up.
"""

from __future__ import annotations

import json
import os
import platform
import pwd
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from hub import bootstrap, logs
from hub.bootstrap.checked import CheckedProject, check_project
from hub.bootstrap.plain import are_plain
from hub.config import Settings
from hub.errors import Misconfigured

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from hub.bootstrap import Hub, LoadedProject
    from hub.bootstrap.secrets import Secrets
    from hub.engine.findings import Finding
    from hub.engine.project import Project
    from hub.storage.audit import Act, Actor

SECRETS_FILE = "secrets.json"
_REDIS = ("redis://", "rediss://", "unix://")


class Environment:
    """Read on first use, so that `--help` and usage errors need nothing."""

    def __init__(self, project: Path | None) -> None:
        self._project = project

    @classmethod
    def of(cls, settings: Settings) -> Environment:
        """With these settings in place of what the environment says."""
        environment = cls(settings.project)
        environment.__dict__["stated"] = settings
        return environment

    @cached_property
    def stated(self) -> Settings:
        """What the environment says, and nothing else."""
        return Settings.from_environment(project=self._project)

    @cached_property
    def settings(self) -> Settings:
        """What the environment says, completed by what `hub dev` left in the state directory."""
        stated = self.stated
        found = {**generated_secrets(stated.state_dir), **_embedded_urls(stated)}
        return completed(stated, found)

    @cached_property
    def loaded(self) -> LoadedProject:
        """The project's files, compiled. Raises `Misconfigured` where there is no hub.yaml."""
        return bootstrap.read_project(self.stated.project)

    @cached_property
    def checked(self) -> CheckedProject:
        """What is wrong with the project's files. Raises `Misconfigured` without hub.yaml."""
        return check_project(self.stated.project, self.stated.state_dir, read_trial)

    def use_logs(self, level: str | None = None) -> None:
        """Log as JSON lines; a command that a person waits for only tells errors."""
        wanted = self.stated.environment.get("HUB_LOG_LEVEL")
        logs.configure(self.stated.log_level if wanted else level or self.stated.log_level)

    @contextmanager
    def database(self, *, may_write: bool = False) -> Iterator[Engine]:
        """The database, to look at; rows are changed by `changing`. Raises `Misconfigured`."""
        from hub.storage import db  # noqa: PLC0415 - only commands with a database load it

        self._require_database()
        engine = db.open_engine(
            self.settings.database_url,
            pool_size=2,
            application="hub-command",
            may_write=may_write,
        )
        try:
            if not db.is_usable(engine):
                raise Misconfigured("The tables are older than this version: run `hub db upgrade`")
            yield engine
        finally:
            engine.dispose()

    @contextmanager
    def changing(self, action: str) -> Iterator[Act]:
        """A transaction in which this command changes rows and notes what it did (S9)."""
        from hub.storage import audit  # noqa: PLC0415 - as above

        with (
            self.database(may_write=True) as engine,
            audit.act(engine, self.actor, action) as open_act,
        ):
            yield open_act

    @property
    def actor(self) -> Actor:
        """Who types this command, and where."""
        from hub.storage.audit import Actor  # noqa: PLC0415 - as above

        known = self.stated.environment
        account = _account()
        person = known.get("SUDO_USER")
        host, peer = platform.node(), known.get("SSH_CONNECTION", "").partition(" ")[0]
        return Actor(
            who=f"{person} as {account}" if person else account,
            origin=f"{host}, from {peer}" if peer else host,
        )

    @contextmanager
    def hub(self) -> Iterator[Hub]:
        """The open hub of a command. Raises `Misconfigured` with what to set."""
        opened = bootstrap.open_hub(self.servable(), role="command")
        logs.hide(opened.hide)
        try:
            yield opened
        finally:
            opened.close()

    def servable(self) -> Settings:
        """The settings, once both servers are named. Raises `Misconfigured`."""
        self._require_database()
        if not self.settings.redis_url.startswith(_REDIS):
            raise Misconfigured(
                "Set HUB_REDIS_URL to a URL such as redis://127.0.0.1:6379/0,"
                " or start `hub dev` in another shell"
            )
        return self.settings

    def startable(self) -> Settings:
        """The settings, once they are right in themselves. Raises `Misconfigured`.

        The database is asked by the process that starts with them, which has what that needs.
        """
        settings = self.servable()
        project = bootstrap.read_settings(settings.project)
        if are_plain(settings):
            bootstrap.config_values(project, settings.environment)
        else:
            bootstrap.check_values(settings, project)
        return settings

    def _require_database(self) -> None:
        if not self.settings.database_url:
            raise Misconfigured(
                f"There is no database: no servers of `hub dev` answer in {self.stated.state_dir}."
                " Start `hub dev` in another shell, name its folder (HUB_STATE_DIR), or set"
                " HUB_DATABASE_URL (and HUB_REDIS_URL)"
            )

    @property
    def secrets(self) -> Secrets:
        """The values of the secrets that hub.yaml names."""
        from hub.bootstrap.secrets import Secrets  # noqa: PLC0415 - as above

        return Secrets(self.loaded.project.settings.secrets, self.settings.environment)


def read_trial(path: str, project: Project) -> tuple[str, tuple[Finding, ...]]:
    from hub.testing.reading import read_trials  # noqa: PLC0415 - not where no test changed

    file = read_trials(path, project.files[path], project)
    return file.workflow, file.findings


def _account() -> str:
    """The name of the account this process runs under, or its number where it has no name."""
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def completed(settings: Settings, found: Mapping[str, str]) -> Settings:
    """The same settings with values for variables that the environment leaves empty."""
    environment = dict(settings.environment)
    for name, value in found.items():
        environment[name] = environment.get(name) or value
    return Settings.from_environment(environment, project=settings.project)


def environment_of(settings: Settings) -> dict[str, str]:
    """What a child process gets: the same settings, said in full."""
    return {
        **settings.environment,
        "HUB_PROJECT": str(settings.project),
        "HUB_STATE_DIR": str(settings.state_dir),
        "HUB_HOST": settings.host,
        "HUB_PORT": str(settings.port),
    }


def _embedded_urls(settings: Settings) -> dict[str, str]:
    if settings.database_url and settings.redis_url:
        return {}
    from hub import embedded  # noqa: PLC0415 - only commands with a database load it

    servers = embedded.find(settings.state_dir)
    if servers is None:
        return {}
    return {"HUB_DATABASE_URL": servers.database_url, "HUB_REDIS_URL": servers.redis_url}


# --------------------------------------------------------------------------------- secrets of dev


def generated_secrets(state_dir: Path) -> dict[str, str]:
    """The values that `hub dev` made up for this project; none when it never ran here."""
    path = state_dir / SECRETS_FILE
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as problem:
        raise Misconfigured(f"{path} cannot be read: remove it, or mend it") from problem
    return {str(name): str(value) for name, value in dict(found).items()}


def keep_secrets(state_dir: Path, made: Mapping[str, str]) -> Path:
    """Write them down, readable for this account alone; the file."""
    path = state_dir / SECRETS_FILE
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(json.dumps(dict(sorted(made.items())), indent=2) + "\n")
    draft.replace(path)
    return path


def without_value(names: Iterable[str], settings: Settings) -> list[str]:
    """The names that the environment gives no value."""
    return [name for name in names if not settings.environment.get(name)]
