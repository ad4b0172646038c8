"""The command line: `hub check`, `hub run`, `hub dev` … One module for each group of commands.

environment.py   where the settings, the database and the secrets of a command come from
console.py       how commands write
entrance.py      the group itself: errors become one clear line and an exit code
"""

from __future__ import annotations

from pathlib import Path

import click

from hub.cli import (
    asking,
    checking,
    demo,
    describing,
    doctor,
    pool,
    retrying,
    runs,
    schemas,
    serving,
    starting,
    testing,
    upkeep,
)
from hub.cli.entrance import Entrance
from hub.cli.environment import Environment


@click.group(
    cls=Entrance,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--project",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The folder with hub.yaml and workflows/ (else HUB_PROJECT, else this folder).",
)
@click.version_option(package_name="webhook-hub", prog_name="hub")
@click.pass_context
def main(context: click.Context, project: Path | None) -> None:
    """Webhook Hub: signed requests in, durable YAML workflows, effects out.

    Start everything on this machine with `hub dev`, or see it work with `hub demo`.
    """
    context.obj = Environment(project)


for _command in (
    serving.dev,
    serving.web,
    serving.worker,
    demo.demo,
    checking.check,
    testing.test,
    starting.run,
    runs.runs,
    retrying.retry,
    retrying.cancel,
    asking.holds,
    doctor.doctor,
    describing.tool,
    describing.openapi,
    describing.actions,
    schemas.schema,
    upkeep.key,
    upkeep.db_commands,
    pool.leads,
    pool.phones,
):
    main.add_command(_command)
