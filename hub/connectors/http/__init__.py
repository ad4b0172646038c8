"""The one way out: every HTTP request of the hub, and the actions `http.*`.

Addresses are judged when they are connected to (S3), an attempt ends at its deadline whatever the
far side does (E9), redirects are not followed, and there is no cookie jar, no proxy and nothing
else that one request could leave behind for the next.
"""

from hub.connectors.http.actions import HttpResult, delete, get, post, put
from hub.connectors.http.addresses import OutboundPolicy
from hub.connectors.http.answers import HttpAnswer, excerpt, failure_of
from hub.connectors.http.client import Http

__all__ = [
    "Http",
    "HttpAnswer",
    "HttpResult",
    "OutboundPolicy",
    "delete",
    "excerpt",
    "failure_of",
    "get",
    "post",
    "put",
]
