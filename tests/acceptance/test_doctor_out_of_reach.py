"""`hub doctor` where a database cannot be reached: what is wrong, where, and what to do."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.acceptance.story import Story
from tests.acceptance.terminal import Terminal
from tests.acceptance.test_cli_doctor import add_connection


@contextmanager
def server_that_says(answer: bytes) -> Iterator[int]:
    """The port of a PostgreSQL that gives this answer to the first word of everybody."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer_all() -> None:
            with suppress(OSError):
                while True:
                    session, _ = listening.accept()
                    with session:
                        session.recv(1024)
                        session.sendall(answer)

        thread = threading.Thread(target=answer_all)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()


def refusal(code: str, text: str) -> bytes:
    """An ErrorResponse of the protocol."""
    body = f"SFATAL\0VFATAL\0C{code}\0M{text}\0\0".encode()
    return b"E" + (len(body) + 4).to_bytes(4) + body


UNREACHABLE = {
    "no TLS": (b"N", "sslmode=require", "the server offers no TLS: switch it on there"),
    "TLS only": (
        refusal(
            "28000", 'no pg_hba.conf entry for host "h", user "u", database "d", no encryption'
        ),
        "sslmode=disable",
        "takes nobody from here without TLS: set sslmode=verify-full",
    ),
    "password": (
        refusal("28P01", 'password authentication failed for user "u"'),
        "sslmode=disable",
        "user or password is wrong",
    ),
    "another name": (
        refusal("3D000", 'database "d" does not exist'),
        "sslmode=disable",
        "no such database or role: create it, or name another one",
    ),
}


@pytest.mark.parametrize("case", UNREACHABLE)
def test_a_database_that_cannot_be_reached_is_told_with_what_to_do(hub: Story, case: str):
    terminal = Terminal.of(hub)
    answer, option, wanted = UNREACHABLE[case]
    with server_that_says(answer) as port:
        address = f"postgresql://u:word-of-u@127.0.0.1:{port}/d?{option}"
        away = Terminal(terminal.project, {**terminal.variables, "HUB_DATABASE_URL": address})
        mode = option.partition("=")[2]
        add_connection(terminal.project, f"postgresql://127.0.0.1:{port}/d", f"sslmode: {mode}")
        login = {"SMTP_USERNAME": "u", "SMTP_PASSWORD": "word-of-u"}
        beside = Terminal(terminal.project, {**hub.hub.settings.environment, **login})

        own, other = away.type("doctor", "--json"), beside.type("doctor", "--json")

    said = own.checks["database"]
    assert said["status"] == "broken"
    assert wanted in said["message"]
    assert "HUB_DATABASE_URL" in said["message"]
    assert "word-of-u" not in own.out
    shop = other.checks["connection shop"]
    assert (shop["status"], wanted in shop["message"]) == ("warning", True)
