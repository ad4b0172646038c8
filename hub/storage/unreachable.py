"""What to do about a PostgreSQL that cannot be reached, in words for who must act. Pure."""

from __future__ import annotations

# What libpq and the driver say when they connect, from the particular to the general. A fault at
# the connecting has no code, only these texts.
_KNOWN: tuple[tuple[str, str], ...] = (
    (
        "server does not support SSL",
        (
            "the server offers no TLS: switch it on there (`ssl = on`), or set sslmode=disable"
            " where nobody can listen between here and there"
        ),
    ),
    (
        "does not match host name",
        "the server's certificate is for another name: use the name that stands in it as host",
    ),
    (
        "certificate verify failed",
        (
            "the server's certificate is from an authority that this machine does not know: name"
            " the authority's PEM file, or put a certificate on the server that is known everywhere"
        ),
    ),
    (
        "root certificate file",
        "the PEM file of the certificate authority is not there or cannot be read: mend its path",
    ),
    (
        "may not be used with sslrootcert=system",
        "this sslmode needs the PEM file of a certificate authority: name one, or use verify-full",
    ),
    (
        "no encryption",
        (
            "the server takes nobody from here without TLS: set sslmode=verify-full, or allow it in"
            " the server's pg_hba.conf"
        ),
    ),
    ("no pg_hba.conf entry", "the server takes nobody from here: allow it in its pg_hba.conf"),
    ("password authentication failed", "user or password is wrong: set those of the server"),
    ("no password supplied", "the server wants a password: set one"),
    ("does not exist", "the server has no such database or role: create it, or name another one"),
    ("too many clients", "the server has no connection left: end some, or raise max_connections"),
    ("starting up", "the server is starting: ask again in a moment"),
    ("resolve host", "its name is not known here: mend the host in the address"),
    ("translate host name", "its name is not known here: mend the host in the address"),
    ("Connection refused", "nothing listens there: start the server, or mend host and port"),
    ("No such file or directory", "nothing listens there: start the server, or mend the address"),
    ("timeout", "no answer comes: see whether the server lives and a firewall lets you through"),
)


def what_to_do(said: str) -> str:
    """A sentence for what the driver said when it connected; empty when nothing is known of it."""
    return next((advice for words, advice in _KNOWN if words in said), "")
