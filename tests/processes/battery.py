"""Malformed requests, made by crossing every kind of endpoint with everything that can be broken.

What must be answered follows from how far a request gets: the server reads its head; the endpoint
is found; the body arrives; the caller is proved; media type, JSON, values and schema are looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hub.ingest.dialects.contract import SMALL_BODY
from tests.processes.kinds import FORM, KINDS, Kind, wire

CLOSED = 0  # instead of a status: the connection was closed without a word
REFUSALS = frozenset({CLOSED, 400, 408, 413, 414, 417, 431})

_CASE = "X-Case"


@dataclass(frozen=True)
class Case:
    """One request that must not be accepted, or is accepted in the form of its vendor."""

    name: str
    data: bytes
    wanted: frozenset[int]


def cases() -> list[Case]:
    """The whole battery; each request says its number where its head can be read."""
    made = [each for kind in KINDS for each in _of_kind(kind)]
    return [
        Case(case.name, case.data.replace(b"\r\nHost", f"\r\n{_CASE}: {place}\r\nHost".encode(), 1),
             case.wanted)
        for place, case in enumerate(made)
    ]  # fmt: skip


def _of_kind(kind: Kind) -> Iterator[Case]:
    yield from _heads(kind)
    yield from _framings(kind)
    if kind.status is not None:
        return
    yield from _proofs(kind)
    if not kind.has_body:
        yield from _addresses(kind)
        return
    yield from _media(kind)
    yield from _keys(kind)
    yield from _forms(kind) if kind.media_type == FORM else _bodies(kind)


def _case(kind: Kind, name: str, data: bytes, *wanted: int) -> Case:
    """A request that gets as far as its endpoint: a closed one says only that."""
    allowed = wanted if kind.status is None else (kind.status,)
    return Case(f"{kind.name}: {name}", data, frozenset(allowed))


def _posted(kind: Kind, name: str, body: bytes, *wanted: int, **headers: str) -> Case:
    data = wire(kind.method, kind.path, {**kind.headers(body), **headers}, body)
    return _case(kind, name, data, *wanted)


# ------------------------------------------------------------------------- what the server reads

_BAD_LINES: Mapping[str, bytes] = {
    "a header without a colon": b"Bad-Header",
    "a space in a header's name": b"Bad Header: x",
    "a space before the colon": b"X-Odd : x",
    "a header without a name": b": x",
    "a control character in a name": b"X-\x01: x",
    "a quoted name": b'"X-Odd": x',
    "NUL in a value": b"X-Odd: a\x00b",
    "DEL in a value": b"X-Odd: a\x7fb",
    "a bare CR in a value": b"X-Odd: a\rb",
    "a bare LF in a value": b"X-Odd: a\nX-More: b",
    "a folded line": b"X-Odd: a\r\n b",
    "a folded framing": b"X-Odd: a\r\n\tTransfer-Encoding: chunked",
    "too long a header": b"X-Odd: " + b"x" * 9_000,
    "too many headers": b"\r\n".join(b"X-%d: x" % each for each in range(120)),
    "a second host": b"Host: other",
    "a second media type": b"Content-Type: text/plain\r\nContent-Type: application/json",
    "an expectation": b"Expect: something",
    "a negative length": b"Content-Length: -1",
    "a length with a sign": b"Content-Length: +5",
    "a length in hexadecimal": b"Content-Length: 0x5",
    "a length with an underscore": b"Content-Length: 1_0",
    "a length of other digits": b"Content-Length: \xd9\xa5",
    "no length": b"Content-Length: ",
    "two lengths": b"Content-Length: 5\r\nContent-Length: 6",
    "one length twice": b"Content-Length: 5\r\nContent-Length: 5",
    "a list of lengths": b"Content-Length: 5, 5",
    "length and chunks": b"Content-Length: 5\r\nTransfer-Encoding: chunked",
    "chunks and length": b"Transfer-Encoding: chunked\r\nContent-Length: 5",
    "an unknown coding": b"Transfer-Encoding: xchunked",
    "chunks that come twice": b"Transfer-Encoding: chunked, chunked",
    "two codings": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    "chunks that are not last": b"Transfer-Encoding: chunked, gzip",
    "compressed chunks": b"Transfer-Encoding: gzip, chunked",
    "a coding behind a tab": b"Transfer-Encoding: \x0bchunked",
    "a coding with a space": b"Transfer-Encoding : chunked",
    "a coding in quotes": b'Transfer-Encoding: "chunked"',
}
_BAD_STARTS: Mapping[str, bytes] = {
    "no version": b"%s %s",
    "a version of the future": b"%s %s HTTP/9.9",
    "the second version": b"%s %s HTTP/2.0",
    "a version with a letter": b"%s %s HTTP/1.1x",
    "another protocol": b"%s %s ICY/1.1",
    "an odd method": b"{%s} %s HTTP/1.1",
    "NUL in the address": b"%s %s\x00 HTTP/1.1",
    "a space in the address": b"%s %s x HTTP/1.1",
    "bytes in the address": b"%s %s\xff HTTP/1.1",
    "too long an address": b"%s %s?" + b"x" * 9_000 + b" HTTP/1.1",
}
_NO_REQUESTS: Mapping[str, bytes] = {
    "nonsense": b"NONSENSE\r\n\r\n",
    "nothing": b"\r\n\r\n",
    "a TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04" + b"\x00" * 5,
    "the preface of a proxy": b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET /healthz HTTP/1.1\r\n\r\n",
    "the binary preface of a proxy": b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + b"\x01" * 12,
    "a shell's hello": b"SSH-2.0-OpenSSH_9.2\r\n",
    "half a head": b"POST /webhook/plain HTTP/1.1\r\nHost: hub\r\nX-",
    "a tunnel": b"CONNECT hub:443 HTTP/1.1\r\nHost: hub\r\n\r\n",
    "an asterisk": b"OPTIONS * HTTP/1.1\r\nHost: hub\r\n\r\n",
}


def _heads(kind: Kind) -> Iterator[Case]:
    wanted = REFUSALS | ({401, 404, 405} if kind.status is None else {kind.status})
    said = {**kind.headers(b"hello")}
    plain = b"".join(f"{name}: {value}\r\n".encode() for name, value in said.items())
    start = b"%s %s HTTP/1.1" % (kind.method.encode(), kind.path.encode())
    for name, line in _BAD_LINES.items():
        data = b"\r\n".join([start, plain + line, b"", b"hello"])
        yield Case(f"{kind.name}: {name}", data, wanted)
    for name, pattern in _BAD_STARTS.items():
        first = pattern % (kind.method.encode(), kind.path.encode())
        data = b"\r\n".join([first, plain + b"Content-Length: 5", b"", b"hello"])
        yield Case(f"{kind.name}: {name}", data, wanted)
    if kind.name == "json":
        for name, data in _NO_REQUESTS.items():
            yield Case(name, data, REFUSALS | {404, 405})


_CHUNKED = {"Transfer-Encoding": "chunked"}
_BAD_CHUNKS: Mapping[str, bytes] = {
    "a chunk that is no number": b"zz\r\nhello\r\n0\r\n\r\n",
    "a chunk with a sign": b"+5\r\nhello\r\n0\r\n\r\n",
    "a negative chunk": b"-5\r\nhello\r\n0\r\n\r\n",
    "a chunk with a prefix": b"0x5\r\nhello\r\n0\r\n\r\n",
    "a chunk with an underscore": b"0_5\r\nhello\r\n0\r\n\r\n",
    "a chunk with a space": b"5 \r\nhello\r\n0\r\n\r\n",
    "a chunk behind a space": b" 5\r\nhello\r\n0\r\n\r\n",
    "a chunk of no size": b"\r\nhello\r\n0\r\n\r\n",
    "a chunk that is too long": b"4\r\nhello\r\n0\r\n\r\n",
    "a chunk that is too short": b"6\r\nhello\r\n0\r\n\r\n",
    "a chunk without an end": b"5\r\nhello0\r\n\r\n",
    "lines that end in LF": b"5\nhello\n0\n\n",
    "a chunk cut off": b"5\r\nhel",
    "no last chunk": b"5\r\nhello\r\n",
    "no end behind the last chunk": b"5\r\nhello\r\n0\r\n",
    "a chunk of all the memory": b"FFFFFFFFFFFFFFFF\r\nhello",
    "a chunk of more than 64 bits": b"F" * 40 + b"\r\nhello",
    "an extension with LF": b"5;a\nb\r\nhello\r\n0\r\n\r\n",
    "an extension with CR": b"5;a\rb\r\nhello\r\n0\r\n\r\n",
    "a forbidden trailer": b"5\r\nhello\r\n0\r\nContent-Length: 7\r\n\r\n",
    "a broken trailer": b"5\r\nhello\r\n0\r\nbroken\r\n\r\n",
}


def _framings(kind: Kind) -> Iterator[Case]:
    start, said = (kind.method, kind.path), kind.headers(b"hello")
    for name, chunks in _BAD_CHUNKS.items():
        yield _case(kind, name, wire(*start, {**said, **_CHUNKED}) + chunks, CLOSED, 400)
    yield _case(
        kind, "a body cut short", wire(*start, {**said, "Content-Length": "9"}, b"hello"), 400
    )
    for name, length in {"too long": kind.limit + 1, "far too long": 10**30}.items():
        data = wire(*start, {**said, "Content-Length": str(length)}, b"hello")
        yield _case(kind, f"a body that says it is {name}", data, 413)
    more = kind.limit + 1
    large = b"%x\r\n%s\r\n0\r\n\r\n" % (more, b" " * more)
    yield _case(kind, "chunks that are too much", wire(*start, {**said, **_CHUNKED}) + large, 413)
    for coding in ("gzip", "br", "deflate, gzip", "identity, gzip", "x-odd"):
        data = wire(*start, {**said, "Content-Encoding": coding}, b"\x1f\x8bhello")
        yield _case(kind, f"a body in {coding}", data, 415)


# ---------------------------------------------------------------------------- what the hub reads


def _proofs(kind: Kind) -> Iterator[Case]:
    if kind.is_open:
        return
    said = kind.headers(kind.good)
    names = list(kind.sign(kind.good))
    last = names[-1]
    for name, value in {
        "wrong credentials": "wrong",
        "empty credentials": "",
        "credentials that are no ASCII": "Bearer \xe9\xff",
        "credentials of 8,000 characters": "x" * 8_000,
        "a scheme alone": "Bearer",
        "times in credentials": "t=99999999999999999999,v1=00",
    }.items():
        data = wire(kind.method, kind.path, {**said, last: value}, kind.good)
        yield _case(kind, name, data, 401)
    bare = {name: value for name, value in said.items() if name not in names}
    yield _case(kind, "no credentials", wire(kind.method, kind.path, bare, kind.good), 401)
    if kind.has_body:
        broken = wire(kind.method, kind.path, bare, b"{not json")
        yield _case(kind, "no credentials and no JSON", broken, 401)


def _media(kind: Kind) -> Iterator[Case]:
    for name in ("text/plain", "text/json", "application/xml", "json", "application/json-seq", ""):
        yield _posted(kind, f"media type {name!r}", kind.good, 415, **{"Content-Type": name})
    for name in ("multipart/form-data; boundary=x", "MULTIPART/mixed"):
        yield _posted(kind, f"media type {name!r}", kind.good, 415, **{"Content-Type": name})
    said = {name: text for name, text in kind.headers(kind.good).items() if name != "Content-Type"}
    yield _case(kind, "no media type", wire(kind.method, kind.path, said, kind.good), 415)


def _keys(kind: Kind) -> Iterator[Case]:
    if kind.name not in {"json", "answered at once", "waiting", "form"}:
        return  # vendors have their own
    for key in ("", "k" * 256, "with space", "\xfcmlaut", "tab\tkey"):
        yield _posted(kind, f"the key {key[:9]!r}", kind.good, 400, **{"Idempotency-Key": key})


def _addresses(kind: Kind) -> Iterator[Case]:
    said = kind.headers(b"")
    folder = kind.path.rpartition("/")[0]
    for end, status in {
        "/not-a-uuid": 422,
        "/%00": 422,
        "/%ed%a0%80": 422,
        f"/{'x' * 4_000}": 422,
        "/": 404,
        "/a/b": 404,
        "/..%2f..%2fetc%2fpasswd": 422,
    }.items():
        yield _case(kind, f"the address {end[:20]}", wire("GET", folder + end, said), status, 404)
    for query in ("most=x", "most=1&most=2", "most=1e3", "most=%00", f"most={'9' * 400}"):
        data = wire("GET", f"{kind.path}?{query}", said)
        yield _case(kind, f"the query {query[:20]}", data, 422)
    for method in ("POST", "PUT", "DELETE", "TRACE", "BREW"):
        yield _case(kind, method, wire(method, kind.path, said), 405)


_NOT_JSON: Mapping[str, bytes] = {
    "nothing": b"",
    "white space": b" \r\n\t ",
    "half an object": b'{"message": {"type": "tool-calls"',
    "half a text": b'{"a": "b',
    "NaN": b'{"a": NaN}',
    "an infinity": b'{"a": Infinity}',
    "a negative infinity": b'{"a": -Infinity}',
    "a key twice": b'{"a": 1, "a": 1}',
    "a key twice, written differently": b'{"a": 1, "\\u0061": 1}',
    "a key twice far below": b'{"a": [{"b": {"c": 1, "c": 2}}]}',
    "65 levels": b"[" * 65 + b"]" * 65,
    "65 levels of objects": b'{"a":' * 65 + b"1" + b"}" * 65,
    "100,000 brackets": b"[" * 100_000,
    "100,000 braces": b'{"a":' * 50_000,
    "brackets that do not match": b"[}",
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "UTF-16 without a mark": '{"a": 1}'.encode("utf-16-be"),
    "UTF-32": '{"a": 1}'.encode("utf-32"),
    "a mark of UTF-8": b'\xef\xbb\xbf{"a": 1}',
    "bytes that are no UTF-8": b'{"a": "\xff\xfe"}',
    "overlong UTF-8": b'{"a": "\xc0\xaf"}',
    "a surrogate in UTF-8": b'{"a": "\xed\xa0\x80"}',
    "two values": b'{"a": 1}{"a": 1}',
    "something behind the value": b'{"a": 1} x',
    "single quotes": b"{'a': 1}",
    "a comment": b'{"a": 1 /* one */}',
    "a comma too many": b'{"a": 1,}',
    "a leading zero": b'{"a": 01}',
    "a hexadecimal number": b'{"a": 0x1}',
    "a raw control character": b'{"a": "\x01"}',
    "a raw NUL": b'{"a": "\x00"}',
    "an unknown escape": b'{"a": "\\x41"}',
    "YAML": b"a: 1\nb: [2]\n",
    "XML": b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
    "a form": b"a=1&b=2",
    "a pickle": b"\x80\x04\x95\x1a\x00\x00\x00.",
}
_NOT_STORABLE: Mapping[str, bytes] = {
    "U+0000": b'"a\\u0000b"',
    "U+0000 in a key": b'{"a\\u0000": 1}',
    "half a surrogate pair": b'"\\ud800"',
    "the other half": b'"\\udfff x"',
    "half a pair in a key": b'{"\\udc00": 1}',
    "2^63": b"9223372036854775808",
    "less than -2^63": b"-9223372036854775809",
    "400 digits": b"9" * 400,
    "5,000 digits": b"9" * 5_000,
    "more than a double": b"1e999",
    "less than a double": b"-1e999",
}
_NO_FIT: Mapping[str, bytes] = {
    "an empty object": b"{}",
    "a list": b"[]",
    "a text": b'"text"',
    "null": b"null",
    "a number": b"3",
    "a boolean": b"true",
    "64 levels": b"[" * 64 + b"]" * 64,
    "a number for a text": b'{"lead_id": 1, "appointment_time": 2}',
    "objects for texts": b'{"lead_id": {}, "appointment_time": []}',
    "null for a text": b'{"lead_id": null, "appointment_time": null}',
    "a long text": json.dumps({"lead_id": "x" * 250_000, "appointment_time": "y"}).encode(),
}  # fmt: skip
_BAD_TIMES = (
    "2025-12-03T19:00:00",
    "2025-02-30T10:00:00Z",
    "9999-12-31T23:59:00-12:00",
    "0000-01-01T00:00:00Z",
    "2025-12-03T25:00:00Z",
    "tomorrow",
    "1764788400",
    "\u0662\u0660\u0662\u0665-12-03T19:00:00Z",
)


def _bodies(kind: Kind) -> Iterator[Case]:
    for name, body in _NOT_JSON.items():
        yield _posted(kind, name, body, 400)
    for name, value in _NOT_STORABLE.items():
        for place, body in _around(kind, value).items():
            yield _posted(kind, f"{name} in {place}", body, kind.on_value)
    for name, body in _NO_FIT.items():
        yield _posted(kind, name, body, kind.on_schema)
    yield _posted(kind, "a hundred thousand items", b"[" + b"1," * 130_000 + b"1]", 413)
    keys = json.dumps({f"k{each}": each for each in range(15_000)}).encode()
    yield _posted(kind, "many keys", keys, 413 if kind.limit == SMALL_BODY else kind.on_schema)
    if kind.on_schema == 422:
        for text in _BAD_TIMES:
            body = json.dumps({"lead_id": text, "appointment_time": text}).encode()
            yield _posted(kind, f"the time {text}", body, 422)


def _around(kind: Kind, value: bytes) -> dict[str, bytes]:
    """The value where the kind's own payload is, and beside everything that it knows."""
    found = {"a body": b'{"lead_id": %s}' % value}
    if kind.good.lstrip().startswith(b"{") and kind.on_value != 422:
        found["an event"] = kind.good.replace(b"{", b'{"odd": %s,' % value, 1)
    return found


def _forms(kind: Kind) -> Iterator[Case]:
    for name, body in {
        "bytes that are no UTF-8": b"lead_id=\xff",
        "escapes that are no UTF-8": b"lead_id=%ff%fe",
        "too many fields": b"&".join(b"f%d=1" % each for each in range(1_200)),
    }.items():
        yield _posted(kind, name, body, 400)
    for name, body in {
        "nothing": b"",
        "JSON": b'{"lead_id": 1}',
        "U+0000": b"lead_id=%00",
        "a surrogate": b"lead_id=%ed%a0%80",
        "only separators": b"&" * 10_000 + b"=" * 10,
        "a field many times": b"&".join([b"lead_id=1"] * 900),
        "no time": b"lead_id=5b0c2c2e-6f0a-4a51-9a8e-3d1f6f0d7a21",
    }.items():
        yield _posted(kind, name, body, 422, 400)
