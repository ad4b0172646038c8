"""The keys of a file of tests, by place (language, chapter 14)."""

from __future__ import annotations

SHARED_KEYS = (
    "now",
    "payload",
    "request",
    "params",
    "query",
    "inputs",
    "config",
    "mocks",
    "real",
    "given",
)
"""Keys of the file that hold for all its tests, and of each test, whose own values win."""

FILE_KEYS = ("hub", "workflow", *SHARED_KEYS, "tests")
TRIAL_KEYS = ("name", *SHARED_KEYS, "timeline", "crash_after", "expect")
MERGED_KEYS = ("payload", "params", "query", "inputs", "config", "mocks")
"""Keys whose values are joined key by key; of all others the test's own replaces the file's."""

REQUEST_KEYS = ("body", "headers", "query")
OUTCOME_KEYS = ("returns", "fails", "maybe_done", "takes")
EVENT_KEYS = ("after", "at", "emit", "key", "data", "request", "cancel")
EXPECT_KEYS = (
    "response",
    "status",
    "error",
    "result",
    "steps",
    "did",
    "did_not",
    "simulated",
    "emitted",
    "runs",
    "took",
    "shows",
)
SHOWN_KEYS = ("with", "gives")
RESPONSE_KEYS = ("status", "body", "headers")
STATUSES = ("succeeded", "failed", "cancelled", "undo_failed", "waiting", "running", "queued")
