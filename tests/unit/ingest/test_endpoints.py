"""Which workflow a method and a path belong to."""

import pytest

from hub.engine.workflow import Endpoint
from hub.errors import Rejected
from hub.ingest.endpoints import EndpointIndex

INDEX = EndpointIndex(
    {
        "start": Endpoint(path="/api/v1/booking/start", auth="public"),
        "status": Endpoint(path="/api/v1/booking/{id}", auth="public", method="GET"),
        "cancel": Endpoint(path="/api/v1/booking/{id}", auth="public", method="DELETE"),
        "slot": Endpoint(path="/api/{a}/slots/{b}", auth="public"),
    }
)


@pytest.mark.parametrize(
    ("method", "path", "workflow", "params"),
    [
        ("POST", "/api/v1/booking/start", "start", {}),
        ("GET", "/api/v1/booking/start", "status", {"id": "start"}),
        ("GET", "/api/v1/booking/7", "status", {"id": "7"}),
        ("DELETE", "/api/v1/booking/a b", "cancel", {"id": "a b"}),
        ("POST", "/api/x/slots/y", "slot", {"a": "x", "b": "y"}),
    ],
)
def test_a_path_finds_its_workflow(method, path, workflow, params):
    match = INDEX.find(method, path)
    assert (match.workflow, match.params) == (workflow, params)


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("POST", "/api/v1/booking/7", 405, "DELETE, GET"),
        ("PUT", "/api/v1/booking/start", 405, "DELETE, GET, POST"),
        ("GET", "/", 404, None),
        ("GET", "/api/v1/booking/", 404, None),
        ("GET", "/api/v1/booking/7/x", 404, None),
        ("GET", "/api/v1/booking/../../etc/passwd", 404, None),
        ("POST", "/api/v1/booking/start/", 404, None),
        ("GET", "", 404, None),
    ],
)
def test_what_is_not_there_is_404_and_another_method_405(method, path, status, allow):
    with pytest.raises(Rejected) as refused:
        INDEX.find(method, path)
    assert refused.value.status == status
    assert refused.value.headers.get("Allow") == allow
