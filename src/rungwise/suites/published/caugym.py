"""CauGym's test sets (arXiv 2602.06337): a JSON list of ``{problem, answer, Reason, Type, ...}``.

``answer`` is a JSON string, ``{"ANSWER": "Yes", "PROB": "0.3847"}``, for PN and PS without ANSWER, or LACK_CONDITION.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rungwise.errors import UserError
from rungwise.files import parse_json, read_json
from rungwise.problems.problem import EFFECTS, LACK_CONDITION, TASKS, Answer
from rungwise.wording.reader import MAX_CHARS

MAX_ITEMS = 1_000_000


@dataclass(frozen=True, slots=True)
class PublishedItem:
    """One item as published.

    Attributes:
        id: the file's ``idx`` or ``id`` where these are there and unique, else the item's number from 0.
        task: its ``Type``.
        text: the whole prompt.
        label: the published value and answer, right or wrong.
    """

    id: str
    task: str
    text: str
    label: Answer

    @property
    def lack(self) -> bool:
        """Whether the label says that the facts do not determine the value."""
        return self.label.answer == LACK_CONDITION


def load(path: Path, subset: str | None = None) -> list[PublishedItem]:
    """The items of a test file, or of ``SUBSET_dataset.json`` in the data set's folder.

    Raises:
        UserError: not such a file; the message names the file and the item.
        OSError: it can't be opened.
    """
    if path.is_dir():
        path = _in_folder(path, subset)
    elif subset is not None:
        raise UserError(f"{path} is one file and has no subset {subset!r}; leave out '#{subset}'")
    rows = read_json(path)
    if not isinstance(rows, list) or not rows:
        raise UserError(f"{path} is no CauGym test set: a JSON list of items is expected")
    if len(rows) > MAX_ITEMS:
        raise UserError(f"{path} has {len(rows)} items; at most {MAX_ITEMS} are read")
    items = [_item(row, i, f"{path} item {i}") for i, row in enumerate(rows)]
    if len({item.id for item in items}) < len(items):
        items = [replace(item, id=str(i)) for i, item in enumerate(items)]
    return items


def _in_folder(folder: Path, subset: str | None) -> Path:
    found = sorted(p.name.removesuffix("_dataset.json") for p in folder.glob("*_dataset.json"))
    if subset not in found:
        raise UserError(f"name one subset of {folder}, as in '{folder}#base'; there: {', '.join(found) or 'none'}")
    return folder / f"{subset}_dataset.json"


def _item(row: Any, number: int, where: str) -> PublishedItem:
    if not isinstance(row, dict):
        raise UserError(f"{where} is not an object")
    for key in ("problem", "answer", "Type"):
        if not isinstance(row.get(key), str):
            raise UserError(f"{where}: {key!r} is missing or no text")
    if row["Type"] not in TASKS:
        raise UserError(f"{where}: unknown Type {row['Type'][:20]!r}; tasks are {', '.join(TASKS)}")
    if len(row["problem"]) > MAX_CHARS:
        raise UserError(f"{where}: the problem has {len(row['problem'])} characters; at most {MAX_CHARS} are read")
    name = next((row[key] for key in ("idx", "id") if isinstance(row.get(key), (int, str))), number)
    return PublishedItem(str(name), row["Type"], row["problem"], _label(row["answer"], row["Type"], where))


def _label(answer: str, task: str, where: str) -> Answer:
    if answer.strip() == LACK_CONDITION:
        return Answer(None, LACK_CONDITION)
    fields = parse_json(answer, f"{where}: the answer")
    try:
        value, said = float(fields["PROB"]), fields["ANSWER"].strip().capitalize() if task in EFFECTS else None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"{where}: the answer lacks a readable PROB or ANSWER: {answer[:80]!r}") from error
    if not math.isfinite(value) or said not in ("Yes", "No", None):
        raise UserError(f"{where}: the answer is neither a number with Yes or No nor a number alone: {answer[:80]!r}")
    return Answer(value, said)
