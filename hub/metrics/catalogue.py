"""Every metric of the hub, in the order of the page. docs/metrics.md is made from it."""

from __future__ import annotations

from hub.metrics.metric import LONG_SECONDS, SECONDS, Kind, Metric, Source

CATALOGUE: dict[str, Metric] = {}
NO_ENDPOINT = "-"  # requests that belong to no endpoint, whatever they ask for: one label for all


def _metric(
    name: str,
    kind: Kind,
    meaning: str,
    *labels: str,
    source: Source = "processes",
    buckets: tuple[float, ...] = (),
) -> Metric:
    CATALOGUE[name] = Metric(name, meaning, kind, labels, source, buckets)
    return CATALOGUE[name]


# -------------------------------------------------------------------------------- requests

REQUESTS = _metric(
    "hub_requests_total",
    "counter",
    "Requests that were answered; endpoint `-`: none of ours. 401: not proved, 429: too many",
    "endpoint",
    "status",
)
REQUEST_SECONDS = _metric(
    "hub_request_seconds",
    "histogram",
    "From the head of a request to its answer, the waiting for a run included",
    "endpoint",
    buckets=SECONDS,
)
REQUESTS_IN_PROGRESS = _metric(
    "hub_requests_in_progress", "gauge", "Requests that living web processes have in hand"
)
STREAMS = _metric("hub_event_streams", "gauge", "Event streams that living web processes keep open")
AUTH_FAILURES = _metric(
    "hub_auth_failures_total", "counter", "Requests whose sender proved nothing (401)", "endpoint"
)
REPLAYS = _metric(
    "hub_dedupe_replays_total",
    "counter",
    "Calls whose key was known: they got the first one's answer and made no run",
    "endpoint",
)
ANSWERS = _metric(
    "hub_answers_total",
    "counter",
    "Callers that waited for a run; by `run`, or by `otherwise` when it was not done in time",
    "endpoint",
    "by",
)
ANSWER_SECONDS = _metric(
    "hub_answer_seconds",
    "histogram",
    "How long callers that waited for a run did so, in all",
    "endpoint",
    buckets=SECONDS,
)

# ------------------------------------------------------------------------------------ runs

RUNS_ACCEPTED = _metric(
    "hub_runs_accepted_total",
    "counter",
    "Runs that were made by a `request` or a `schedule`",
    "workflow",
    "by",
)
RUNS_ENDED = _metric(
    "hub_runs_ended_total",
    "counter",
    "Runs that ended: `succeeded`, `failed`, `cancelled`, `undo_failed`",
    "workflow",
    "status",
)
RUN_SECONDS = _metric(
    "hub_run_seconds",
    "histogram",
    "From the acceptance of a run to its end, its waiting included",
    "workflow",
    buckets=LONG_SECONDS,
)
RUNS_IN_HAND = _metric("hub_runs_in_hand", "gauge", "Runs that living workers work on just now")
STEPS = _metric(
    "hub_steps_total",
    "counter",
    "Attempts at actions: `succeeded`, `simulated`, `retried` (tried again later), `failed`",
    "action",
    "outcome",
)
OUTBOUND_CALLS = _metric(
    "hub_outbound_calls_total",
    "counter",
    "Calls of services outside: `done`, `refused` (for good), `failed` (may be tried again),"
    " `unknown` (maybe done)",
    "action",
    "outcome",
)
OUTBOUND_SECONDS = _metric(
    "hub_outbound_seconds",
    "histogram",
    "How long calls of services outside took",
    "action",
    buckets=SECONDS,
)
LEASES_TAKEN_OVER = _metric(
    "hub_leases_taken_over_total", "counter", "Runs whose worker died: they went to others"
)
SCHEDULE_LATENESS = _metric(
    "hub_schedule_lateness_seconds",
    "histogram",
    "How long after its planned time a schedule was fired",
    buckets=LONG_SECONDS,
)
DOORBELL = _metric(
    "hub_doorbell_rings_total",
    "counter",
    "Rings for workers: `rung`, `failed`, `rested` (not tried after a failure)",
    "outcome",
)

# ------------------------------------------------------------------------ booking sessions

BROWSER_SESSIONS = _metric(
    "hub_browser_sessions", "gauge", "Booking sessions that living browser workers have in hand"
)
BROWSER_ENDS = _metric(
    "hub_browser_sessions_ended_total",
    "counter",
    "Booking sessions that browser workers ended, by outcome",
    "outcome",
)
BROWSER_SECONDS = _metric(
    "hub_browser_steps_seconds",
    "histogram",
    "How long steps 1 to 4 of a booking page took",
    "platform",
    buckets=LONG_SECONDS,
)

# ----------------------------------------------------------------- asked of the database

DATABASE_UP = _metric(
    "hub_database_up",
    "gauge",
    "1: the database answered within the time of the page; 0: its figures are missing",
    source="database",
)
BOOKS = _metric(
    "hub_books_runs",
    "gauge",
    "Runs by account: `accepted` = `ended` + `queued` + `waiting` + `leased`",
    "account",
    source="database",
)
BOOKS_MISSING = _metric(
    "hub_books_missing_runs",
    "gauge",
    "What the accounts lack: 0, or a run is lost",
    source="database",
)
RUNS = _metric(
    "hub_runs",
    "gauge",
    "Runs that are not over: `queued`, `running`, `waiting`",
    "workflow",
    "status",
    source="database",
)
QUEUE_LENGTH = _metric(
    "hub_queue_length",
    "gauge",
    "Queued runs that are due: above HUB_MOST_WAITING requests get 503",
    source="database",
)
QUEUE_OLDEST = _metric(
    "hub_queue_oldest_seconds",
    "gauge",
    "For how long the run that waits longest for a worker has been due",
    source="database",
)
SCHEDULES_LATE = _metric(
    "hub_schedule_late_seconds",
    "gauge",
    "How long the schedule has been due without being fired",
    "workflow",
    source="database",
)
WORKERS = _metric(
    "hub_workers",
    "gauge",
    "Workers that said in the last 15 seconds that they live",
    source="database",
)

# ------------------------------------------------------ asked of the process that answers

REDIS_UP = _metric("hub_redis_up", "gauge", "1: Redis answers", source="here")
PROCESSES = _metric(
    "hub_processes",
    "gauge",
    "Living processes that keep figures in this directory: `web`, `worker`, `browser`",
    "role",
    source="here",
)
WORKFLOWS = _metric(
    "hub_workflows",
    "gauge",
    "Workflows: `served`, `unserved` (an action is missing), `broken` (their file has errors)",
    "state",
    source="here",
)
BUILD = _metric(
    "hub_build_info", "gauge", "1; which version answers", "version", "python", source="here"
)
