"""Signing in and out, joining by an invitation; files of the pages."""

from __future__ import annotations

from flask import Response, g, request

from hub.errors import NotPossible, Rejected
from hub.people import signing_in
from hub.people.passwords import SHORTEST
from hub.people.roles import MEANINGS, Deed, Role
from hub.people.signing_in import SignInRefused
from hub.storage.people import Invitation
from hub.web.console import assets
from hub.web.console.app import SIGN_IN, Console, field
from hub.web.console.guard import safe_next
from hub.web.console.sign_in_form import sign_in_form, signed_in

_FOREVER = "public, max-age=31536000, immutable"
_REFUSED, _GONE = 422, 410
NO_PASSWORDS = "Passwords are switched off here (`console.sign_in` of hub.yaml)."
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
        return sign_in_form(self._app)

    def sign_in(self) -> Response:
        """Prove who you are; a new session in place of the one before."""
        if not self._has_passwords:
            g.visit.facts["reason"] = "passwords are off"
            return sign_in_form(self._app, SignInRefused(NO_PASSWORDS))
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
            return sign_in_form(self._app, refused)
        return signed_in(self._app, token, safe_next(request.form.get("next")))

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
        if self._has_passwords and field("password") != field("again"):
            return self._join_form(token, invited, refused=DIFFERENT)
        try:
            session = signing_in.accept_invitation(
                self._app.door,
                token=token,
                email=field("email"),
                password=field("password") if self._has_passwords else None,
                address=self._app.address,
            )
        except NotPossible as refused:
            return self._join_form(token, invited, refused=str(refused))
        return signed_in(self._app, session, "/admin")

    # ------------------------------------------------------------------------------------- pages

    @property
    def _has_passwords(self) -> bool:
        return self._app.hub.project.settings.sign_in.has_passwords

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
            ways=self._app.hub.project.settings.sign_in,
        )

    def _link_is_over(self, refused: SignInRefused) -> Response:
        return self._app.render("link_over.html", _GONE, sentence=str(refused))
