"""What the source must not hold, looked for in the source (S1, S3, S4, S17, S19, S20)."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HUB = ROOT / "hub"


@cache
def trees() -> dict[Path, ast.Module]:
    """The hub's source."""
    return {path: ast.parse(path.read_text("utf-8")) for path in sorted(HUB.rglob("*.py"))}


def nodes(*rooms: str) -> Iterator[tuple[str, ast.AST]]:
    """Every node of the hub's source, or of some rooms, with its place."""
    for path, tree in trees().items():
        name = path.relative_to(ROOT).as_posix()
        if not rooms or name.startswith(rooms):
            for node in ast.walk(tree):
                yield f"{name}:{getattr(node, 'lineno', 0)}", node


def dotted(node: ast.AST) -> str:
    """`a.b.c` of a name or attribute; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else node.attr
    return ""


# -------------------------------------------------------------------------------- comparing secrets

SECRET = re.compile(r"secret|password|credential|signature|bearer|hmac|auth_token", re.IGNORECASE)
# Names that hold no secret: types, names and places of secrets, flags.
NO_SECRET = re.compile(
    r"secret_(?:header|names?|places?|inputs)|is_secret|Secret\b|SecretText|_SECRET_|hmac\."
    r"|known_credentials|_BASE64_SECRETS|\.secrets$|^secrets$|signature\."
)


def _is_compared(node: ast.AST) -> bool:
    return isinstance(node, ast.Compare) and any(
        isinstance(each, ast.Eq | ast.NotEq | ast.In | ast.NotIn) for each in node.ops
    )


def test_S1_the_verifiers_compare_only_with_literals():
    """Every `==` and `in` of the module that sees secrets has a literal or a header's name."""
    free = {"name == scheme", "name not in known"}
    found = [
        f"{place} {ast.unparse(node)}"
        for place, node in nodes("hub/ingest/signatures/")
        if isinstance(node, ast.Compare)
        and _is_compared(node)
        and not any(isinstance(each, ast.Constant) for each in (node.left, *node.comparators))
        and not all(name == "evidence.headers" for name in map(dotted, node.comparators))
        and ast.unparse(node) not in free
        and "len(" not in ast.unparse(node)
    ]

    assert found == []


def test_S1_nothing_that_is_called_a_secret_is_compared_with_equals():
    found = [
        f"{place} {ast.unparse(node)}"
        for place, node in nodes()
        if isinstance(node, ast.Compare) and _is_compared(node)
        for each in (node.left, *node.comparators)
        if SECRET.search(dotted(each)) and not NO_SECRET.search(dotted(each))
    ]

    assert found == []


# ------------------------------------------------------------------------------- running what comes

NEVER_CALLED = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "os.system",
    "os.popen",
    "yaml.load",
    "yaml.unsafe_load",
    "pickle.loads",
    "pickle.load",
    "marshal.loads",
    "tempfile.mktemp",
    "ssl._create_unverified_context",
    "ssl._create_default_https_context",
    "app.run",
    "run_simple",
    "DebuggedApplication",
}
NEVER_IMPORTED = {"pickle", "marshal", "shelve", "dill", "yaml", "jinja2", "lxml", "code"}
# ruamel.yaml's round trip keeps nodes and builds no Python objects.
CALLED_ALL_THE_SAME = {("hub/editing/round_trip.py", "yaml.load")}
NEVER_GIVEN = {"shell": True, "verify": False, "debug": True, "use_reloader": True, "reload": True}


def test_S4_S17_S20_nothing_is_called_that_runs_what_it_is_given():
    called = [
        f"{place} {dotted(node.func)}"
        for place, node in nodes()
        if isinstance(node, ast.Call)
        and dotted(node.func) in NEVER_CALLED
        and (place.partition(":")[0], dotted(node.func)) not in CALLED_ALL_THE_SAME
    ]
    given = [
        f"{place} {word.arg}={word.value.value}"
        for place, node in nodes()
        if isinstance(node, ast.Call)
        for word in node.keywords
        if isinstance(word.value, ast.Constant)
        and word.arg in NEVER_GIVEN
        and word.value.value is NEVER_GIVEN[word.arg]
    ]

    assert called == []
    assert given == []


def imported() -> Iterator[tuple[str, str]]:
    """Every import: where, and which module."""
    for place, node in nodes():
        if isinstance(node, ast.Import):
            for each in node.names:
                yield place, each.name
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield place, node.module
        elif isinstance(node, ast.Call) and dotted(node.func).endswith("import_module"):
            for argument in node.args[:1]:
                if isinstance(argument, ast.Constant):
                    yield place, str(argument.value)


def test_S17_nothing_is_imported_that_unpacks_code():
    found = [
        f"{place} {name}" for place, name in imported() if name.split(".")[0] in NEVER_IMPORTED
    ]

    assert found == []


# ------------------------------------------------------------------------------------- the ways out

# Who may import what opens a connection, and why it is no way round `hub.connectors.http`.
WAYS_OUT = {
    "hub/connectors/http/backend.py": "reads and writes what `sockets` connected",
    "hub/connectors/http/client.py": "names the type of a TLS context",
    "hub/connectors/http/outgoing.py": "reads URLs with httpx",
    "hub/connectors/http/pool.py": "the one way out",
    "hub/connectors/http/sockets.py": "looks up, judges, connects",
    "hub/connectors/smtp.py": "the mail server of hub.yaml, by `open_socket`",
    "hub/connectors/smtp_failures.py": "names what smtplib raises",
    "hub/connectors/sql.py": "the database of hub.yaml, by `hub.storage.db`",
    "hub/connectors/sql_failures.py": "names what the driver raises",
    "hub/connectors/sql_rights.py": "names the type of a connection",
    "hub/connectors/sql_rows.py": "names the type of a connection",
    "hub/connectors/twilio_client.py": "sends by `Http`, see `WayOut`",
    "hub/storage/db.py": "the hub's own database",
    "hub/storage/answers.py": "the hub's own database: LISTEN",
    "hub/storage/hand.py": "the hub's own database, by `hub.storage.db`",
    "hub/storage/statement.py": "the hub's own database, by `hub.storage.db`",
    "hub/storage/json_text.py": "how JSON is written to the hub's own database",
    "hub/queue.py": "the hub's own Redis",
    "hub/rates.py": "the hub's own Redis",
    "hub/lean_redis.py": "loads the client, opens nothing",
    "hub/worker/listener.py": "the hub's own Redis",
    "hub/worker/process.py": "the name of this host",
    "hub/worker/metrics_port.py": "is read by Prometheus",
    "hub/web/server.py": "takes requests",
    "hub/web/patience.py": "ends what takes too long",
    "hub/web/sharing.py": "patches for greenlets, and begins none",
    "hub/web/listening.py": "the socket on which requests come",
    "hub/embedded/__init__.py": "the embedded servers, seen by who started them",
    "hub/embedded/account.py": "starts the embedded servers",
    "hub/embedded/postgres.py": "the embedded server's socket",
    "hub/embedded/valkey.py": "the embedded server's socket",
    "hub/cli/backups.py": "starts PostgreSQL's own programs",
    "hub/cli/household.py": "starts web and worker",
    "hub/cli/ports.py": "looks for a free port",
    "hub/cli/demo/caller.py": "the demo calls its own hub on loopback",
    "hub/bootstrap/git_commits.py": "starts git, without a shell",
    "hub/browser/checking.py": "asyncio: drives the browser, whose only way out is way_out.py",
    "hub/browser/chromium.py": "asyncio: drives the browser, whose only way out is way_out.py",
    "hub/browser/page.py": "asyncio: drives the browser, opens nothing",
    "hub/browser/process.py": "asyncio, and the name of this host",
    "hub/browser/steps.py": "asyncio: drives the browser, opens nothing",
    "hub/browser/stream.py": "asyncio: drives the browser, opens nothing",
    "hub/browser/visit.py": "asyncio: drives the browser, opens nothing",
    "hub/browser/way_out.py": "pages in the browser: to addresses that the policy allows, pinned",
    "hub/cli/demo/clinic/serving.py": "the mock page of `hub demo`, on loopback",
    "hub/lines.py": "the hub's own Redis",
    "hub/cli/demo/page/serving.py": "the demo page listens on loopback, beside `hub dev` alone",
}
CONNECTING = {
    "aiohttp",
    "asyncio",
    "ftplib",
    "gevent",
    "gunicorn",
    "http.client",
    "http.server",
    "httpcore",
    "httpx",
    "imaplib",
    "poplib",
    "psycopg",
    "redis",
    "requests",
    "smtplib",
    "socket",
    "socketserver",
    "ssl",
    "subprocess",
    "telnetlib",
    "twilio",
    "urllib.request",
    "urllib3",
    "websocket",
    "xmlrpc",
}


def test_S3_nobody_else_opens_connections():
    found = {
        place.partition(":")[0]
        for place, name in imported()
        if any(name == each or name.startswith(f"{each}.") for each in CONNECTING)
        and not name.startswith("redis.exceptions")
    }

    assert found == set(WAYS_OUT)


def test_S3_a_socket_is_made_in_one_place():
    """What leads out passes `open_socket`; the others bind, or look at themselves."""
    makers = {"create_connection", "socket.socket", "connect", "connect_ex", "getaddrinfo"}
    found = sorted(
        {
            place.partition(":")[0]
            for place, node in nodes("hub/connectors", "hub/engine", "hub/domain", "hub/ingest")
            if isinstance(node, ast.Call)
            and (dotted(node.func) in makers or dotted(node.func).startswith("socket.create"))
        }
    )

    assert found == ["hub/connectors/http/sockets.py"]


# ------------------------------------------------------------------------------- the static checker

NOQA = re.compile(r"#\s*noqa\s*:\s*([A-Z0-9, ]*\bS\d{3}[A-Z0-9, ]*)", re.IGNORECASE)
FOR_MANY_LINES = re.compile(r"#\s*(ruff|flake8)\s*:", re.IGNORECASE)  # may set a whole file aside
# Where a finding of the security rules is set aside, how often, and why.
SET_ASIDE = {
    ("hub/bootstrap/git_commits.py", "S603"): (1, "starts git, without a shell"),
    ("hub/bootstrap/in_force.py", "S311"): (1, "jitter of retries is no secret"),
    ("hub/cli/backups.py", "S603"): (2, "starts PostgreSQL's own programs, without a shell"),
    ("hub/cli/household.py", "S603"): (1, "starts this program itself, without a shell"),
    ("hub/cli/serving.py", "S606"): (1, "becomes this program's own module, without a shell"),
    ("hub/config.py", "S104"): (1, "a platform that sets PORT wants all interfaces"),
    ("hub/domain/interactions.py", "S608"): (1, "joins statements of our own, values are bound"),
    ("hub/embedded/account.py", "S108"): (1, "a folder that mkdtemp makes private"),
    ("hub/embedded/account.py", "S603"): (1, "starts the embedded servers, without a shell"),
    ("hub/engine/check/scope.py", "S105"): (1, "a sentence, no password"),
    ("hub/storage/console_sessions.py", "S608"): (1, "joins texts of our own, values are bound"),
    ("hub/storage/finding_runs.py", "S608"): (10, "joins conditions of our own, values are bound"),
    ("hub/storage/people.py", "S608"): (6, "joins columns of our own, values are bound"),
    ("hub/storage/deliveries.py", "S608"): (3, "joins statements of our own, values are bound"),
    ("hub/storage/invariants.py", "S608"): (1, "joins statements of our own"),
    ("hub/storage/mail_addresses.py", "S608"): (5, "joins conditions of our own, values are bound"),
    ("hub/storage/once.py", "S608"): (3, "joins statements of our own, values are bound"),
    ("hub/storage/reading.py", "S608"): (2, "joins columns of our own, values are bound"),
    ("hub/storage/retention.py", "S608"): (3, "joins statements of our own, values are bound"),
    ("hub/storage/runs.py", "S608"): (6, "joins statements of our own, values are bound"),
    ("hub/storage/versions.py", "S608"): (1, "joins statements of our own, values are bound"),
}


def test_S19_every_finding_that_is_set_aside_is_known_with_its_reason():
    found: dict[tuple[str, str], int] = {}
    for path in trees():
        for line in path.read_text("utf-8").splitlines():
            assert not FOR_MANY_LINES.search(line), path
            for rules in NOQA.findall(line):
                for rule in re.findall(r"S\d{3}", rules):
                    key = (path.relative_to(ROOT).as_posix(), rule)
                    found[key] = found.get(key, 0) + 1

    assert found == {place: count for place, (count, _) in SET_ASIDE.items()}


def test_S19_the_security_rules_of_the_checker_are_on():
    settings = (ROOT / "pyproject.toml").read_text("utf-8")
    ignored = settings[settings.index("ignore = [") : settings.index("[tool.ruff.lint.mccabe]")]

    assert 'select = ["ALL"]' in settings
    assert not re.search(r'"S\d*"', ignored)
    assert not re.search(r'"hub/.*"S\d+"', settings)


# --------------------------------------------------------------------------- the tests of this file


@pytest.mark.parametrize(
    ("check", "planted"),
    [
        (test_S1_the_verifiers_compare_only_with_literals, "def f(a, b):\n    return a == b\n"),
        (test_S1_nothing_that_is_called_a_secret_is_compared_with_equals, "x = o.password == y\n"),
        (test_S4_S17_S20_nothing_is_called_that_runs_what_it_is_given, "eval('1')\n"),
        (test_S4_S17_S20_nothing_is_called_that_runs_what_it_is_given, "f(['ls'], shell=True)\n"),
        (test_S17_nothing_is_imported_that_unpacks_code, "import pickle\n"),
        (test_S3_nobody_else_opens_connections, "from urllib.request import urlopen\n"),
        (test_S3_a_socket_is_made_in_one_place, "import socket\nsocket.socket()\n"),
    ],
)
def test_what_is_planted_is_found(
    monkeypatch: pytest.MonkeyPatch, check: Callable[[], None], planted: str
):
    places = ("hub/ingest/signatures/planted.py", "hub/engine/planted.py")
    made = {ROOT / name: ast.parse(planted) for name in places}
    monkeypatch.setitem(globals(), "trees", lambda: made)

    with pytest.raises(AssertionError):
        check()
