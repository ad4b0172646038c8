"""Who has access, and what was done: for admins."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, g, request

from hub.errors import NotPossible
from hub.people import accounts
from hub.people.roles import MEANINGS, Deed, Role
from hub.storage import api_tokens, audit, console_sessions, people
from hub.web.console.account import read_role
from hub.web.console.app import SIGN_IN, Console, field

_REFUSED = 409
_ROWS = 100
_MOST_DIGITS = 18
_LONGEST_WHO = 500


class People:
    """The pages at `/admin/people`."""

    def __init__(self, app: Console) -> None:
        self._app = app
        page = "/admin/people"
        app.page(page, Deed.SEE_PEOPLE)(self.page)
        for name, view in (
            ("invite", self.invite),
            ("role", self.set_role),
            ("remove", self.remove),
            ("sessions/end", self.end_sessions),
        ):
            app.page(f"{page}/{name}", Deed.MANAGE_PEOPLE, methods=("POST",))(view)
        revoke = f"{page}/tokens/<uuid:id_>/revoke"
        app.page(revoke, Deed.MANAGE_PEOPLE, methods=("POST",))(self.revoke_token)

    def page(self, status: int = 200, **said: Any) -> Response:
        """Everybody, open invitations, tokens."""
        with self._app.hub.console_database.connect() as db:
            now = self._app.now(db)
            known = people.every_one(db)
            sessions = console_sessions.count_by_person(db, now)
            invited = people.open_invitations(db, now)
            tokens = api_tokens.every_one(db)
        emails = {each.email for each in known}
        return self._app.render(
            "people.html",
            status,
            people=known,
            sessions=sessions,
            invited=[each for each in invited if each.email not in emails],
            tokens=tokens,
            now=now,
            roles=list(Role),
            meanings=MEANINGS,
            ways=self._app.hub.project.settings.sign_in,
            **said,
        )

    def invite(self) -> Response:
        """A link for one use; nothing is sent."""
        try:
            email = accounts.read_email(field("email"))
            role = read_role(field("role")) if field("role") else None
            with self._act("console invite") as act:
                now = self._app.now(act.connection)
                token = accounts.invite(act, email=email, role=role, now=now)
        except NotPossible as refused:
            return self._refused(refused)
        link = f"{self._app.hub.settings.public_url}/admin/join?token={token}"
        return self.page(link=link, invited_email=email)

    def set_role(self) -> Response:
        """Another role; they are signed out."""
        email = field("email")
        try:
            with self._act("console set role") as act:
                accounts.set_role(act, email=email, role=read_role(field("role")))
        except NotPossible as refused:
            return self._refused(refused)
        return self._done(email)

    def remove(self) -> Response:
        """No access any more."""
        email = field("email")
        try:
            with self._act("console remove person") as act:
                accounts.remove(act, email=email)
        except NotPossible as refused:
            return self._refused(refused)
        return self._done(email)

    def end_sessions(self) -> Response:
        """Sign somebody out everywhere."""
        email = field("email")
        try:
            with self._act("console end sessions") as act:
                accounts.end_sessions(act, email=email)
        except NotPossible as refused:
            return self._refused(refused)
        return self._done(email)

    def revoke_token(self, id_: UUID) -> Response:
        """Take anybody's token back."""
        with self._act("console revoke token") as act:
            accounts.revoke_token(act, id_=id_)
        return self._app.see_other("/admin/people")

    def _act(self, action: str) -> Any:
        return audit.act(self._app.hub.console_database, self._app.actor, action)

    def _refused(self, refused: NotPossible) -> Response:
        return self.page(_REFUSED, refused=str(refused).rstrip(".") + ".")

    def _done(self, email: str) -> Response:
        """Back to the list; whoever changed their own access has to sign in again."""
        return self._app.see_other(SIGN_IN if email == g.visitor.email else "/admin/people")


class Audit:
    """The page at `/admin/audit`."""

    def __init__(self, app: Console) -> None:
        self._app = app
        app.page("/admin/audit", Deed.SEE_AUDIT)(self.page)

    def page(self) -> Response:
        """What was done by hand, the newest first (S9); by one person, where one is named."""
        who = request.args.get("who", "").replace("\x00", "")[:_LONGEST_WHO] or None
        given = request.args.get("before", "")
        is_number = given.isascii() and given.isdigit() and len(given) <= _MOST_DIGITS
        before = int(given) if is_number else None
        with self._app.hub.console_database.connect() as db:
            now = self._app.now(db)
            rows = audit.newest(db, limit=_ROWS + 1, before=before, who=who)
        return self._app.render(
            "audit.html",
            rows=rows[:_ROWS],
            older=rows[_ROWS - 1].id if len(rows) > _ROWS else None,
            is_newest=before is None,
            who=who,
            now=now,
        )
