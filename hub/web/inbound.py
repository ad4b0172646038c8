"""From Flask's request to an `InboundRequest`: raw bytes, read within limits, parsed by nobody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import BinaryIO, cast
from urllib.parse import quote
from uuid import UUID

from flask import Request, g
from flask import request as flask_request
from flask.ctx import _AppCtxGlobals
from werkzeug.local import LocalProxy

from hub.errors import Rejected
from hub.ingest.request import InboundRequest

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
_CHUNK = 65_536
_PATH = "/:@!$&'()*+,;=~"  # what may stand in a path as it is (RFC 3986, 3.3)

Noted = _AppCtxGlobals


def asked() -> Request:
    """The request itself: to reach each of its parts through Flask's stand-in costs more."""
    return cast("LocalProxy[Request]", flask_request)._get_current_object()  # noqa: SLF001 - Flask's name for it


def noted() -> Noted:
    """What is noted of the request, `flask.g`, itself."""
    return cast("LocalProxy[Noted]", g)._get_current_object()  # noqa: SLF001 - the same


def inbound_request(
    *, max_body: int, public_url: str, trusted_proxies: int, now: Callable[[], datetime]
) -> InboundRequest:
    """The current request, read whole.

    Raises `Rejected`: 413 beyond `max_body` bytes, 415 for compressed or multipart bodies, 400 for
    broken framing, 408 when it came too slowly.
    """
    request, own = asked(), noted()
    _check_coding(request)
    return InboundRequest(
        id=UUID(own.request_id),
        method=request.method,
        path=request.path,
        headers={name.lower(): value for name, value in request.headers.items()},
        body=_body(request, max_body),
        received_at=now(),
        arrived_at=own.arrived_at,
        query={name: tuple(values) for name, values in request.args.lists()},
        remote_ip=remote_ip(request, trusted_proxies),
        url=public_url + _target(request),
    )


def _target(request: Request) -> str:
    """Path and query as they were sent, byte for byte: some callers sign them (S2).

    Bytes that are no UTF-8 are escaped as surrogates. What does not begin with a path, such as a
    whole URL, is put together from what was understood of it.
    """
    sent = str(request.environ.get("RAW_URI", ""))
    if not sent.startswith("/"):
        query = request.query_string.decode("latin-1")
        sent = quote(request.path, safe=_PATH) + ("?" if query else "") + query
    return sent.partition("#")[0].encode("latin-1", "replace").decode("utf-8", "surrogateescape")


def remote_ip(request: Request, trusted_proxies: int) -> str | None:
    """The caller's address; `X-Forwarded-For` counts only as far as proxies are trusted (S21)."""
    if trusted_proxies:
        told = [each.strip() for each in request.headers.get("X-Forwarded-For", "").split(",")]
        if len(told) >= trusted_proxies and told[-trusted_proxies]:
            return told[-trusted_proxies][:64]
    return request.remote_addr


def _check_coding(request: Request) -> None:
    """No decompression and no uploads, ever, and nothing that only looks like framing."""
    if request.headers.get("Content-Encoding", "identity").strip().lower() not in {"", "identity"}:
        raise Rejected(415, "Send the body without Content-Encoding.")
    if request.mimetype.startswith("multipart/"):
        raise Rejected(415, "Uploads are not taken here.")
    if request.headers.get("Transfer-Encoding", "chunked").strip().lower() != "chunked":
        raise Rejected(400, "The Transfer-Encoding is not supported.")


def _body(request: Request, most: int) -> bytes:
    if (request.content_length or 0) > most:
        raise _too_large(most)
    received = bytearray()
    stream = cast("BinaryIO", request.stream)
    try:
        while chunk := stream.read(_CHUNK):
            received += chunk
            if len(received) > most:
                break
    except TimeoutError:
        raise Rejected(408, "The request was not received in time.") from None
    except Exception:  # noqa: BLE001 - whatever the server raises here, the framing is broken
        raise Rejected(400, "The body could not be received.") from None
    if len(received) > most:
        raise _too_large(most)
    if len(received) < (request.content_length or 0):
        raise Rejected(400, "The body is shorter than its Content-Length.")
    return bytes(received)


def _too_large(most: int) -> Rejected:
    return Rejected(413, f"The body is larger than {most} bytes.")
