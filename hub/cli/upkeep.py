"""`hub key` and `hub db`: what is done once, at the set-up and at an upgrade."""

from __future__ import annotations

import click

from hub.bootstrap.secrets import new_key
from hub.cli.backups import backup, restore
from hub.cli.console import say, say_json
from hub.cli.entrance import example, pass_environment
from hub.cli.environment import Environment
from hub.errors import Misconfigured
from hub.storage import db, migrate


@example("export HUB_ENCRYPTION_KEY=$(hub key)")
@click.command()
def key() -> None:
    """Print a new value for HUB_ENCRYPTION_KEY.

    It seals what may not lie in the database in clear. Whoever loses it loses those texts.
    """
    say(new_key())


@click.group("db")
def db_commands() -> None:
    """The tables of the hub."""


db_commands.add_command(backup)
db_commands.add_command(restore)


@example("hub db upgrade")
@db_commands.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@pass_environment
def upgrade(environment: Environment, *, as_json: bool) -> None:
    """Bring the tables to this version; does nothing when they are.

    Safe while the version before is running, and from several machines at once.
    """
    environment.use_logs("warning")
    url = environment.settings.database_url
    if not url:
        raise Misconfigured("Set HUB_DATABASE_URL: there is no database to upgrade")
    engine = db.open_engine(url, pool_size=1, application="hub-upgrade")
    try:
        before = db.revision(engine)
        migrate.upgrade(url, actor=environment.actor)
        after = db.revision(engine)
    finally:
        engine.dispose()
    if as_json:
        say_json({"before": before, "after": after})
    elif before == after:
        say(f"the tables are at {after} already")
    else:
        say(f"the tables are at {after} now (before: {before or 'none'})")
