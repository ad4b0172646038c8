"""The command line: `hub check`, `hub run`, `hub dev` … One module for each group of commands.

environment.py   where the settings, the database and the secrets of a command come from
console.py       how commands write
entrance.py      the group itself: errors become one clear line and an exit code
"""

from __future__ import annotations

from pathlib import Path

import click

from hub.cli.entrance import Commands, Entrance
from hub.cli.environment import Environment

COMMANDS = Commands(
    {
        "dev": "serving:dev",
        "web": "serving:web",
        "worker": "serving:worker",
        "browser-worker": "serving:browser_worker",
        "demo": "demo:demo",
        "init": "new:init",
        "new": "new:new",
        "check": "checking:check",
        "test": "testing:test",
        "fmt": "formatting:fmt",
        "schema": "schemas:schema",
        "run": "starting:run",
        "runs": "runs:runs",
        "retry": "retrying:retry",
        "cancel": "retrying:cancel",
        "holds": "asking:holds",
        "slots": "slots:slots",
        "report": "reporting:report",
        "doctor": "doctor:doctor",
        "explain-reply": "explaining:explain_reply",
        "connection": "connecting:connection",
        "tool": "describing:tool",
        "openapi": "describing:openapi",
        "actions": "describing:actions",
        "people": "access:people",
        "audit": "keeping:audit",
        "retention": "keeping:retention",
        "key": "upkeep:key",
        "db": "upkeep:db_commands",
        "bookings": "bookings:bookings",
        "leads": "pool:leads",
        "mails": "mails:mails",
        "phones": "pool:phones",
        "platforms": "platforms:platforms",
    }
)


@click.group(
    cls=Entrance,
    commands=COMMANDS,
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
