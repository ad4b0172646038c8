"""Callers that sign with a private key: the secret that is set is their published public key."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from hub.ingest.signatures.building_blocks import UNPROVED, decoded
from hub.ingest.signatures.evidence import Evidence, Options, Verified, refused


def rsa_of_body(evidence: Evidence, options: Options) -> Verified:
    """RSA PKCS#1 v1.5 with SHA-256 over the body alone; no time."""
    given = decoded(evidence.header(options["header"]), "base64")
    matches = [_is_signed(given, evidence.body, pem) for pem in evidence.secrets]
    if not any(matches):
        raise refused(UNPROVED)
    return Verified()


def _is_signed(signature: bytes, body: bytes, pem: bytes) -> bool:
    r"""A key that cannot be read proves nobody and hinders no other.

    Its lines may be joined by `\n`, as in variables that cannot hold more than one line.
    """
    try:
        key = load_pem_public_key(pem.replace(b"\\n", b"\n"))
        if not isinstance(key, RSAPublicKey):
            return False
        key.verify(signature, body, PKCS1v15(), SHA256())
    except (ValueError, UnsupportedAlgorithm, InvalidSignature):
        return False
    return True
