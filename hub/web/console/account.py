"""What people decide about themselves: password, sessions, tokens for their programs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Response, g

from hub.errors import NotPossible
from hub.people import accounts, signing_in
from hub.people.passwords import SHORTEST
from hub.people.roles import MEANINGS, Deed, Role
from hub.people.signing_in import SignInRefused
from hub.storage import api_tokens, audit, console_sessions
from hub.web.console.app import Console, field
from hub.web.console.entrance import DIFFERENT, NO_PASSWORDS

_TOO_MANY, _REFUSED = 429, 422
_MOST_DIGITS = 4


class Account:
    """The page of one's own account, and what is done on it."""

    def __init__(self, app: Console) -> None:
        self._app = app
        own = "/admin/account"
        app.page(own, Deed.SEE_OWN_PAGE)(self.page)
        app.page(f"{own}/password", Deed.SEE_OWN_PAGE, methods=("POST",))(self.change_password)
        app.page(f"{own}/sessions/end", Deed.SEE_OWN_PAGE, methods=("POST",))(self.end_others)
        app.page(f"{own}/tokens", Deed.HAVE_TOKENS, methods=("POST",))(self.make_token)
        revoke = f"{own}/tokens/<uuid:id_>/revoke"
        app.page(revoke, Deed.HAVE_TOKENS, methods=("POST",))(self.revoke_token)

    def page(self, status: int = 200, **said: Any) -> Response:
        """Role, sessions, tokens, password."""
        session = g.visitor.session
        with self._app.hub.console_database.connect() as db:
            now = self._app.now(db)
            sessions = console_sessions.of_person(db, session.person_id, now)
            tokens = api_tokens.every_one(db, session.person_id)
        return self._app.render(
            "account.html",
            status,
            sessions=sessions,
            current=session.digest,
            tokens=tokens,
            now=now,
            roles=[role for role in Role if role <= g.visitor.role],
            meaning=MEANINGS[g.visitor.role],
            shortest=SHORTEST,
            has_passwords=self._app.hub.project.settings.sign_in.has_passwords,
            **said,
        )

    def change_password(self) -> Response:
        """Choose another password; other browsers are signed out."""
        if not self._app.hub.project.settings.sign_in.has_passwords:
            return self.page(_REFUSED, refused=NO_PASSWORDS)
        if field("password") != field("again"):
            return self.page(_REFUSED, refused=DIFFERENT)
        try:
            signing_in.change_password(
                self._app.door,
                g.visitor.session,
                present=field("present"),
                wanted=field("password"),
                address=self._app.address,
            )
        except SignInRefused as refused:
            return self.page(_TOO_MANY if refused.wait else _REFUSED, refused=str(refused))
        return self.page(done="Your password is changed; other browsers are signed out.")

    def end_others(self) -> Response:
        """Sign out everywhere else."""
        session = g.visitor.session
        engine = self._app.hub.console_database
        with audit.act(engine, self._app.actor, "console end sessions") as act:
            ended = console_sessions.end_all(act.connection, session.person_id, but=session.digest)
            act.note({"email": session.email, "ended": ended})
        return self.page(done="You are signed out everywhere but here.")

    def make_token(self) -> Response:
        """A token for a program; shown once."""
        engine = self._app.hub.console_database
        try:
            with audit.act(engine, self._app.actor, "console make token") as act:
                token = accounts.make_token(
                    act,
                    id_=self._app.hub.new_id(),
                    email=g.visitor.email,
                    name=field("name"),
                    role=read_role(field("role")),
                    lives_for=timedelta(days=_days(field("days"))),
                    now=self._app.now(act.connection),
                )
        except NotPossible as refused:
            return self.page(_REFUSED, refused=str(refused))
        return self.page(token=token)

    def revoke_token(self, id_: UUID) -> Response:
        """Take one of one's own tokens back."""
        engine = self._app.hub.console_database
        with audit.act(engine, self._app.actor, "console revoke token") as act:
            accounts.revoke_token(act, id_=id_, person=g.visitor.session.person_id)
        return self._app.see_other("/admin/account")


def read_role(given: str) -> Role:
    """The role of a form; raises `NotPossible`."""
    try:
        return Role(given)
    except ValueError:
        raise NotPossible("Choose a role from the list.") from None


def _days(given: str) -> int:
    if not (given.isascii() and given.isdigit() and len(given) <= _MOST_DIGITS):
        raise NotPossible("Say for how many days the token lives.")
    return int(given)
