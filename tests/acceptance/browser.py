"""A browser without scripts, in front of the console: cookies, forms, and what stands on a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from urllib.parse import urlsplit
from uuid import UUID

from flask.testing import FlaskClient
from werkzeug.datastructures import Headers

from hub.people import passwords
from hub.people.roles import Role
from hub.people.tokens import digest_of, new_token
from hub.storage import api_tokens, console_sessions, people
from tests.acceptance.story import Story

PASSWORD = "five plain words of ours"
ADDRESS = "198.51.100.7"
_VOID = {"meta", "link", "input", "br", "hr", "img", "circle", "path", "rect", "line", "polyline"}


@dataclass
class Element:
    """One element of a page."""

    name: str
    attributes: dict[str, str]
    text: str = ""


@dataclass
class Form:
    """One form: where it goes and what it would send as it is."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.open: list[Element] = []
        self.forms: list[Form] = []
        self.select = ""
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        element = Element(tag, given)
        self.elements.append(element)
        if tag not in _VOID:
            self.open.append(element)
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get")))
        elif tag == "select":
            self.select = given.get("name", "")
        elif self.forms and tag == "input" and "name" in given:
            self.forms[-1].fields[given["name"]] = given.get("value", "")
        elif self.forms and tag == "button":
            self.forms[-1].buttons.append(given.get("name", ""))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop().name != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        for element in self.open:
            element.text += data


@dataclass(frozen=True)
class Page:
    """What came back."""

    status: int
    headers: Headers
    html: str
    elements: list[Element]
    forms: list[Form]
    text: str

    @property
    def location(self) -> str:
        return self.headers.get("Location", "")

    def form(self, action: str) -> Form:
        """The form that goes there."""
        (found,) = [each for each in self.forms if each.action == action]
        return found

    def actions(self) -> set[str]:
        """Where the forms of the page go."""
        return {form.action for form in self.forms}

    def links(self) -> set[str]:
        return {each.attributes.get("href", "") for each in self.elements if each.name == "a"}


def page_of(status: int, headers: Headers, body: bytes) -> Page:
    """The page that this answer is."""
    html = body.decode()
    reader = _Reader()
    if headers.get("Content-Type", "").startswith("text/html"):
        reader.feed(html)
    text = " ".join(" ".join(reader.words).split())
    return Page(status, headers, html, reader.elements, reader.forms, text)


@dataclass
class Browser:
    """One browser of one person."""

    client: FlaskClient
    address: str = ADDRESS

    @classmethod
    def at(cls, story: Story, address: str = ADDRESS) -> Browser:
        """A fresh one, without cookies."""
        return cls(story.client.application.test_client(), address)

    @classmethod
    def of(cls, story: Story, role: Role | str, email: str = "") -> Browser:
        """One that is signed in already, as a person of this role who is made for it."""
        browser = cls.at(story)
        name = email or f"{Role(role).value}@example.com"
        token = begin_session(story, name, Role(role))
        browser.client.set_cookie("hub_session", token, path="/admin")
        return browser

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Page:
        got = self.client.get(path, headers=headers, environ_base={"REMOTE_ADDR": self.address})
        return page_of(got.status_code, got.headers, got.data)

    def follow(self, page: Page) -> Page:
        """Go where the answer sends the browser."""
        assert page.status == 303, page.text
        target = urlsplit(page.location)
        return self.get(target.path + (f"?{target.query}" if target.query else ""))

    def post(
        self, path: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Page:
        """As browsers send the forms of a page without a referrer."""
        said = {"Origin": "null", "Sec-Fetch-Site": "same-origin"} if headers is None else headers
        got = self.client.post(
            path, data=fields, headers=said, environ_base={"REMOTE_ADDR": self.address}
        )
        return page_of(got.status_code, got.headers, got.data)

    def submit(self, page: Page, action: str, **fields: str) -> Page:
        """Fill a form of the page and send it."""
        return self.post(action, {**page.form(action).fields, **fields})

    def sign_in(self, email: str, password: str = PASSWORD) -> Page:
        return self.submit(
            self.get("/admin/sign-in"), "/admin/sign-in", email=email, password=password
        )


@cache
def stored_password() -> str:
    """The password of everybody in the tests, hashed once."""
    return passwords.hashed(PASSWORD)


def make_person(story: Story, email: str, role: Role = Role.VIEWER) -> str:
    """Somebody who may sign in; their address."""
    with story.transaction() as db:
        people.keep(
            db,
            id_=story.hub.new_id(),
            email=email,
            role=role.value,
            password_hash=stored_password(),
        )
    return email


def make_token(story: Story, email: str) -> UUID:
    """The id of a program's token, made without a row of audit."""
    make_person(story, email)
    made = story.hub.new_id()
    with story.transaction() as db:
        person = people.find(db, email)
        assert person is not None
        api_tokens.add(
            db,
            id_=made,
            digest=digest_of(new_token()),
            person=person.id,
            name="dashboard",
            role="viewer",
            expires_at=story.clock.now(),
        )
    return made


def begin_session(story: Story, email: str, role: Role) -> str:
    """The token of a session that begins now, of a person who may be new."""
    make_person(story, email, role)
    token = new_token()
    with story.transaction() as db:
        person = people.find(db, email)
        assert person is not None
        console_sessions.begin(
            db, digest=digest_of(token), person=person.id, origin=ADDRESS, now=story.clock.now()
        )
    return token
