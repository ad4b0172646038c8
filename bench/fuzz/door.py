"""What callers send: bodies, forms, and the headers that prove who they are (I14, I17, S1, S2)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any

from bench.fuzz.target import Target, expect
from bench.processes import ROOT
from hub.errors import Rejected
from hub.ingest.body import Body, read_json, without_faults
from hub.ingest.form_body import read_form
from hub.ingest.signatures import AUTH_TYPES, verify
from hub.ingest.signatures.addresses import pairs_of
from hub.storage.json_text import json_text
from tests.unit.ingest.test_signatures import VECTORS, Preset, headers_of, preset_of

_SAMPLES = ROOT / "tests" / "samples"
_LARGEST_BODY = 256 * 1024
_LONGEST_HEADERS = 64 * 1024
_BAD_REQUEST = 400
_UNPROCESSABLE = 422
_UNAUTHORIZED = 401


def _json_samples() -> list[bytes]:
    return [path.read_bytes() for path in sorted(_SAMPLES.rglob("*.json"))]


# ----------------------------------------------------------------------------------------- bodies


def _check_body(case: bytes) -> None:
    try:
        body = read_json(case)
    except Rejected as refused:
        expect(refused.status == _BAD_REQUEST, f"refused with {refused.status}")
        return
    _check_read(body)
    if not body.faults:
        known = json.loads(case)
        expect(json.dumps(body.value) == json.dumps(known), "is read as another value")


def _check_read(body: Body) -> None:
    """What was read can be stored, and faults are 422."""
    text = json_text(body.value)
    text.encode()
    expect("\x00" not in text and "\\u0000" not in text.replace("\\\\", ""), "NUL is let through")
    if body.faults:
        expect(len(body.faults) <= 20, "more than 20 faults")  # noqa: PLR2004 - of the guarantees
        try:
            without_faults(body)
        except Rejected as refused:
            expect(refused.status == _UNPROCESSABLE, f"refused with {refused.status}")


_SCALARS = (
    *('""', '"a"', "0", "-1", "1.5", "true", "false", "null", '"\\ud83d\\ude00"', '"\\ud800"'),
    *('"\\u0000"', "1e309", "-0", "1E+2", "9223372036854775808", "NaN", "-Infinity", '"é"'),
    *("123456789012345678901234567890", "1e400", "0.1e-400", "01", "1.", '"\\x"', '"a\nb"', "'a'"),
)


def _write_json(chance: Random) -> bytes:
    text = _value(chance, chance.choice([1, 2, 4, 7]))
    if chance.random() < 1 / 20:
        depth = chance.choice([63, 64, 65, 66, 1000, 50_000])
        text = chance.choice(["[", '{"a":']) * depth + text + chance.choice(["]", "}"]) * depth
    return text.encode()


def _value(chance: Random, levels: int) -> str:
    if levels == 0 or chance.random() < 1 / 4:
        return chance.choice(_SCALARS)
    items = [_value(chance, levels - 1) for _ in range(chance.randint(0, 4))]
    if chance.random() < 1 / 2:
        return f"[{', '.join(items)}]"
    names = [chance.choice(["a", "b", "", "\\u0061", "id", "\\ud800"]) for _ in items]
    return (
        "{" + ",".join(f'"{name}": {item}' for name, item in zip(names, items, strict=True)) + "}"
    )


BODY = Target(
    "body",
    _check_body,
    _json_samples,
    _write_json,
    words=[each.encode() for each in [*_SCALARS, "{", "}", "[", "]", ",", ":", '"', "\\u", "e+"]],
    most=_LARGEST_BODY,
)


# ------------------------------------------------------------------------------------------ forms


def _check_form(case: bytes) -> None:
    try:
        body = read_form(case)
    except Rejected as refused:
        expect(refused.status == _BAD_REQUEST, f"refused with {refused.status}")
        return
    expect(isinstance(body.value, dict), "a form is an object")
    _check_read(body)


def _form_samples() -> list[bytes]:
    return [
        b"CallSid=CA0123456789abcdef&From=%2B14155550100&To=%2B14155550101&CallStatus=completed",
        b"a=1&a=2&a=3&b=&c",
        "name=Zoë+Müller&note=%F0%9F%98%80&empty=&x%5B0%5D=1".encode(),
        b"&".join(b"f%d=v" % number for number in range(1001)),
    ]


def _write_form(chance: Random) -> bytes:
    pieces = ["a", "b", "%00", "%ff", "%ED%A0%80", "%", "%2", "+", "é", "%26", "%3D", "&", "=", ";"]
    return "".join(chance.choice(pieces) for _ in range(chance.choice([3, 20, 200]))).encode()


FORM = Target(
    "form",
    _check_form,
    _form_samples,
    _write_form,
    words=[b"&", b"=", b"+", b"%", b"%00", b"%ff", b"%F0%9F", b";", b"a=", b"%u0041"],
    most=_LARGEST_BODY,
)


# ------------------------------------------------------------------------------------- signatures

_PLAIN: Sequence[Mapping[str, Any]] = (
    {
        "preset": Preset("basic", {"username": "hub"}),
        "headers": {"authorization": "Basic aHViOnMzY3JldA=="},
        "secret": "s3cret",
    },
    {
        "preset": Preset("bearer"),
        "headers": {"authorization": "Bearer s3cret"},
        "secret": "s3cret",
    },
    {"preset": Preset("public"), "headers": {}, "secret": ""},
)
_OF_VECTORS = tuple(
    {**each, "preset": preset_of(each), "headers": headers_of(each)}
    for each in VECTORS
    if each["valid"]
)
_PROOFS = ({"body": "{}", "now": 1763664833, **each} for each in _PLAIN)
_KNOWN: Sequence[Mapping[str, Any]] = (*_OF_VECTORS, *_PROOFS)
_NUMBERS = frozenset(map(str, range(len(_KNOWN))))
_SIGN_FORMS = frozenset({"twilio", "signalwire"})
_VOUCHES_FOR_NOTHING = frozenset(
    {"basic", "bearer", "public", "shared_header", "vapi_secret", "google_calendar"}
)


def _request(number: int) -> bytes:
    """A case: the number of the known request, its headers, an empty line, the body."""
    known = _KNOWN[number]
    headers = "".join(f"{name}: {value}\n" for name, value in known["headers"].items())
    return f"{number}\n{headers}\n{known['body']}".encode("latin-1", "replace")


def _check_signature(case: bytes) -> None:
    head, _, body = case.partition(b"\n\n")
    number, *lines = head.decode("latin-1").split("\n")
    known = _KNOWN[int(number) if number in _NUMBERS else 0]
    preset = known["preset"]
    headers = {name: value for name, _, value in (line.partition(": ") for line in lines)}
    try:
        verify(
            preset,
            headers=headers,
            body=body,
            secrets=["another", known["secret"]],
            now=datetime.fromtimestamp(known["now"], UTC),
            method=known.get("method", "POST"),
            url=known.get("url", ""),
        )
    except Rejected as refused:
        expect(refused.status == _UNAUTHORIZED, f"refused with {refused.status}")
        return
    is_vouched_for = preset.type not in _VOUCHES_FOR_NOTHING
    if is_vouched_for:
        said = _as_form if preset.type in _SIGN_FORMS else bytes
        bodies = {said(each["body"].encode()) for each in _OF_VECTORS}
        expect(said(body) in bodies, f"{preset.type} takes a body that nobody signed")


def _as_form(body: bytes) -> bytes:
    """What is signed of a form is what it says, not how: `%2b` is `%2B`."""
    return b"".join(name + value for name, value in sorted(set(pairs_of(body))))


def _write_signature(chance: Random) -> bytes:
    """A good request with one header of another shape."""
    number = chance.randrange(len(_KNOWN))
    head, _, body = _request(number).partition(b"\n\n")
    lines = head.split(b"\n")
    at = chance.randrange(len(lines))
    name = lines[at].partition(b": ")[0]
    pieces = [
        b"v1,",
        b"v1a,",
        b"t=1763664833",
        b"v1=",
        b"v0=",
        b"d=",
        b"v=",
        b",",
        b" ",
        b"=",
        b"ab",
    ]
    value = b"".join(chance.choice(pieces) for _ in range(chance.choice([0, 1, 5, 40, 400])))
    lines[at] = name + b": " + value
    return b"\n".join(lines) + b"\n\n" + body


SIGNATURES = Target(
    "signatures",
    _check_signature,
    lambda: [_request(number) for number in range(len(_KNOWN))],
    _write_signature,
    words=[
        *(b"v1,", b"v1a,", b"t=", b"v1=", b"sha256=", b"Bearer ", b"Basic ", b",", b" ", b"===="),
        *(
            b"whsec_",
            b"\n",
            b": ",
            b"webhook-id: x\n",
            b"svix-id: x\n",
            *map(str.encode, AUTH_TYPES),
        ),
    ],
    most=_LONGEST_HEADERS,
)
