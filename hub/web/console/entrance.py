"""Signing in and out, joining by an invitation; files of the pages."""

from __future__ import annotations

from flask import Response, g, request

from hub.errors import NotPossible, Rejected
from hub.people import signing_in
from hub.people.passwords import SHORTEST
from hub.people.roles import MEANINGS, Deed, Role
from hub.people.signing_in import SignInRefused
from hub.storage import people
from hub.storage.people import Invitation
from hub.web.console import assets
from hub.web.console.app import SIGN_IN, Console, field
from hub.web.console.guard import safe_next

_FOREVER = "public, max-age=31536000, immutable"
_TOO_MANY, _REFUSED, _GONE = 429, 422, 410
DIFFERENT = "The two passwords differ. Type the same one twice."


class Entrance:
    """The pages for who is not signed in yet, and the way out."""

    def __init__(self, app: Console) -> None:
        self._app = app
        app.page("/admin/assets/<name>", None)(self.asset)
        app.page(SIGN_IN, None)(self.sign_in_page)
        app.page(SIGN_IN, None, methods=("POST",))(self.sign_in)
        app.page("/admin/sign-out", Deed.SEE_OWN_PAGE, methods=("POST",))(self.sign_out)
        app.page("/admin/join", None)(self.join_page)
        app.page("/admin/join", None, methods=("POST",))(self.join)

    def asset(self, name: str) -> Response:
        """A file by its address; the same for ever."""
        found = assets.at(name)
        if found is None:
            raise Rejected(404, "There is no such file.")
        headers = {"Cache-Control": _FOREVER}
        return Response(found.body, content_type=found.type, headers=headers)

    def sign_in_page(self) -> Response:
        """The form; who is signed in already goes on."""
        if g.visitor is not None:
            return self._app.see_other(safe_next(request.args.get("next")))
        return self._sign_in_form()

    def sign_in(self) -> Response:
        """Prove who you are; a new session in place of the one before."""
        try:
            token = signing_in.sign_in(
                self._app.door,
                email=field("email"),
                password=field("password"),
                address=self._app.address,
                before=request.cookies.get(self._app.cookies.session, ""),
            )
        except SignInRefused as refused:
            g.visit.facts["reason"] = "sign in refused"
            return self._sign_in_form(refused)
        return self._signed_in(token, safe_next(request.form.get("next")))

    def sign_out(self) -> Response:
        """End this session."""
        signing_in.sign_out(self._app.door, g.visitor.session, address=self._app.address)
        response = self._app.see_other(SIGN_IN)
        self._app.cookies.take(response, self._app.cookies.session)
        return response

    def join_page(self) -> Response:
        """What somebody who was invited sees."""
        try:
            invited = signing_in.look_at_invitation(self._app.door, request.args.get("token", ""))
        except SignInRefused as refused:
            return self._link_is_over(refused)
        return self._join_form(request.args["token"], invited)

    def join(self) -> Response:
        """Choose a password, and be signed in."""
        token = field("token")
        try:
            invited = signing_in.look_at_invitation(self._app.door, token)
        except SignInRefused as refused:
            return self._link_is_over(refused)
        if field("password") != field("again"):
            return self._join_form(token, invited, refused=DIFFERENT)
        try:
            session = signing_in.accept_invitation(
                self._app.door,
                token=token,
                email=field("email"),
                password=field("password"),
                address=self._app.address,
            )
        except NotPossible as refused:
            return self._join_form(token, invited, refused=str(refused))
        return self._signed_in(session, "/admin")

    # ------------------------------------------------------------------------------------- pages

    def _sign_in_form(self, refused: SignInRefused | None = None) -> Response:
        with self._app.hub.console_database.connect() as db:
            is_anybody = people.is_anybody(db)
        wait = None if refused is None else refused.wait
        response = self._app.render(
            "sign_in.html",
            200 if refused is None else _TOO_MANY if wait else _REFUSED,
            next=safe_next(request.values.get("next")),
            email=field("email"),
            refused=None if refused is None else str(refused),
            is_anybody=is_anybody,
        )
        if wait is not None:
            response.headers["Retry-After"] = str(int(wait.total_seconds()) + 1)
        return response

    def _join_form(
        self, token: str, invited: Invitation, *, refused: str | None = None
    ) -> Response:
        role = Role(invited.role)
        return self._app.render(
            "join.html",
            200 if refused is None else _REFUSED,
            token=token,
            email=invited.email,
            typed=field("email"),
            role=role,
            meaning=MEANINGS[role],
            shortest=SHORTEST,
            refused=refused,
        )

    def _link_is_over(self, refused: SignInRefused) -> Response:
        return self._app.render("link_over.html", _GONE, sentence=str(refused))

    def _signed_in(self, token: str, target: str) -> Response:
        response = self._app.see_other(target)
        self._app.cookies.give(response, self._app.cookies.session, token)
        self._app.cookies.take(response, self._app.cookies.form)
        return response
