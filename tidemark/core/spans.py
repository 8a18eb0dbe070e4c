"""Arithmetic of spans of time, `[start, end)`."""

from collections.abc import Iterable
from datetime import datetime

Span = tuple[datetime, datetime]


def union(spans: Iterable[Span]) -> list[Span]:
    """Merge spans that touch or overlap; empty and reversed ones are dropped."""
    merged: list[Span] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def without(spans: list[Span], holes: list[Span]) -> list[Span]:
    """Cut holes out of spans; both as `union` gives them."""
    left: list[Span] = []
    for start, end in spans:
        at = start
        for hole_start, hole_end in holes:
            if hole_end <= at or hole_start >= end:
                continue
            left.append((at, hole_start))
            at = hole_end
        left.append((at, end))
    return union(left)


def clipped(spans: list[Span], within: Span) -> list[Span]:
    """Return what of spans lies within another."""
    return union((max(start, within[0]), min(end, within[1])) for start, end in spans)
