"""The worker process: hears the doorbell, claims runs, works on several at once.

listener.py   RQ hears the doorbell
doorbell.py   what an RQ job does here: wake the runner
runner.py     claims, the runs in hand, leases
hands.py      the threads that do them
rounds.py     what any worker does now and then: sweep, schedules
watch.py      takes up files that are saved
metrics_port.py   a page for Prometheus, where no web runs
process.py    start, signals, drain
"""

from hub.worker.process import run_worker

__all__ = ["run_worker"]
