"""CauGym (arXiv 2602.06337): its test sets, a JSON list of ``{problem, answer, Reason, Type, ...}``, and its training
files, Parquet rows of ``{prompt, reward_model: {ground_truth}, ...}``.

``answer`` and ``ground_truth`` are JSON in a string, ``{"ANSWER": "Yes", "PROB": "0.3847"}``, for PN and PS without
ANSWER, or LACK_CONDITION.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rungwise.errors import UserError
from rungwise.files import parse_json
from rungwise.problems.problem import EFFECTS, LACK_CONDITION, TASKS, TOLERANCE, Answer
from rungwise.scoring.score import Verdict, score
from rungwise.suites.published.damaged import Row, once_each, rows
from rungwise.suites.published.drift import drift
from rungwise.suites.published.effects import STANDING, audit_effect
from rungwise.suites.published.item import Bad, Benchmark, PublishedItem, Truth
from rungwise.wording.reader import MAX_CHARS, read

TEST = "_dataset.json"
TRAINING = ("online_RL.parquet", "cold_start_sft.parquet")

_PROB = re.compile(r'"PROB"\s*+:\s*+"?(-?\d{1,20}(?:\.\d{0,20})?)(?![\w.])')
_EDGE = 1e-9


def load(path: Path, subset: str | None, bad: Bad) -> Iterator[PublishedItem]:
    """The items of a test or training file, or of a subset of the data set's folder (``base``, ``online_RL``).

    Raises:
        UserError: no such file or subset; a row that ``bad`` does not pass over.
        OSError: it can't be opened.
    """
    if path.is_dir():
        path = _in_folder(path, subset)
    elif subset is not None:
        raise UserError(f"{path} is one file and has no subset {subset!r}; leave out '#{subset}'")
    numbered = ((row, str(number), where) for number, (where, row) in enumerate(rows(path, bad)))
    yield from once_each(numbered, _item, bad)


def _in_folder(folder: Path, subset: str | None) -> Path:
    found = {path.name.removesuffix(TEST): path for path in sorted(folder.glob(f"*{TEST}"))}
    found |= {name.removesuffix(".parquet"): folder / name for name in TRAINING if (folder / name).exists()}
    if subset not in found:
        raise UserError(f"name one subset of {folder}, as in '{folder}#base'; there: {', '.join(found) or 'none'}")
    return found[subset]


def _item(row: Row, number: str, where: str) -> PublishedItem:
    if "problem" in row:
        text, answer, task = row["problem"], row.get("answer"), row.get("Type")
        name = next((row[key] for key in ("idx", "id") if isinstance(row.get(key), (int, str))), number)
    else:  # a training file's: the ids of its two are no ids
        text, answer, name = _prompt(row), _inside(row, "reward_model", "ground_truth"), number
        task = row.get("Type") or _task_of(text)
    if not isinstance(text, str) or not isinstance(answer, str) or not isinstance(task, str):
        missing = next(k for k, v in (("problem", text), ("answer", answer), ("Type", task)) if not isinstance(v, str))
        raise UserError(f"{where}: {missing!r} is missing or no text")
    if task not in TASKS:
        raise UserError(f"{where}: unknown Type {task[:20]!r}; tasks are {', '.join(TASKS)}")
    if len(text) > MAX_CHARS:
        raise UserError(f"{where}: the problem has {len(text)} characters; at most {MAX_CHARS} are read")
    return PublishedItem(str(name), task, text, _label(answer, task, where), where, row)


def _prompt(row: Row) -> str | None:
    messages = row.get("prompt")
    if not isinstance(messages, list) or not messages or not isinstance(messages[-1], dict):
        return None
    content = messages[-1].get("content")
    return content if isinstance(content, str) else None


def _inside(row: Row, *keys: str) -> Any:
    value: Any = row
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _task_of(text: str | None) -> str | None:
    """The task of a prompt without a Type; what can't be read has none."""
    try:
        return read(text).query.task if text is not None else None
    except UserError:
        return None


def _label(answer: str, task: str, where: str) -> Truth:
    if answer.strip() == LACK_CONDITION:
        return Truth(None, LACK_CONDITION)
    fields = parse_json(answer, f"{where}: the answer")
    try:
        value, said = float(fields["PROB"]), fields["ANSWER"].strip().capitalize() if task in EFFECTS else None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f"{where}: the answer lacks a readable PROB or ANSWER: {answer[:80]!r}") from error
    if not math.isfinite(value) or abs(value) > 1 or said not in ("Yes", "No", None):
        raise UserError(
            f"{where}: the answer is neither a number from -1 to 1 with Yes or No nor one alone: {answer[:80]!r}"
        )
    return Truth(value, said)


def official(text: str, item: PublishedItem) -> float:
    """CauGym's published rule: 1 where any "PROB" in the text is within 5e-4 of the label's; ANSWER is ignored. For
    LACK_CONDITION: 1 where the text holds the word. So printing several numbers pays, and so does always LACK_CONDITION
    on a set that has no other answer."""
    assert item.label is not None
    if item.label.value is None:
        return float(LACK_CONDITION in text)
    wanted = item.label.value
    return float(any(abs(float(found) - wanted) <= TOLERANCE + _EDGE for found in _PROB.findall(text)))


def strict(text: str, item: PublishedItem) -> Verdict:
    """Ours: one final answer, value and Yes or No right."""
    assert item.label is not None
    return score(text, STANDING[item.task].with_(truth=Answer(item.label.value, item.label.answer)))


def write(item: PublishedItem, truth: Truth) -> str:
    """As the prompt asks: a JSON object with PROB and, for effects, ANSWER; or LACK_CONDITION."""
    return STANDING[item.task].with_(truth=Answer(truth.value, truth.answer)).answer_text("natural")


BENCHMARK = Benchmark(
    name="caugym",
    read=load,
    audit=audit_effect,
    official=official,
    strict=strict,
    write=write,
    source="CauGym's files are those published with arXiv 2602.06337",
    drift=drift,
)
