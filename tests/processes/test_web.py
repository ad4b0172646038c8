"""What `hub web` opens to the world, and what it does not."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path

from tests.processes.house import House, Process, environment_for, until
from tests.processes.wires import connect, say


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


def test_it_says_once_where_it_listens(house: House):
    house.start_web()

    told = [line for line in house.started[0].lines.splitlines() if "the web listens at" in line]
    assert [json.loads(line)["message"] for line in told] == [f"the web listens at {house.url}"]


def test_the_main_process_opens_nothing_that_a_fork_would_share(house: House):
    house.start_web()
    main = Path(f"/proc/{house.started[0].pid}")

    held = [str(each.readlink()) for each in (main / "fd").iterdir()]
    assert len(list((main / "task").iterdir())) == 1
    assert [each for each in held if each.startswith("anon_inode")] == []  # greenlets have some
    assert len([each for each in held if each.startswith("socket")]) == 1  # it listens


def _is_told(web: Process, word: str) -> bool:
    return word in web.lines


def test_S15_a_request_that_nobody_can_read_is_one_line_with_the_id_of_its_answer(house: House):
    house.start_web()
    web = house.started[0]
    for sent, status, reason in (
        (b"NONSENSE\x1b[31m\r\n\r\n", 400, "InvalidRequestLine"),
        (b"GET / HTTP/1.1\r\nHost: hub\r\nX: " + b"x" * 9_000 + b"\r\n\r\n", 431, "LimitRequest"),
    ):
        told = json.loads(say(house.port, sent).body)["instance"]
        until(partial(_is_told, web, told), "it is told")
        (line,) = [line for line in web.lines.splitlines() if told in line]
        said = json.loads(line)
        assert (said["request_id"], said["status"], said["ip"]) == (told, status, "127.0.0.1")
        assert said["reason"].startswith(reason)
    assert "NONSENSE" not in web.lines
    assert "xxxx" not in web.lines


def test_a_caller_that_asks_first_is_told_to_go_on_before_its_body_comes(house: House):
    house.start_web()
    head = b"POST /webhook/nothing HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n"

    with connect(house.port) as caller:
        caller.sendall(head + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        told = caller.recv(1024)
        with suppress(BrokenPipeError, ConnectionResetError):  # there is nothing to read it for
            caller.sendall(b"{}")
            while piece := caller.recv(1024):
                told += piece

    assert told.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 ")


def test_neither_web_nor_worker_goes_on_with_the_tables_of_another_version(
    project: Path, empty_database: str, redis_url: str
):
    environment = environment_for(project, database_url=empty_database, redis_url=redis_url)
    house = House(project, None, environment, 0, None)  # type: ignore[arg-type]  # none is asked
    web, worker = (house.start(name, "-m", "hub", name) for name in ("web", "worker"))

    for process, code in ((web, 4), (worker, 2)):
        assert process.running.wait(60) == code
        assert "The tables are older than this version: run `hub db upgrade`" in process.lines
        assert "Traceback" not in process.lines
