"""Pages of other hosts over HTTP: who may read an answer, and who is asked first (K-22)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hub.errors import Misconfigured
from tests.acceptance import counter
from tests.acceptance.counter import BROKER, Counter, open_counter

CONFIG = """
config:
  booking_origins:
    type: array
    items: {type: string, format: origin}
    env: BOOKING_ORIGINS
    default: ["https://staging.example.com"]
"""
FLOW = """
hub: 1
title: Is called by a page
endpoint:
  path: {path}
  method: {method}
  auth: {auth}
  cors: ["https://book.example.com", "${{{{ config.booking_origins }}}}"]
  {more}
steps:
  - {steps}
"""


def flow(path: str, *, auth: str = "broker", method: str = "POST", more: str = "") -> str:
    return FLOW.format(path=path, auth=auth, method=method, more=more, steps="return: {ok: true}")


FILES = {
    "hub.yaml": counter.FILES["hub.yaml"] + CONFIG,
    "schemas/named.json": '{"type": "object", "required": ["name"]}',
    "workflows/listed.yaml": flow("/book", more="payload: schemas/named.json"),
    "workflows/seen.yaml": flow("/book", method="GET", auth="public"),
    "workflows/limited.yaml": flow("/few", auth="public", more="rate_limit: 1 per day per ip"),
    "workflows/own.yaml": flow("/own", more="respond: {within: 1s, otherwise: {status: later}}"),
    "workflows/unlisted.yaml": """
hub: 1
title: Is called by servers
endpoint: {path: /servers, auth: broker}
steps:
  - return: done
""",
}
PAGE, STAGING, OTHER = (
    {"Origin": f"https://{host}.example.com"} for host in ("book", "staging", "evil")
)
ALLOWED = "Access-Control-Allow-Origin"


@pytest.fixture
def open_pages(tmp_path: Path, database: str, redis_url: str):
    @contextmanager
    def opening(**environment: str) -> Iterator[Counter]:
        with open_counter(
            tmp_path,
            database_url=database,
            redis_url=redis_url,
            files=FILES,
            environment=environment,
        ) as opened:
            yield opened

    return opening


@pytest.fixture
def pages(open_pages):
    with open_pages() as opened:
        yield opened


def preflight(pages: Counter, path: str, origin: dict[str, str], method: str = "POST"):
    asked = {"Access-Control-Request-Method": method, **origin}
    return pages.client.options(path, headers=asked)


def test_K22_a_page_of_the_list_may_read_what_its_request_was_answered(pages):
    for page in (PAGE, STAGING):
        answer = pages.post("/book", {"name": "Ada"}, headers=BROKER | page)

        assert answer.status_code == 202
        assert answer.headers[ALLOWED] == page["Origin"]
        assert answer.headers.getlist("Vary") == ["Origin"]
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_K22_a_request_of_another_origin_counts_but_its_page_reads_nothing(pages):
    answer = pages.post("/book", {"name": "Ada"}, headers=BROKER | OTHER)

    assert answer.status_code == 202
    assert ALLOWED not in answer.headers
    assert answer.headers["Vary"] == "Origin"
    assert len(pages.runs) == 1


def test_K22_who_is_no_page_is_served_as_before(pages):
    answer = pages.post("/book", {"name": "Ada"}, headers=BROKER)
    assert (answer.status_code, answer.headers.get(ALLOWED)) == (202, None)
    assert answer.headers["Vary"] == "Origin"  # a cache must not keep this for a page


def test_K22_a_preflight_makes_no_delivery_no_run_and_uses_up_no_limit(pages):
    for _ in range(3):
        answer = preflight(pages, "/few", PAGE)
        assert (answer.status_code, answer.data) == (204, b"")
        assert answer.headers[ALLOWED] == PAGE["Origin"]
        assert answer.headers["Access-Control-Allow-Methods"] == "POST"
        assert "Content-Type" in answer.headers["Access-Control-Allow-Headers"]

    assert pages.post("/few", {}, headers=PAGE).status_code == 202
    assert len(pages.deliveries) == len(pages.runs) == 1


def test_K22_a_preflight_of_another_origin_hears_nothing_and_the_log_says_why(pages, caplog):
    caplog.set_level("INFO")
    answer = preflight(pages, "/book", OTHER)

    assert answer.status_code == 204
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control-")]
    (line,) = [each for each in caplog.records if each.message == "request"]
    assert (line.workflow, line.status) == ("listed", 204)
    assert line.reason == "the origin of the page is not in `cors` of this endpoint"


def test_a_preflight_is_for_the_method_that_is_asked_for(pages):
    answer = preflight(pages, "/book", PAGE, "GET")
    assert answer.headers["Access-Control-Allow-Methods"] == "GET"
    assert preflight(pages, "/book", PAGE, "DELETE").status_code == 405


@pytest.mark.parametrize("headers", [{}, PAGE, {"Access-Control-Request-Method": "POST"}])
def test_options_that_is_no_preflight_is_refused_as_before(pages, headers):
    assert pages.client.options("/book", headers=headers).status_code == 405


def test_an_endpoint_without_the_key_answers_no_preflight_and_names_no_origin(pages):
    assert preflight(pages, "/servers", PAGE).status_code == 405
    answer = pages.post("/servers", {}, headers=BROKER | PAGE)
    assert answer.status_code == 202
    assert ALLOWED not in answer.headers
    assert "Vary" not in answer.headers


@pytest.mark.parametrize(
    ("status", "send"),
    [
        (400, lambda pages: pages.post("/book", b"{not json", headers=BROKER | PAGE)),
        (401, lambda pages: pages.post("/book", {}, headers=PAGE)),
        (405, lambda pages: pages.client.delete("/book", headers=PAGE)),
        (413, lambda pages: pages.post("/book", {"a": "b" * 300_000}, headers=BROKER | PAGE)),
        (415, lambda pages: pages.client.post("/book", data="a", headers=BROKER | PAGE)),
        (422, lambda pages: pages.post("/book", {}, headers=BROKER | PAGE)),
        (429, lambda pages: [pages.post("/few", {}, headers=PAGE) for _ in range(2)][1]),
    ],
)
def test_K22_the_page_can_read_a_refusal(pages, status, send):
    answer = send(pages)

    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert answer.headers[ALLOWED] == PAGE["Origin"]
    assert answer.headers.getlist("Vary") == ["Origin"]


def test_K22_the_page_can_read_that_something_went_wrong_on_our_side(pages, monkeypatch):
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("hub.web.endpoints.replies", broken)
    answer = pages.post("/own", {}, headers=BROKER | PAGE)

    assert answer.status_code == 500
    assert answer.headers[ALLOWED] == PAGE["Origin"]


def test_the_origins_of_an_installation_come_from_its_environment(open_pages):
    with open_pages(BOOKING_ORIGINS="https://a.example.com, http://localhost:3000") as pages:
        for origin, is_known in (
            ("https://a.example.com", True),
            ("http://localhost:3000", True),
            ("https://staging.example.com", False),
        ):
            answer = pages.post("/book", {"name": "A"}, headers=BROKER | {"Origin": origin})
            assert (answer.headers.get(ALLOWED) == origin) is is_known


def test_an_origin_that_no_browser_writes_stops_the_start(open_pages):
    told = "Set BOOKING_ORIGINS to what hub.yaml says of config.booking_origins"
    with (
        pytest.raises(Misconfigured, match=told),
        open_pages(BOOKING_ORIGINS="https://a.example.com/"),
    ):
        pass
