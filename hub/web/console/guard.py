"""Whether a request comes from one of our own pages, and the cookies that prove it (S7)."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Request, Response
from werkzeug.datastructures import Headers

from hub.people.tokens import form_token, is_form_token, new_token

FORM_FIELD = "form_token"
_LOOPBACK = ("127.0.0.1", "localhost")
_OPAQUE = (None, "null")  # browsers hide the origin from pages that send no referrer


@dataclass(frozen=True)
class Cookies:
    """The names and ways of our cookies; behind TLS nobody else can set them (`__Host-`)."""

    is_behind_tls: bool

    @property
    def session(self) -> str:
        """Who is signed in."""
        return "__Host-hub" if self.is_behind_tls else "hub_session"

    @property
    def form(self) -> str:
        """Who is about to sign in: their forms prove with it where they come from."""
        return "__Host-hub-form" if self.is_behind_tls else "hub_form"

    @property
    def begun(self) -> str:
        """What a sign-in by a provider must be ended with, sealed."""
        return "__Host-hub-begun" if self.is_behind_tls else "hub_begun"

    def give(self, response: Response, name: str, value: str) -> None:
        """Set a cookie that scripts cannot read; it ends with the browser."""
        response.set_cookie(
            name,
            value,
            path="/" if self.is_behind_tls else "/admin",
            secure=self.is_behind_tls,
            httponly=True,
            samesite="Lax",
        )

    def take(self, response: Response, name: str) -> None:
        """Let the browser forget it."""
        response.delete_cookie(
            name,
            path="/" if self.is_behind_tls else "/admin",
            secure=self.is_behind_tls,
            httponly=True,
            samesite="Lax",
        )


def own_origins(public_url: str) -> frozenset[str]:
    """The origins of our own pages; on this machine both of its names (S21)."""
    url = urlsplit(public_url)
    origins = {f"{url.scheme}://{url.netloc}"}
    if url.hostname in _LOOPBACK:
        port = f":{url.port}" if url.port else ""
        origins |= {f"{url.scheme}://{name}{port}" for name in _LOOPBACK}
    return frozenset(origins)


def is_from_own_page(headers: Headers, origins: frozenset[str]) -> bool:
    """Whether a browser says that a page of ours sent this.

    `Referrer-Policy: no-referrer` makes the origin of our own forms opaque; then the browser's
    `Sec-Fetch-Site`, which no page can set, has to say it. What says nothing is refused.
    """
    site, origin = headers.get("Sec-Fetch-Site"), headers.get("Origin")
    if origin not in _OPAQUE:
        return origin in origins and site in (None, "same-origin")
    return site == "same-origin"


def proves_itself(request: Request, cookie: str | None) -> bool:
    """Whether a form carries the token that belongs to this cookie."""
    given = request.form.get(FORM_FIELD, "")
    return bool(cookie) and is_form_token(cookie or "", given)


def token_for(cookie: str) -> str:
    """What the forms of this cookie's owner carry."""
    return form_token(cookie)


def new_cookie() -> str:
    """A value nobody can guess."""
    return new_token()


def safe_next(wanted: str | None) -> str:
    """Where to go after signing in: a page of ours, whatever the address said."""
    is_ours = (
        wanted is not None
        and (wanted == "/admin" or wanted.startswith(("/admin/", "/admin?")))
        and wanted.isascii()
        and wanted.isprintable()
        and "\\" not in wanted
        and "//" not in wanted
    )
    return wanted if is_ours and wanted is not None else "/admin"
