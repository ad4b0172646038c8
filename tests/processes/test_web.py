"""What `hub web` opens to the world, and what it does not."""

from __future__ import annotations

import subprocess
import sys

from tests.processes.house import House


def test_S21_nobody_commands_the_server_but_by_signals(house: House):
    house.start_web()

    assert list(house.project.rglob("*.ctl")) == []  # gunicorn would open a control socket


def test_S20_no_variable_of_the_server_turns_on_a_reloader_or_a_trace(house: House):
    question = (
        "from hub.web.server import HubServer;"
        "from hub.config import Settings;"
        "found = HubServer(Settings.from_environment()).cfg;"
        "print(found.reload, found.spew, found.loglevel, found.bind)"
    )
    asked = {"GUNICORN_CMD_ARGS": "--reload --spew --log-level debug --bind 0.0.0.0:1"}

    said = subprocess.run(
        [sys.executable, "-c", question],
        env={**house.environment, **asked, "FLASK_DEBUG": "1", "HUB_HOST": "127.0.0.1"},
        check=True,
        capture_output=True,
        text=True,
    )

    assert said.stdout.startswith("False False info ['127.0.0.1:")
