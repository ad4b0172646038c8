"""The page that Prometheus reads: what all processes counted, and what was asked for it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import isinf
from typing import Any

from hub.metrics.catalogue import CATALOGUE
from hub.metrics.keeping import Counts, Keeper
from hub.metrics.metric import Metric

PAGE_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Figure:
    """One value of a metric that was asked for this page."""

    metric: Metric
    value: float
    labels: tuple[str, ...] = ()


def page(keeper: Keeper, figures: Iterable[Figure]) -> bytes:
    """The text of the page; dead processes are buried first."""
    from prometheus_client import generate_latest  # noqa: PLC0415 - only who is asked loads it

    keeper.bury()
    families = _Families(keeper.counts(), list(figures))
    text: bytes = generate_latest(families)
    return text


@dataclass(frozen=True)
class _Families:
    """What the library asks for metrics: those of the catalogue, in its order."""

    counts: Counts
    figures: list[Figure]

    def collect(self) -> Iterator[Any]:
        from prometheus_client.metrics_core import Metric as Family  # noqa: PLC0415

        kept = self._kept()
        for metric in CATALOGUE.values():
            family = Family(metric.name.removesuffix("_total"), metric.meaning, metric.kind)
            asked = [
                (metric.name, tuple(zip(metric.labels, each.labels, strict=True)), each.value)
                for each in self.figures
                if each.metric is metric
            ]
            for name, labels, value in [*kept[metric.name], *asked]:
                family.add_sample(name, dict(labels), value)
            if family.samples:
                yield family

    def _kept(self) -> defaultdict[str, list[tuple[str, _Labels, float]]]:
        """The samples of each metric; values under names that no metric has any more are left."""
        found: defaultdict[str, list[tuple[str, _Labels, float]]] = defaultdict(list)
        for kind, values in self.counts.items():
            summed = _summed(values)
            if kind == "histogram":
                summed = _accumulated(summed)
            for (metric, name, labels), value in summed.items():
                found[f"{metric}_total" if kind == "counter" else metric].append(
                    (name, labels, value)
                )
        return found


_Samples = dict[tuple[str, str, _Labels], float]


def _summed(values: dict[str, float]) -> _Samples:
    summed: defaultdict[tuple[str, str, _Labels], float] = defaultdict(float)
    for key, value in sorted(values.items()):
        metric, name, labels, _ = json.loads(key)
        summed[metric, name, tuple(sorted(labels.items()))] += value
    return summed


def _accumulated(samples: _Samples) -> _Samples:
    """Each bucket holds those below it as well; the last one is the count."""
    buckets: defaultdict[tuple[str, _Labels], dict[float, float]] = defaultdict(dict)
    others: _Samples = {}
    for (metric, name, labels), value in samples.items():
        edge = dict(labels).get("le")
        if edge is None:
            others[metric, name, labels] = value
        else:
            rest = tuple(label for label in labels if label[0] != "le")
            buckets[metric, rest][float(edge)] = value
    found: _Samples = {}
    for (metric, rest), by_edge in buckets.items():
        below = 0.0
        for upper in sorted(by_edge):
            below += by_edge[upper]
            told = "+Inf" if isinf(upper) else str(upper)
            found[metric, f"{metric}_bucket", (*rest, ("le", told))] = below
        found[metric, f"{metric}_count", rest] = below
        sum_key = metric, f"{metric}_sum", rest
        found[sum_key] = others.get(sum_key, 0.0)
    return found
