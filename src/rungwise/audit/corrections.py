"""The corrections that an audit comes to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rungwise.audit.run import Audit, Judged
from rungwise.problems.problem import TOLERANCE
from rungwise.suites.published.item import Truth
from rungwise.suites.published.patch import FIELDS

CHANGED = ("wrong", "rounding", "undetermined", "unlabelled")
"""Verdicts after which a label is changed; of those by rounding only labels beyond the tolerance have them."""


def changes(audit: Audit) -> list[dict[str, Any]]:
    """The corrections that an audit comes to. Where ``truth`` is None nothing is changed."""
    return [change for judged in audit.judged for change in _changes(judged)]


def _changes(judged: Judged) -> Iterator[dict[str, Any]]:
    item, finding = judged.item, judged.finding
    if finding.truth is None or finding.outcome not in CHANGED:
        return
    old = item.label or Truth()
    for field in FIELDS:
        before, after = getattr(old, field), getattr(finding.truth, field)
        if isinstance(before, float) and isinstance(after, float) and abs(before - after) <= TOLERANCE:
            continue
        if before != after:
            yield {"id": item.id, "field": field, "old": before, "new": after, "why": finding.why}
