"""`hub.yaml` (language, chapters 1 and 13; docs/configuration.md)."""

from __future__ import annotations

from hub.engine.language.parts import EVENT, MODE
from hub.engine.language.shapes import (
    Boolean,
    Choice,
    Duration,
    Either,
    Fixed,
    Inner,
    Integer,
    Key,
    ListOf,
    Named,
    OrExpression,
    Place,
    Text,
    Timezone,
    Version,
)

ENVIRONMENT = Text(
    r"[A-Z][A-Z0-9_]{0,127}", "capital letters, digits and _ (such as `BROKER_API_TOKEN`)"
)
PROJECT_NAME = Text(r"[a-z][a-z0-9_-]{0,62}", "small letters, digits, _ and -")
CONFIG_NAME = Text(r"[a-z][a-z0-9_]{0,62}", "small letters, digits and _ (such as `tell_team`)")
CONFIG_TYPES = ("string", "integer", "number", "boolean", "array")
PORT = Integer(1, 65_535)

PRESET = Place(
    "a preset of `auth`",
    "One way for callers to prove themselves; its type says which further keys it has.",
    keys=(
        Key("type", Text(names="auth_type"), "How the proof is made.", is_required=True),
        Key(
            "secret",
            Either((Text(), ListOf(Text()))),
            "The name of a secret, or a list of names of which any is right.",
            is_required=True,
            examples=("BROKER_API_TOKEN",),
        ),
    ),
    others=Fixed(),
)

DECLARATION = Place(
    "a value of `config`",
    "Where a setting comes from, and its JSON Schema.",
    keys=(
        Key("type", Choice(CONFIG_TYPES), "What kind of value it is.", is_required=True),
        Key(
            "env",
            ENVIRONMENT,
            "The variable of the environment that holds it.",
            is_required=True,
            examples=("TEAM_EMAIL",),
        ),
        Key("default", Fixed(), "What it is when the variable is not set."),
    ),
    others=Fixed(),
)

CONNECTION_PLACE = Place(
    "a connection",
    "An account of a service outside.",
    keys=(
        Key("type", Text(), "Which service it is.", is_required=True, examples=("slack",)),
        Key(
            "base_url",
            OrExpression(Text()),
            "Where the service lies.",
            otherwise="the service's own",
        ),
        Key("credentials", Named(Text(), PROJECT_NAME), "Names of secrets, never their values."),
        Key(
            "options",
            Named(Fixed(), PROJECT_NAME),
            "Settings of this account, or `${{ config.<name> }}`.",
        ),
    ),
)

_TEXTS = OrExpression(ListOf(Text()))

DESTINATIONS = Place(
    "test_destinations",
    "Who may be reached in mode `test`; the first takes what was meant for others.",
    keys=(
        Key("phone", _TEXTS, "Phone numbers such as `+12025550100`."),
        Key("email", _TEXTS, "E-mail addresses."),
        Key("channel", _TEXTS, "Channels such as `#test`."),
        Key("url", _TEXTS, "Addresses of other services."),
    ),
)

NETWORK = Text(form="a network such as `10.1.0.0/16`")

OUTBOUND = Place(
    "a rule of `outbound_allow`",
    "Private addresses that `http.*` may reach all the same.",
    keys=(
        Key("network", NETWORK, "The network, such as `10.1.0.0/16`.", is_required=True),
        Key(
            "ports",
            ListOf(PORT),
            "The ports that may be reached.",
            otherwise="all",
        ),
    ),
)

RETENTION = Place(
    "retention",
    "How long is kept what is over (E19).",
    keys=(
        Key(
            "runs",
            Duration("1d", "3650d"),
            "Runs from their end on, with all they did, their requests and `once_per` keys.",
            default="90d",
        ),
        Key(
            "audit",
            Duration("30d", "3650d"),
            "What operators did by hand: the rows of `hub audit`.",
            default="400d",
        ),
    ),
)

STREAM = Place(
    "a stream",
    "Events that who proves himself may watch, as server-sent events.",
    keys=(
        Key(
            "path",
            Text(
                r"(?:/(?:[A-Za-z0-9._~-]+|\{[a-z][a-z0-9_]*\}))+",
                "`/api/v1/things/{id}/events`",
            ),
            "The whole path; its one part such as `{id}` is the key of the events.",
            is_required=True,
            examples=("/api/v1/bookings/{id}/events",),
        ),
        Key("auth", Text(), "A preset of `auth`.", is_required=True, examples=("app_reader",)),
        Key("events", ListOf(EVENT), "The names of the events.", is_required=True),
    ),
)

ISSUER = Text(
    r"https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~%/-]*)?"
    r"|http://(?:127\.0\.0\.1|localhost)(?::[0-9]{1,5})?(?:/[A-Za-z0-9._~%/-]*)?",
    "`https://accounts.example.com`; `http://` only on this machine",
)
SIGNED_BY = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
SCOPE = Text(r"[A-Za-z0-9._:/-]{1,100}", "letters, digits and `._:/-` (such as `email`)")
DOMAIN = Text(r"(?:[a-z0-9-]{1,63}\.)+[a-z0-9-]{2,63}", "`example.com`, in small letters")

PROVIDER = Place(
    "`provider`",
    "Who proves people by OpenID Connect: they are known to it, and invited here.",
    keys=(
        Key(
            "name",
            Text(r"[^\x00-\x1f]{1,40}", "at most 40 characters"),
            "What the button says.",
            is_required=True,
            examples=("Google",),
        ),
        Key(
            "issuer",
            ISSUER,
            "Its address, as its tokens name it.",
            is_required=True,
            examples=("https://accounts.google.com",),
        ),
        Key(
            "client_id",
            Text(r"[\x21-\x7e]{1,300}", "one word"),
            "What it calls this hub.",
            is_required=True,
        ),
        Key(
            "client_secret",
            ENVIRONMENT,
            "The name of the secret that it gave this hub.",
            is_required=True,
            examples=("CONSOLE_CLIENT_SECRET",),
        ),
        Key(
            "algorithms",
            ListOf(Choice(SIGNED_BY), fewest=1),
            "How it may sign; none of them works with a shared secret.",
            otherwise="`[RS256, ES256]`",
        ),
        Key(
            "scopes",
            ListOf(SCOPE, fewest=1),
            "What it is asked for; `openid` must be among them.",
            otherwise="`[openid, email]`",
        ),
        Key(
            "domains",
            ListOf(DOMAIN),
            "Only e-mail addresses of these domains may sign in through it.",
            otherwise="all, as far as they are invited",
        ),
    ),
)

SIGN_IN = Place(
    "`sign_in`",
    "How people sign in to the console.",
    keys=(
        Key(
            "passwords",
            Boolean(),
            "Whether passwords open the console. A link that the hub prints always does.",
            default=True,
        ),
        Key("provider", Inner(PROVIDER), "Another way beside passwords, or instead of them."),
    ),
)

CONSOLE = Place(
    "`console`",
    "The pages at `/admin`.",
    keys=(Key("sign_in", Inner(SIGN_IN), "How people sign in."),),
)

HUB = Place(
    "hub.yaml",
    "The settings that all workflows of a project share.",
    keys=(
        Key("hub", Version(), "The version of the language.", is_required=True),
        Key(
            "timezone",
            Timezone(),
            "The zone of workflows that name none.",
            default="UTC",
            examples=("America/New_York",),
        ),
        Key(
            "base_path",
            Text(r"(?:/[A-Za-z0-9._~-]+)+", "`/webhook`"),
            "What stands before the names of endpoints without a `path`.",
            default="/webhook",
        ),
        Key("mode", MODE, "The mode of workflows that name none.", otherwise="`simulate`"),
        Key("auth", Named(Inner(PRESET), PROJECT_NAME), "How callers prove themselves."),
        Key(
            "config",
            Named(Inner(DECLARATION), CONFIG_NAME),
            "Settings that workflows read as `config.<name>`; they come from the environment.",
        ),
        Key(
            "secrets",
            ListOf(ENVIRONMENT),
            "Names that may stand in `auth`, `connections` and as `secrets.<NAME>`.",
        ),
        Key(
            "connections",
            Named(Inner(CONNECTION_PLACE), PROJECT_NAME),
            "Accounts of the services outside.",
        ),
        Key("test_destinations", Inner(DESTINATIONS), "Who may be reached in mode `test`."),
        Key(
            "outbound_allow",
            ListOf(Either((NETWORK, Inner(OUTBOUND)))),
            "Private networks that `http.*` may reach.",
        ),
        Key("retention", Inner(RETENTION), "How long is kept what is over."),
        Key("streams", Named(Inner(STREAM), PROJECT_NAME), "Events that may be watched."),
        Key("console", Inner(CONSOLE), "The pages at `/admin`."),
    ),
)
