"""Signing in by a provider: the way there, and the way back with what proves who it is."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from flask import Response, g, request

from hub.connectors.http import Http
from hub.errors import Misconfigured, Rejected
from hub.people import proved
from hub.people.signing_in import NotProved, SignInRefused
from hub.web.console.app import SIGN_IN, Console
from hub.web.console.guard import safe_next
from hub.web.console.sign_in_form import sign_in_form, signed_in

if TYPE_CHECKING:
    from hub.bootstrap.single_sign_on import Provider
    from hub.people.proving import Begun

_LONGEST = 4_000  # characters of what a browser brings back


class SingleSignOn:
    """The two addresses between which people are at their provider."""

    def __init__(self, app: Console) -> None:
        self._app = app
        self._known: tuple[Http, Provider] | None = None
        app.page(f"{SIGN_IN}/provider", None)(self.leave)
        app.page(f"{SIGN_IN}/back", None)(self.come_back)

    def leave(self) -> Response:
        """Go to the provider; the browser keeps, sealed, what it must bring back."""
        target = safe_next(request.args.get("next"))
        if g.visitor is not None:
            return self._app.see_other(target)
        provider = self._provider()
        try:
            begun, address = provider.begin(target, self._now())
        except NotProved as refused:
            return self._refused(refused)
        response = self._app.see_other(address)
        sealed = self._app.hub.seal.close(begun.written()).decode()
        self._app.cookies.give(response, self._app.cookies.begun, sealed)
        return response

    def come_back(self) -> Response:
        """Let in who is proved and known here; one failure of an address counts like a password."""
        provider, address = self._provider(), self._app.address
        try:
            proved.take_a_try(self._app.door, address=address)
        except SignInRefused as refused:
            return self._refused(refused)
        try:
            begun = self._begun(provider)
            said = {name: value[:_LONGEST] for name, value in request.args.items()}
            token = proved.admit(
                self._app.door,
                email=provider.finish(begun, said, self._now()),
                by=provider.trust.issuer,
                address=address,
                before=request.cookies.get(self._app.cookies.session, ""),
            )
        except NotProved as refused:
            proved.note_refusal(self._app.door, refused, by=provider.trust.issuer, address=address)
            return self._refused(refused)
        response = signed_in(self._app, token, safe_next(begun.target if begun else None))
        self._app.cookies.take(response, self._app.cookies.begun)
        return response

    def _refused(self, refused: SignInRefused) -> Response:
        g.visit.facts["reason"] = "sign in refused"
        response = sign_in_form(self._app, refused)
        self._app.cookies.take(response, self._app.cookies.begun)
        return response

    def _provider(self) -> Provider:
        """The one of hub.yaml as it is now, with what is remembered of it."""
        current = self._app.hub.current
        declared = current.settings.sign_in.provider
        if declared is None:
            raise Rejected(404, "There is no such page.")
        http, known = current.services.http, self._known
        if known is not None and known[0] is http and known[1].declared == declared:
            return known[1]
        # Its library is loaded where hub.yaml names a provider, and nowhere else.
        from hub.bootstrap.single_sign_on import Provider  # noqa: PLC0415

        url = self._app.hub.settings.public_url
        made = Provider(declared, current.secrets, http, public_url=url)
        self._known = http, made
        return made

    def _begun(self, provider: Provider) -> Begun | None:
        kept = request.cookies.get(self._app.cookies.begun, "")
        try:
            return provider.begun(self._app.hub.seal.open(kept.encode())) if kept else None
        except Misconfigured:  # not sealed by us
            return None

    def _now(self) -> datetime:
        with self._app.hub.console_database.connect() as db:
            return self._app.now(db)
