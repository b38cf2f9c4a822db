"""Outputs that were made elsewhere: read from JSON, JSON lines, CSV or Parquet and matched to a set's items."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from rungwise.errors import UserError
from rungwise.suites.published.damaged import rows
from rungwise.suites.published.item import Bad

TEXTS = (
    "all_generated_answers", "raw_inference_result", "generated_answer", "generated_text", "completion", "prediction",
    "response", "output", "text",
)  # fmt: skip
"""Fields that hold what a model wrote (a text, or a list of texts: its samples); the first that a row has is read.
``all_generated_answers``: CauGym's published outputs; ``raw_inference_result``: the published o1 answers."""

IDS = ("id", "question_id", "idx")
MAX_SAMPLES = 1000


class Named(Protocol):
    """An item that outputs belong to."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def text(self) -> str:
        """Its prompt."""


def read_predictions(path: Path, items: Sequence[Named], bad: Bad) -> dict[int, list[str]]:
    """The texts of every item that has some, by the item's place.

    Rows belong to items by id where every row's id is one of the items'; else by "index", by the prompt (equal up to
    spaces), or by their order where there are as many rows as items. Several rows of an item are its samples. Where
    only some rows belong to items, ``bad`` is told.

    Raises:
        UserError: no field with texts, no way to match the rows, or a damaged row (unless ``bad`` returns).
        OSError: the file can't be opened.
    """
    found = [(where, row, texts) for where, row in rows(path, bad) if (texts := _texts(where, row, bad))]
    if not found:
        raise UserError(f"{path} holds no predictions")
    places = _places(path, [row for _, row, _ in found], items, bad)
    if not _matched(places):
        raise UserError(f"no row of {path} belongs to an item of the set")
    out: dict[int, list[str]] = defaultdict(list)
    for at, (where, _, texts) in zip(places, found, strict=True):
        if at is None:
            continue
        if len(out[at]) + len(texts) > MAX_SAMPLES:
            raise UserError(f"{where}: item {items[at].id} has more than {MAX_SAMPLES} samples")
        out[at] += texts
    return dict(out)


def _texts(where: str, row: dict[str, Any], bad: Bad) -> list[str]:
    field = next((field for field in TEXTS if row.get(field) is not None), None)
    if field is None:
        bad(UserError(f"{where} has none of the fields {', '.join(TEXTS)}"))
        return []
    texts = row[field]
    if isinstance(texts, str) and field == TEXTS[0] and texts.lstrip().startswith("["):  # a list in a CSV's cell
        with suppress(json.JSONDecodeError, RecursionError):
            texts = json.loads(texts)
    texts = texts if isinstance(texts, list) else [texts]
    if not texts or not all(isinstance(text, str) for text in texts):
        bad(UserError(f"{where}: {field} is neither a text nor a list of texts"))
        return []
    return texts


def _places(path: Path, given: Sequence[dict[str, Any]], items: Sequence[Named], bad: Bad) -> list[int | None]:
    """The place of each row's item; None for rows of no item where ``bad`` passes over them."""
    ids, prompts = [item.id for item in items], [_squeezed(item.text) for item in items]
    ways: list[tuple[Sequence[Any], list[Any]]] = [
        *((ids, [row.get(field) for row in given]) for field in IDS),
        (range(len(items)), [row.get("index") for row in given]),
        (prompts, [_squeezed(row.get("prompt")) for row in given]),
    ]
    best: list[int | None] = []
    for keys, names in ways:
        places = {str(key): i for i, key in enumerate(keys)}
        found = [places.get(str(name)) if name is not None else None for name in names]
        if len(places) == len(items) and None not in found:
            return found
        best = max(best, found, key=_matched)
    if len(given) == len(items):
        return list(range(len(items)))
    bad(
        UserError(
            f"{len(given) - _matched(best)} of the {len(given)} rows of {path} can't be matched to the {len(items)}"
            " items: give each the item's id, its index from 0 or its prompt; --skip-bad scores the others"
        )
    )
    return best


def _matched(places: Sequence[int | None]) -> int:
    return sum(place is not None for place in places)


def _squeezed(text: Any) -> str | None:
    return " ".join(text.split()) if isinstance(text, str) else None
