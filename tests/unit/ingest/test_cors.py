"""What browsers hear about an endpoint's pages (K-22)."""

from uuid import uuid4

import pytest

from hub.engine.project import load_project
from hub.engine.start import Start
from hub.errors import Rejected
from hub.ingest.cors import without_cors
from hub.ingest.dialects import Packed
from hub.ingest.receive import Reception
from hub.ingest.signatures import AUTH_TYPES
from tests.fakes.clock import FakeClock
from tests.unit.ingest.door import DIALECT_FACTS, HUB, workflow

CONFIG = """
config:
  one:
    type: string
    format: origin
    env: ONE
  many:
    type: array
    items: {type: string, format: origin}
    env: MANY
    default: []
"""
PAGE, OTHER = "https://book.example.com", "https://evil.example.com"
LISTED = f'auth: broker\nheaders: [X-Visitor]\ncors: ["{PAGE}", "${{{{ config.many }}}}"]'


def reception(*endpoints, config=None, known=None):
    files = {"hub.yaml": HUB + CONFIG}
    files |= {
        f"workflows/door-{place}.yaml": workflow(each) for place, each in enumerate(endpoints)
    }
    project = load_project(files, actions={}, auth_types=AUTH_TYPES, dialects=DIALECT_FACTS)
    assert not project.errors, [str(each) for each in project.errors]
    return Reception(
        workflows=project.workflows,
        settings=project.settings,
        secrets=lambda _: (),
        record=lambda *_: (),
        admit=lambda *_, **__: None,
        seal=bytes,
        start=lambda flow, trigger: Start(flow, trigger, config={}, now=FakeClock().now()),
        now=FakeClock().now,
        new_id=uuid4,
        config=config or {},
        known=known,
    )


def cors(*endpoints, **options):
    return reception(*endpoints, **options).find("POST", "/webhook/door-0").cors


def test_K22_a_page_of_the_list_is_named_and_no_other_ever():
    allowed = cors(LISTED).answered(PAGE)

    assert allowed["Access-Control-Allow-Origin"] == PAGE
    assert allowed["Vary"] == "Origin"
    assert "Access-Control-Allow-Credentials" not in allowed
    for other in (
        OTHER,
        "null",
        "*",
        "",
        None,
        f"{PAGE}:443",
        f"{PAGE}.evil.example",
        PAGE.upper(),
    ):
        assert cors(LISTED).answered(other) == {"Vary": "Origin"}


def test_K22_a_preflight_is_told_the_method_and_the_headers_that_the_endpoint_reads():
    packed = cors(LISTED).preflight(PAGE)

    assert (packed.status, packed.body) == (204, b"")
    assert packed.headers["Access-Control-Allow-Origin"] == PAGE
    assert packed.headers["Access-Control-Allow-Methods"] == "POST"
    assert packed.headers["Access-Control-Allow-Headers"] == (
        "Authorization, Content-Type, Idempotency-Key, Traceparent, X-Visitor"
    )
    assert "Origin" in packed.headers["Vary"]
    assert set(cors(LISTED).preflight(OTHER).headers) == {"Vary"}


def test_the_origin_itself_may_be_read_without_being_a_header_that_a_page_sets():
    told = cors(f"auth: broker\nheaders: [Origin]\ncors: [{PAGE}]").preflight(PAGE)
    assert "Origin" not in told.headers["Access-Control-Allow-Headers"].split(", ")


@pytest.mark.parametrize(
    ("named", "config", "origins"),
    [
        ("many", {"many": [PAGE, OTHER]}, {PAGE, OTHER}),
        ("many", {"many": []}, set()),
        ("one", {"one": PAGE}, {PAGE}),
        ("one", {}, set()),
    ],
)
def test_config_gives_one_origin_or_a_list_or_none(named, config, origins):
    found = cors(f'auth: broker\ncors: ["${{{{ config.{named} }}}}"]', config=config)
    assert found.origins == origins


def test_another_value_of_config_is_in_force_though_the_workflow_is_the_same():
    before = reception(LISTED, config={"many": []})
    after = reception(LISTED, config={"many": [OTHER]}, known=before)
    assert after.find("POST", "/webhook/door-0").cors.origins == {PAGE, OTHER}


def test_an_endpoint_without_the_key_says_nothing_about_origins():
    door = reception("auth: broker")
    assert door.find("POST", "/webhook/door-0").cors is None
    assert door.cors_at("/webhook/door-0") is None


def test_a_method_that_is_not_taken_is_refused_so_that_the_page_can_read_it():
    door = reception(f"path: /things\nauth: broker\ncors: [{PAGE}]", "path: /others\nauth: broker")
    with pytest.raises(Rejected):
        door.find("DELETE", "/things")
    assert door.cors_at("/things").origins == {PAGE}
    assert door.cors_at("/others") is None
    assert door.cors_at("/nothing") is None


def test_what_a_workflow_says_about_origins_gives_way_to_the_key():
    said = {"access-control-allow-ORIGIN": "*", "X-Own": "1"}
    assert without_cors(Packed(200, b"{}", said)).headers == {"X-Own": "1"}
    plain = Packed(200, b"{}", {"X-Own": "1"})
    assert without_cors(plain) is plain
