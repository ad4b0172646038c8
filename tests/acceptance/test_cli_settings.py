"""Settings that are wrong: `hub doctor` names them, and no process starts with them."""

from __future__ import annotations

import socket

import pytest

from hub.cli import ports
from tests.acceptance.terminal import Terminal


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    ("variable", "value", "check"),
    [
        ("HUB_MODE", "banana", "config"),
        ("HUB_ENCRYPTION_KEY", "foo", "secrets"),
        ("HUB_DATABASE_URL", "foo", "database"),
    ],
)
def test_a_value_that_the_servers_would_refuse_is_broken(
    terminal: Terminal, variable: str, value: str, check: str
):
    typed = Terminal(terminal.project, {**terminal.variables, variable: value}).type(
        "doctor", "--json"
    )

    line = typed.checks[check]
    assert typed.code == 1
    assert line["status"] == "broken"
    assert variable in line["message"]


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    "address",
    [
        "redis://:hunter2/word@127.0.0.1:6379/0",
        "redis://:hunter2#word@127.0.0.1:6379/0",
        "redis://:word[hunter2@127.0.0.1:6379/0",
        "redis://:hunter2\u2100@127.0.0.1:6379/0",
        "redis://127.0.0.1:6379/0?socket_timeout=hunter2",
    ],
)
def test_S6_an_address_with_a_badly_written_password_is_told_without_it(
    terminal: Terminal, address: str
):
    bad = Terminal(terminal.project, {**terminal.variables, "HUB_REDIS_URL": address})

    line = bad.type("doctor", "--json").checks["redis"]
    assert line["status"] == "broken"
    assert "HUB_REDIS_URL is no address" in line["message"]
    for words in (["doctor"], ["doctor", "--json"], ["web"], ["worker"]):
        typed = bad.type(*words)
        assert typed.code == 1
        assert "HUB_REDIS_URL" in typed.out + typed.err
        assert "hunter2" not in typed.out + typed.err
        assert "Traceback" not in typed.err


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HUB_MODE", "banana"),
        ("HUB_ENCRYPTION_KEY", "foo"),
        ("HUB_DATABASE_URL", "foo"),
        ("HUB_PORT", "many"),
    ],
)
@pytest.mark.parametrize("command", ["dev", "web", "worker"])
def test_no_process_starts_with_a_wrong_setting(
    terminal: Terminal, variable: str, value: str, command: str
):
    typed = Terminal(terminal.project, {**terminal.variables, variable: value}).type(command)

    assert (typed.code, typed.err.count("\n")) == (1, 1)
    assert typed.err.startswith("hub: ")
    assert variable in typed.err
    assert "listening" not in typed.out


def test_a_web_whose_port_is_in_use_says_so_at_once_and_gives_up_after_a_while(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ports, "PORT_WITHIN", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        typed = Terminal(terminal.project, {**terminal.variables, "HUB_PORT": port}).type("web")

    assert typed.code == 1
    assert typed.err == (
        f"hub: 127.0.0.1:{port} is in use: waiting up to 0.5 s until it is free\n"
        f"hub: 127.0.0.1:{port} is in use: end the other program, or set HUB_PORT\n"
    )
