"""Outputs to a published set that were made elsewhere, scored by its own rule and by ours, side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

from rungwise.errors import UserError
from rungwise.evaluate.predictions import read_predictions
from rungwise.evaluate.questions import load_suite
from rungwise.evaluate.results import Row, interval, missing_row, scored_row, share, summary
from rungwise.files import write_json, write_json_lines
from rungwise.suites.published.item import Bad, refuse


def rescore(
    suite: str,
    predictions: Path,
    *,
    patch: Path | None = None,
    skip_bad: bool = False,
    out: Path | None = None,
) -> dict[str, Any]:
    """Score the outputs in a file.

    Args:
        suite: a published set, NAME:PATH[#SUBSET].
        predictions: see ``read_predictions``. Items without an output count as wrong.
        patch: corrected labels.
        skip_bad: read on past damaged rows of either file.
        out: folder for ``predictions.jsonl`` and ``results.json``.

    Returns:
        The content of ``results.json``: as of an evaluation, with "official" accuracies beside the strict ones, the
        two ``scorings`` compared, and the numbers of ``missing`` outputs and ``skipped`` rows.

    Raises:
        UserError: no such set, no predictions that belong to it, or a damaged row (unless skipped).
        OSError: a file can't be opened or written.
    """
    loaded = load_suite(suite, patch=patch, skip_bad=skip_bad)
    if loaded.published is None:
        raise UserError(f"{suite} is no published set; score takes NAME:PATH[#SUBSET]")
    skipped = list(loaded.skipped)
    bad: Bad = (lambda error: skipped.append(str(error))) if skip_bad else refuse
    items = [question.published[1] for question in loaded.questions if question.published is not None]
    texts = read_predictions(predictions, items, bad)
    rows = [
        row
        for question in loaded.questions
        for row in (
            [scored_row(question, text, k) for k, text in enumerate(texts[question.index])]
            if question.index in texts
            else [missing_row(question)]
        )
    ]
    found = summary(rows)
    for task, cell in found["by_task"].items():
        cell["official"] = share([row for row in rows if row["task"] == task], itemgetter("official"))
    results = {
        "suite": suite,
        "view": loaded.view,
        "model": str(predictions),
        "samples": max(map(len, texts.values())),
        **found,
        "official": share(rows, itemgetter("official")),
        "scorings": two_scorings(rows),
        "missing": len(items) - len(texts),
        "skipped": len(skipped),
    }
    if out is not None:
        write_json_lines(out / "predictions.jsonl", rows)
        write_json(out / "results.json", results)
    return results


def two_scorings(rows: Sequence[Row], seed: int = 0) -> dict[str, Any]:
    """Accuracy by both rules with intervals, how many outputs each alone calls right, and our reasons for those that
    only the official rule does."""
    both = Counter((bool(row["official"]), bool(row["score"])) for row in rows)
    reasons = Counter(row["reason"].partition(":")[0] for row in rows if row["official"] and not row["score"])
    return {
        **{
            name: {"accuracy": share(rows, itemgetter(key)), "interval": interval(rows, itemgetter(key), seed)}
            for name, key in (("official", "official"), ("strict", "score"))
        },
        "both": both[True, True],
        "official_only": both[True, False],
        "strict_only": both[False, True],
        "neither": both[False, False],
        "official_only_reasons": dict(reasons.most_common()),
    }
