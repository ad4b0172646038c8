"""From the server's environment to an `InboundRequest`: raw bytes, within limits, not parsed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, BinaryIO
from urllib.parse import quote
from uuid import UUID

from werkzeug.wrappers import Request
from werkzeug.wsgi import get_content_length, get_input_stream

from hub.errors import Rejected
from hub.ingest.request import InboundRequest

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"]
_CHUNK = 65_536
_PATH = "/:@!$&'()*+,;=~"  # what may stand in a path as it is (RFC 3986, 3.3)
_NAMED_TWICE = {"HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH"}


def inbound_request(
    environ: dict[str, Any],
    *,
    id_: UUID,
    path: str,
    arrived_at: float,
    max_body: int,
    public_url: str,
    trusted_proxies: int,
    now: Callable[[], datetime],
) -> InboundRequest:
    """The request, read whole. `path` is what was asked for, decoded.

    Raises `Rejected`: 413 beyond `max_body` bytes, 415 for compressed or multipart bodies, 400 for
    broken framing, 408 when it came too slowly.
    """
    headers = _headers(environ)
    _check_coding(headers)
    query = environ.get("QUERY_STRING", "")
    return InboundRequest(
        id=id_,
        method=environ["REQUEST_METHOD"],
        path=path,
        headers=headers,
        body=_body(environ, max_body),
        received_at=now(),
        arrived_at=arrived_at,
        query=_query(environ) if query else {},
        remote_ip=remote_ip(environ, trusted_proxies),
        url=public_url + _target(environ, path, query),
    )


def _target(environ: Mapping[str, Any], path: str, query: str) -> str:
    """Path and query as they were sent, byte for byte: some callers sign them (S2).

    Bytes that are no UTF-8 are escaped as surrogates. What does not begin with a path, such as a
    whole URL, is put together from what was understood of it.
    """
    sent = str(environ.get("RAW_URI", ""))
    if not sent.startswith("/"):
        sent = quote(path, safe=_PATH) + ("?" if query else "") + query
    return sent.partition("#")[0].encode("latin-1", "replace").decode("utf-8", "surrogateescape")


def remote_ip(environ: Mapping[str, Any], trusted_proxies: int) -> str | None:
    """The caller's address; `X-Forwarded-For` counts only as far as proxies are trusted (S21)."""
    if trusted_proxies:
        forwarded = environ.get("HTTP_X_FORWARDED_FOR", "")
        told = [each.strip() for each in forwarded.split(",")]
        if len(told) >= trusted_proxies and told[-trusted_proxies]:
            return str(told[-trusted_proxies][:64])
    return environ.get("REMOTE_ADDR")


def _headers(environ: Mapping[str, Any]) -> dict[str, str]:
    """All headers, names in lower case."""
    found = {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") and name not in _NAMED_TWICE
    }
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            found[name.replace("_", "-").lower()] = environ[name]
    return found


def _query(environ: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(values) for name, values in Request(environ).args.lists()}


def _check_coding(headers: Mapping[str, str]) -> None:
    """No decompression and no uploads, ever, and nothing that only looks like framing."""
    if headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
        raise Rejected(415, "Send the body without Content-Encoding.")
    if headers.get("content-type", "").lstrip().lower().startswith("multipart/"):
        raise Rejected(415, "Uploads are not taken here.")
    if headers.get("transfer-encoding", "chunked").strip().lower() != "chunked":
        raise Rejected(400, "The Transfer-Encoding is not supported.")


def _body(environ: dict[str, Any], most: int) -> bytes:
    announced = get_content_length(environ) or 0
    if announced > most:
        raise _too_large(most)
    received = bytearray()
    is_ended_by_server = environ.get("wsgi.input_terminated")
    stream: BinaryIO = (
        environ["wsgi.input"] if is_ended_by_server else get_input_stream(environ)  # type: ignore[assignment]
    )
    try:
        while chunk := stream.read(_CHUNK):
            received += chunk
            if len(received) > most or len(received) == announced:
                break
    except TimeoutError:
        raise Rejected(408, "The request was not received in time.") from None
    except Exception:  # noqa: BLE001 - whatever the server raises here, the framing is broken
        raise Rejected(400, "The body could not be received.") from None
    if len(received) > most:
        raise _too_large(most)
    if len(received) < announced:
        raise Rejected(400, "The body is shorter than its Content-Length.")
    return bytes(received)


def _too_large(most: int) -> Rejected:
    return Rejected(413, f"The body is larger than {most} bytes.")
