"""What a connection to a mail server says: pure."""

from __future__ import annotations

from hub.connectors.connections import ConnectionType, Field

SMTP = ConnectionType(
    name="smtp",
    title="Mail server",
    actions=("email.send",),
    credentials=(
        Field("username", "user name, where the server wants one", required=False),
        Field("password", "password of that user", required=False),
    ),
    options=(
        Field("from", "sender's address"),
        Field(
            "tls",
            "starttls (default of smtp://), tls (default of smtps://), or none",
            required=False,
        ),
        Field("ca_file", "PEM file of a private certificate authority", required=False),
        Field("sending", "on (the default), or off: mails are logged, not sent", required=False),
    ),
    base_url=Field("base_url", "smtp://host:587 or smtps://host:465"),
)
