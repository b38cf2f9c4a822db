"""How far a model's score moves when labels are corrected."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rungwise.audit.run import Audit
from rungwise.evaluate.predictions import read_predictions
from rungwise.evaluate.statistics import paired_difference
from rungwise.suites.published.item import Benchmark, PublishedItem, refuse
from rungwise.suites.published.patch import Patch, patched

RULES = ("official", "strict")


def moves(audit: Audit, chosen: Benchmark, patch: Patch, predictions: Sequence[Path]) -> list[dict[str, Any]]:
    """For each file of outputs (or folder of a run) and each rule: the accuracy with the published labels, with the
    corrected ones, and the difference with its 95 % interval (items resampled); over the items that have both labels
    and an output.

    Raises:
        UserError: the outputs do not belong to the set.
        OSError: a file can't be opened.
    """
    before = [judged.item for judged in audit.judged]
    after = list(patched(before, patch))
    return [_moved(path, chosen, before, after) for path in predictions]


def _moved(
    path: Path, chosen: Benchmark, before: Sequence[PublishedItem], after: Sequence[PublishedItem]
) -> dict[str, Any]:
    texts = read_predictions(path / "predictions.jsonl" if path.is_dir() else path, before, refuse)
    asked = [i for i in sorted(texts) if before[i].label is not None and after[i].label is not None]
    places = [i for i in asked for _ in texts[i]]
    out: dict[str, Any] = {"model": str(path), "items": len(asked), "outputs": len(places)}
    if not places:
        return out
    for rule in RULES:
        old, new = (
            [_right(rule, chosen, items[i], text) for i in asked for text in texts[i]] for items in (before, after)
        )
        difference, low, high = paired_difference(new, old, places)
        out[rule] = {
            "published": sum(old) / len(old),
            "corrected": sum(new) / len(new),
            "difference": difference,
            "interval": [low, high],
        }
    return out


def _right(rule: str, chosen: Benchmark, item: PublishedItem, text: str) -> float:
    return float(chosen.official(text, item) if rule == "official" else chosen.strict(text, item).score)
