"""The client demo page: who gets it, what it may do, and a person who clicks (K-20)."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import pytest

from hub.cli.demo.page.desk import Desk
from hub.cli.demo.page.flows import FLOWS, offers
from hub.cli.demo.page.opening import _knowing
from hub.cli.demo.page.serving import Page, open_page
from hub.cli.demo.sending import Sender
from hub.config import Settings
from hub.engine.project import Project, load_project
from hub.errors import NotPossible
from hub.ingest.signatures import AUTH_TYPES
from tests.acceptance.chromium import Browser, open_browser
from tests.fakes.clock import FakeClock
from tests.unit.ingest.door import DIALECT_FACTS

ROOT = Path(__file__).parents[2]
PATIENCE = 100  # seconds; the machine may be busy
ASSETS = ROOT / "hub" / "cli" / "demo" / "page" / "files"
FLOW = """
hub: 1
title: One of the flow
{mode}
endpoint:
  auth: broker
steps:
  - return: done
"""


def project_of(names: tuple[str, ...], *, mode: str = "", hub: str = "", cors: str = "") -> Project:
    text = FLOW.format(mode=mode).replace("  auth: broker\n", f"  auth: broker\n{cors}")
    files = {
        "hub.yaml": "hub: 1\nauth: {broker: {type: bearer, secret: TOKEN}}\nsecrets: [TOKEN]\n"
        + hub,
        **{f"workflows/{name}.yaml": text for name in names},
    }
    loaded = load_project(files, actions={}, auth_types=AUTH_TYPES, dialects=DIALECT_FACTS)
    assert not loaded.errors
    return loaded


def offered(loaded: Project, config: dict[str, Any] | None = None) -> dict[str, Any]:
    return {each.flow.name: each for each in offers(loaded, config or {}, FakeClock())}


HOLDS = FLOWS[0].workflows


# ------------------------------------------------------------------------------- what may be done


def test_K20_a_flow_is_shown_where_all_its_workflows_are():
    assert set(offered(project_of(HOLDS))) == {"holds"}
    assert offered(project_of(HOLDS[:-1])) == {}


@pytest.mark.parametrize(
    ("mode", "hub", "is_closed"),
    [
        ("", "", False),
        ("", "mode: test\n", False),
        ("", "mode: live\n", True),
        ("mode: live", "mode: simulate\n", True),
        ("mode: simulate", "mode: live\n", False),
        ("mode: ${{ payload.how }}", "", True),
    ],
)
def test_K20_a_flow_with_real_effects_is_closed(mode: str, hub: str, *, is_closed: bool):
    found = offered(project_of(HOLDS, mode=mode, hub=hub))["holds"]
    assert found.is_closed is is_closed


def desk(loaded: Project) -> Desk:
    stage = cast("Any", SimpleNamespace(now=FakeClock().now))
    sender = Sender("http://127.0.0.1:9", loaded.settings, lambda _: "x", stage.now)
    return Desk(sender, offered(loaded), stage)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"workflow": "release-expired-phones"}, "no such endpoint"),
        ({}, "no such endpoint"),
        ([], "no such endpoint"),
        ({"workflow": ["lead-phone"]}, "no such endpoint"),
    ],
)
def test_the_page_sends_to_the_endpoints_of_its_flows_and_to_no_other(asked: Any, told: str):
    with pytest.raises(NotPossible, match=told):
        desk(project_of((*HOLDS, "release-expired-phones"))).send(asked)


def test_nothing_is_sent_to_a_flow_with_real_effects():
    with pytest.raises(NotPossible, match="mode live"):
        desk(project_of(HOLDS, hub="mode: live\n")).send({"workflow": "lead-phone"})


def test_the_web_is_told_the_origin_of_the_page_beside_those_it_knows():
    declared = """
config:
  pages:
    type: array
    items: {type: string, format: origin}
    env: PAGES
    default: [https://a.example.com]
"""
    loaded = project_of(HOLDS, hub=declared, cors='  cors: ["${{ config.pages }}"]\n')
    for said, known in (
        ({}, "https://a.example.com,http://127.0.0.1:1"),
        ({"PAGES": "https://b.example.com"}, "https://b.example.com,http://127.0.0.1:1"),
    ):
        settings = Settings.from_environment(said, project=Path())
        assert _knowing(settings, loaded, "http://127.0.0.1:1").environment["PAGES"] == known


# ------------------------------------------------------------------------------------- over HTTP


class Still:
    """A desk that only says what it was asked."""

    hub_url = "http://127.0.0.1:9999"

    def state(self) -> dict[str, Any]:
        return {"flows": []}

    def send(self, asked: Any) -> dict[str, Any]:
        if asked == "refuse":
            raise NotPossible("not from here")
        return {"asked": asked}

    def became(self, request_id: Any) -> list[str]:
        return [str(request_id)]

    def begin_anew(self) -> dict[str, Any]:
        return {"flows": []}


@pytest.fixture
def page() -> Iterator[Page]:
    with open_page(42_000) as opened, opened.serving(cast("Any", Still())):
        yield opened


def post(page: Page, path: str, content: bytes, **headers: str) -> httpx.Response:
    said = {"Origin": page.origin, "Content-Type": "application/json", **headers}
    return httpx.post(page.url + path, content=content, headers=said, trust_env=False)


def test_the_page_and_each_of_its_files_come_with_a_strict_policy(page: Page):
    for path in ("", *(each.name for each in ASSETS.iterdir())):
        answer = httpx.get(page.url + path, trust_env=False)

        assert answer.status_code == 200
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"


def test_the_files_name_no_other_host_and_hold_no_inline_script_or_style():
    for path in ASSETS.iterdir():
        text = path.read_text("utf-8")
        assert not re.findall(r"(?:src|href|from|url\()\s*=?\s*[\"'(]?(?:https?:)?//", text), path
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|eval\(|document\.write", text)
    html = (ASSETS / "index.html").read_text("utf-8")
    assert not re.search(r"<style|style=|\son[a-z]+=|<script(?![^>]*\ssrc=)", html)


@pytest.mark.parametrize("path", ["/", "/demo", "/demo/", "/demo/a-guess/", "/demo/a-guess/state"])
def test_without_the_key_there_is_no_page(page: Page, path: str):
    answer = httpx.get(page.origin + path, trust_env=False)
    assert answer.status_code == 404
    assert page.key not in answer.text


def test_another_name_for_this_machine_leads_to_nothing(page: Page):
    answer = httpx.get(page.url, headers={"Host": "evil.example.com"}, trust_env=False)
    assert answer.status_code == 421


def test_what_is_asked_of_the_desk_comes_back_as_json(page: Page):
    id_ = "5b0c2c2e-6f0a-4a51-9a8e-3d1f6f0d7a21"
    assert httpx.get(page.url + "state", trust_env=False).json() == {"flows": []}
    assert httpx.get(page.url + f"requests/{id_}", trust_env=False).json() == [id_]
    assert post(page, "send", b'{"workflow": "x"}').json() == {"asked": {"workflow": "x"}}
    assert post(page, "anew", b"{}").status_code == 200


@pytest.mark.parametrize("path", ["requests/none", "nothing", "..%2f..%2fhub.yaml", "serving.py"])
def test_what_is_no_page_is_not_found(page: Page, path: str):
    assert httpx.get(page.url + path, trust_env=False).status_code == 404


def test_a_refusal_of_the_desk_is_told(page: Page):
    answer = post(page, "send", b'"refuse"')
    assert (answer.status_code, answer.json()) == (409, {"error": "not from here"})


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example.com"},
        {"Origin": "null"},
        {"Content-Type": "text/plain"},
    ],
)
def test_only_the_page_itself_may_send_and_only_json(page: Page, headers: dict[str, str]):
    assert post(page, "send", b"{}", **headers).status_code == 400
    assert post(page, "send", b"{not json").status_code == 400
    assert post(page, "send", b'"' + b"a" * 100_000 + b'"').status_code == 400


def test_the_page_listens_on_loopback_and_takes_the_next_port_that_is_free(page: Page):
    first = page.server.server_port
    assert page.server.server_address[0] == "127.0.0.1"
    with open_page(first) as other:
        assert other.server.server_port > first
        assert other.key != page.key


# -------------------------------------------------------------------------------------- a browser


@contextmanager
def hub_dev(folder: Path) -> Iterator[str]:
    """A `hub dev` over the flows of this repository; the address of the page that it tells."""
    project = folder / "project"
    for name in ("workflows", "schemas", "templates", "hub.yaml"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, project / name)
        elif (ROOT / name).exists():
            shutil.copy(ROOT / name, project)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with subprocess.Popen(
        [sys.executable, "-m", "hub", "--project", str(project), "dev"],
        cwd=ROOT,
        env={"PATH": os.defpath, "HOME": str(folder), "HUB_PORT": str(port)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        said = []
        try:
            for line in process.stdout:
                said.append(line)
                if "click through" in line:
                    yield line.split()[-1]
                    break
            else:
                pytest.fail("".join(said))
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_K20_C_22_R_15_K_12_a_person_clicks_through_each_flow_and_sees_that_nothing_leaves(
    tmp_path: Path, chromium: str
):
    with hub_dev(tmp_path) as url, open_browser(chromium, tmp_path / "profile") as browser:
        browser.look(1280, 900)
        browser.go(f"{url}#holds")
        for flow in (holds, call, slots, booking):
            browser.click(f"#tab-{flow.__name__}")
            browser.until("document.querySelector('#mode')?.textContent.startsWith('Simulated')")
            assert browser.value("document.querySelector('.badge.mock').textContent") == "Mock data"
            flow(browser)
            for width, scheme in ((390, "dark"), (1280, "light")):
                browser.look(width, 844, scheme=scheme)
                assert browser.until(IS_WHOLE)
        assert browser.told == []


IS_WHOLE = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"


def holds(browser: Browser) -> None:
    """A number is given, an appointment booked and cancelled."""
    browser.click("#give-5b0c2c2e")
    browser.until("document.querySelector('#book-5b0c2c2e:not([disabled])')")
    browser.click("#book-5b0c2c2e")
    browser.until("document.body.innerText.includes('The agent says: “Booked for')")
    browser.until("document.querySelector('.effect')?.innerText.includes('slack.post')")
    browser.click("#cancel-5b0c2c2e")
    browser.until("!document.querySelector('#cancel-5b0c2c2e')")


def call(browser: Browser) -> None:
    """A provider is chosen; the voice agent would have called it."""
    browser.click("#recommend")
    browser.until("document.querySelector('#book-0')")
    browser.click("#book-0")
    browser.until("document.querySelector('.card.done')?.innerText.includes('SIM-')")
    assert browser.value("document.querySelector('#flow').innerText.includes('Nobody was called')")


def slots(browser: Browser) -> None:
    """A time is reserved, paid, and another one whose card is declined is free again."""
    times = "document.querySelectorAll('.time:not([disabled])')"
    for button, became in (("pay", "Paid"), ("fail", "The payment failed")):
        browser.until(f"{times}.length > 0")
        browser.value(f"{times}[0].click()")
        browser.until("document.querySelector('#reserve:not([disabled])')")
        browser.click("#reserve")
        browser.until(f"document.querySelector('#{button}')")
        browser.click(f"#{button}")
        browser.until(f"document.querySelector('#flow').innerText.includes('{became}')")
    browser.until("document.querySelector('[id^=move-]')")


def booking(browser: Browser) -> None:
    """A client asks for a time, the contractor confirms it, and the client reads of it."""
    service = "document.querySelector('#service')"
    browser.until(f"{service}?.options.length > 1")
    confirmed = "(each) => each.textContent.startsWith('Boiler check')"
    browser.value(
        f"{service}.value = [...{service}.options].find({confirmed}).value,"
        f" {service}.dispatchEvent(new Event('change')), null"
    )
    browser.until("document.querySelector('.time')")
    browser.value("document.querySelector('.time').click()")
    browser.until("document.querySelector('#book:not([disabled])')")
    browser.click("#book")
    browser.until("document.querySelector('[id^=confirm-]')")
    browser.click("[id^=confirm-]")
    browser.until("document.querySelector('[id^=press-cancel-]')")
