"""lm-evaluation-harness (0.4): what an exported task's ``utils.py`` calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rungwise.adapters.judge import judge, numbers
from rungwise.files import read_json_lines
from rungwise.language_models import require


def rows(file: Path) -> dict[str, Any]:
    """The data set of a task: its exported rows as the split "test"."""
    return {"test": require("datasets").Dataset.from_list([row for _, row in read_json_lines(file)])}


def process_results(doc: Mapping[str, Any], results: Sequence[str], prefill: str = "") -> dict[str, float]:
    """The metrics of one response. ``prefill``: the ``<think>`` that the chat template writes itself.

    Raises:
        UserError: the row's truth is damaged.
    """
    return numbers(judge(prefill + results[0], doc["truth"]))
