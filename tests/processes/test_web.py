"""What `hub web` opens to the world, and what it does not."""

from __future__ import annotations

from tests.processes.house import House


def test_S21_nobody_commands_the_server_but_by_signals(house: House):
    house.start_web()

    assert list(house.project.rglob("*.ctl")) == []  # gunicorn would open a control socket
