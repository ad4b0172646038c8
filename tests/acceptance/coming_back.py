"""A browser that leaves for the provider of a hub, and comes back with what it gave."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from hub.people import accounts, tokens
from hub.people.roles import Role
from hub.storage import audit
from hub.storage.audit import Act, Actor
from tests.acceptance.browser import Browser, Page
from tests.acceptance.story import Story
from tests.fakes.identity_provider import CLIENT

LEAVE = "/admin/sign-in/provider"
SETTINGS = """\
hub: 1
secrets: [CONSOLE_CLIENT_SECRET]
outbound_allow:
  - network: 127.0.0.1/32
    ports: [{port}]
console:
  sign_in:
{more}    provider:
      name: Example Login
      issuer: http://127.0.0.1:{port}
      client_id: {client}
      client_secret: CONSOLE_CLIENT_SECRET
      domains: [example.com, example.org]
"""


def write_settings(folder: Path, port: int, more: str = "") -> None:
    settings = SETTINGS.format(port=port, client=CLIENT, more=more)
    (folder / "hub.yaml").write_text(settings)


def there(browser: Browser, target: str = "/admin") -> str:
    """Leave for the provider; the address with which it sends the browser back."""
    gone = browser.get(f"{LEAVE}?{urlencode({'next': target})}")
    assert gone.status == 303, gone.text
    answer = httpx.get(gone.location)
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


def back(browser: Browser, address: str, **changed: str | None) -> Page:
    """Come back with what the provider gave; `changed` is what somebody put in its place."""
    given = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    said = {name: value for name, value in {**given, **changed}.items() if value is not None}
    return browser.get(f"/admin/sign-in/back?{urlencode(said)}")


def acts(hub: Story) -> list[tuple[str, str, str]]:
    """Who did what, and why it was refused; the oldest first."""
    with hub.transaction() as db:
        assert audit.faults(db) == []
        rows = audit.newest(db, limit=100)
    return [(row.who, row.action, row.what.get("why", "")) for row in rows][::-1]


def invite(hub: Story, email: str, role: Role) -> None:
    with hub.transaction() as db:
        act = Act(db, Actor("admin@example.com", "here"), "console invite")
        accounts.invite(act, email=email, role=role, now=hub.now())


def assert_refused(
    hub: Story, browser: Browser, why: str, said: str, **changed: str | None
) -> None:
    before = len(acts(hub))
    hub.clock.advance(timedelta(hours=2))  # so that what failed before is forgotten
    page = back(browser, there(browser), **changed)
    assert page.status == 422, (why, page.status)
    assert said.lower() in page.text.lower(), (why, page.text)
    assert page.form("/admin/sign-in").method == "post"
    assert browser.get("/admin").status == 303, why
    told = acts(hub)[before:]
    assert [(action, reason) for _, action, reason in told] == [("console refuse sign in", why)]


def form_token(browser: Browser) -> str:
    """Of somebody who is not signed in: the page of a link that is over has no form."""
    browser.get("/admin/sign-in")
    kept = browser.client.get_cookie("hub_form", path="/admin")
    assert kept is not None
    return tokens.form_token(kept.value)
