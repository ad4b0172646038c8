"""The page by which people come in, and what is on it."""

from __future__ import annotations

from flask import Response, request

from hub.people.signing_in import SignInRefused
from hub.storage import people
from hub.web.console.app import Console, field
from hub.web.console.guard import safe_next

_TOO_MANY, _REFUSED = 429, 422


def sign_in_form(app: Console, refused: SignInRefused | None = None) -> Response:
    """The ways in that hub.yaml opens; with a sentence for who was refused."""
    ways = app.hub.project.settings.sign_in
    with app.hub.console_database.connect() as db:
        is_anybody = people.is_anybody(db)
    wait = None if refused is None else refused.wait
    response = app.render(
        "sign_in.html",
        200 if refused is None else _TOO_MANY if wait else _REFUSED,
        next=safe_next(request.values.get("next")),
        email=field("email"),
        refused=None if refused is None else str(refused),
        is_anybody=is_anybody,
        ways=ways,
    )
    if wait is not None:
        response.headers["Retry-After"] = str(int(wait.total_seconds()) + 1)
    return response


def signed_in(app: Console, token: str, target: str) -> Response:
    """Go on to the page that was wanted, with the session's cookie."""
    response = app.see_other(target)
    app.cookies.give(response, app.cookies.session, token)
    app.cookies.take(response, app.cookies.form)
    return response
