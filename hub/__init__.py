"""Webhook Hub: declarative webhook endpoints and YAML workflows on PostgreSQL.

Public for authors of actions: `action`, `Attempt`, `Clock`, the annotations `Phone`, `Email`,
`Url`, and the two kinds of failure, `Permanent` and `Transient`.
"""

from hub.action import Attempt, Clock, action
from hub.errors import Permanent, Transient
from hub.signature import Email, Phone, Url

__all__ = ["Attempt", "Clock", "Email", "Permanent", "Phone", "Transient", "Url", "action"]
