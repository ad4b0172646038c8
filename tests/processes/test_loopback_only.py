"""No process of the suite reaches beyond this machine, and the guard that says so works (D10)."""

from __future__ import annotations

import pytest

from tests.processes.house import House, environment_for, reached_outside, until

TRIES = {
    "socket.connect '192.0.2.1'": "import socket; socket.create_connection(('192.0.2.1', 80), 1)",
    "socket.getaddrinfo 'api.example'": "import socket; socket.getaddrinfo('api.example', 443)",
    "socket.sendto '192.0.2.1'": "import socket as s;"
    " s.socket(s.AF_INET, s.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
    "socket.connect '192.0.2.2'": "from gevent import monkey; monkey.patch_all(); import socket;"
    " socket.create_connection(('192.0.2.2', 80), 1)",
    "socket.getaddrinfo 'slack.com'": "import httpx;"
    " httpx.get('http://slack.com', trust_env=False)",
}


@pytest.mark.parametrize("tried", TRIES)
def test_D10_whatever_leads_off_this_machine_is_refused_and_told(
    tmp_path, database: str, redis_url: str, tried: str
):
    environment = environment_for(tmp_path, database_url=database, redis_url=redis_url)
    house = House(tmp_path, None, environment, 0, None)  # type: ignore[arg-type]  # none is asked
    process = house.start("try", "-c", TRIES[tried])

    until(lambda: process.running.poll() is not None, "the end of the process")

    assert process.running.returncode != 0
    assert tried in reached_outside(house)
