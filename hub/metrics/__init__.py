"""What a process counts and measures, and the page on which Prometheus reads it.

catalogue.py  every metric with its meaning; whoever counts imports it from there
metric.py     a metric: counts nothing until this process keeps its figures
keeping.py    the files of a process, and those of processes that are gone
page.py       the sum of all processes, in Prometheus' form

Figures of one process lie in files that outlive it (SIGKILL too), so that what all processes of a
machine did together is never less than before. Nothing here raises: a full disk costs figures and
no request.
"""

from hub.metrics.keeping import Keeper, keep
from hub.metrics.page import PAGE_TYPE, Figure, page

__all__ = ["PAGE_TYPE", "Figure", "Keeper", "keep", "page"]
