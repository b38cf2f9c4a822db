"""Suites as the files that other frameworks want: rows, the reward or task file, and the command that starts it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from string import Template
from typing import Any

import rungwise
from rungwise.adapters import texts
from rungwise.adapters.judge import row_of
from rungwise.errors import UserError
from rungwise.evaluate.protocol import MAX_NEW_TOKENS
from rungwise.evaluate.questions import Question, load_suite, own_questions
from rungwise.files import read_json, replacing, replacing_bytes, write_json
from rungwise.language_models import THINK
from rungwise.posttrain.judge import Judge
from rungwise.problems.streams import make_dice
from rungwise.suites.families import FAMILIES
from rungwise.suites.published import is_published
from rungwise.suites.shards import import_pyarrow
from rungwise.wording.answers import after_think, solution_text

SETTINGS = "export.json"
BLOCK = 1000
"""Rows that are held at a time; wrong completions come from the same block."""


@dataclass(frozen=True)
class Request:
    """What is exported.

    Attributes:
        suite, view, n, seed, limit: see ``load_suite``.
        target: one of TARGETS.
        prefill: what the chat template writes at the end of the prompt, ``<think>`` or nothing.
        plain: prompts for TRL are texts, for models without a chat template, and not messages.
    """

    suite: str
    target: str
    view: str | None = None
    n: int | None = None
    seed: int = 0
    limit: int | None = None
    prefill: str = ""
    plain: bool = False


Write = Callable[[Iterable[Question], Request, Path], int]
"""Writes a target's rows into a folder and returns how many items they are of."""


def export(request: Request, out: Path) -> dict[str, Any]:
    """Write a folder; again, the same files, where it was made by the same request.

    Returns:
        {"suite", "target", "view", "items", "test_items", "left_out", "out"}: how many items are of the test split,
        and how many were left out because they could not be read.

    Raises:
        UserError: an unknown suite, target or setting, or ``out`` holds something else.
        OSError: a file can't be read or written.
    """
    if request.target not in TARGETS:
        raise UserError(f"unknown target {request.target!r}; targets are {', '.join([*TARGETS, 'caugym'])}")
    if request.prefill not in ("", THINK):
        raise UserError(f"--prefill is what the chat template ends the prompt with: {THINK}, or left out")
    questions = iter(_questions(request))
    first = next(questions, None)
    if first is None:
        raise UserError(f"{request.suite} holds no items")
    stated = {"rungwise": rungwise.__version__, **vars(request)}
    _claim(out, stated)
    counts = {"test_items": 0, "left_out": 0}
    write, files = TARGETS[request.target]
    items = write(_asked([first], questions, counts), request, out)
    if not items:
        raise UserError(f"no item of {request.suite} could be read; there is nothing to export")
    for name, text in files.items():
        _write_text(out / name, _filled(text, request, first.view, items))
    write_json(out / SETTINGS, {**stated, "items": items})
    return {
        "suite": request.suite, "target": request.target, "view": first.view, "items": items, **counts, "out": str(out)
    }  # fmt: skip


def _questions(request: Request) -> Iterable[Question]:
    if is_published(request.suite) or request.suite in FAMILIES:
        return load_suite(request.suite, request.view, request.n, request.seed, request.limit).questions
    return own_questions(request.suite, request.view, request.n, request.seed, request.limit)


def _asked(first: list[Question], others: Iterator[Question], counts: dict[str, int]) -> Iterator[Question]:
    """The questions that there is a prompt for; counts those of the test split and those without a prompt."""
    for part in (first, others):
        for question in part:
            if question.prompt is None:
                counts["left_out"] += 1
            else:
                counts["test_items"] += question.published is None and question.problem.meta.get("split") == "test"
                yield question


def _claim(out: Path, stated: dict[str, Any]) -> None:
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file; choose another --out")
    if (out / SETTINGS).exists():
        old = read_json(out / SETTINGS)
        changed = ", ".join(sorted(key for key in stated if old.get(key) != stated[key]))
        if changed:
            raise UserError(f"{out} holds an export with other settings ({changed}); choose another --out")
    elif out.exists() and any(out.iterdir()):
        raise UserError(f"{out} holds something else; choose another --out")
    write_json(out / SETTINGS, stated)


def _filled(text: str, request: Request, view: str, items: int) -> str:
    metrics = "\n".join(f"  - metric: {name}\n    aggregation: mean\n    higher_is_better: {str(up).lower()}"
                        for name, up in _METRICS.items())  # fmt: skip
    return Template(text).safe_substitute(
        NAME=Path(request.suite).name, SLUG=slug(request.suite), VIEW=view, ITEMS=str(items), METRICS=metrics,
        PREFILL=json.dumps(request.prefill), TOKENS=str(MAX_NEW_TOKENS[view]),
    )  # fmt: skip


def slug(suite: str) -> str:
    """A suite's name as frameworks allow names of tasks."""
    return re.sub(r"\W+", "_", Path(suite).name).strip("_").lower() or "items"


_METRICS = {"score": True, "value_correct": True, "answer_correct": True, "unparsed": False, "by_expression": False}


def _write_text(path: Path, text: str) -> None:
    with replacing(path) as file:
        file.write(text)


def _json_lines(name: str) -> Write:
    def write(questions: Iterable[Question], request: Request, out: Path) -> int:
        count = 0
        with replacing(out / name) as file:
            for question in questions:
                file.write(json.dumps(row_of(question), ensure_ascii=False) + "\n")
                count += 1
        return count

    return write


def _verl(questions: Iterable[Question], request: Request, out: Path) -> int:
    """Parquet with the columns of verl's data sets; ``data_source`` names the task, so that each is plotted apart."""
    pyarrow = import_pyarrow()
    text = pyarrow.string()
    schema = pyarrow.schema(
        [
            ("data_source", text),
            ("prompt", pyarrow.list_(pyarrow.struct([("role", text), ("content", text)]))),
            ("ability", text),
            ("reward_model", pyarrow.struct([("style", text), ("ground_truth", text)])),
            ("extra_info", pyarrow.struct([("split", text), ("index", pyarrow.int64()), ("id", text)])),
        ]
    )
    count, rows = 0, iter(questions)
    with (
        replacing_bytes(out / "rows.parquet") as file,
        pyarrow.parquet.ParquetWriter(file, schema, compression="zstd") as writer,
    ):
        while block := list(islice(rows, BLOCK)):
            count += len(block)
            writer.write_table(pyarrow.Table.from_pylist([_verl_row(q) for q in block], schema=schema))
    return count


def _verl_row(question: Question) -> dict[str, Any]:
    row = row_of(question)
    split = question.problem.meta.get("split", "test") if question.published is None else "test"
    return {
        "data_source": row["datasource"],
        "prompt": [{"role": "user", "content": row["prompt"]}],
        "ability": "causal",
        "reward_model": {"style": "rule", "ground_truth": row["truth"]},
        "extra_info": {"split": split, "index": question.index, "id": question.id},
    }


def _trl(questions: Iterable[Question], request: Request, out: Path) -> int:
    count = 0
    with ExitStack() as stack:
        files = {m: stack.enter_context(replacing(out / m / "train.jsonl")) for m in ("sft", "dpo", "kto", "grpo")}
        for block in _blocks(questions):
            count += len(block)
            for method, row in _trl_rows(block, request):
                files[method].write(json.dumps(row, ensure_ascii=False) + "\n")
    return count


def _trl_rows(block: list[Question], request: Request) -> Iterator[tuple[str, dict[str, Any]]]:
    """Pairs (method, row). KTO gets, item by item, the right or the wrong completion: half of each, mixed."""
    if any(question.published is not None for question in block):
        raise UserError("published sets have no worked solutions to train on; export them to lm-eval or inspect")
    view = block[0].view
    if any(question.view != view for question in block):
        raise UserError("a reward of TRL is for one view, and these items are in several; add --view")
    right = [solution_text(question.problem, view) for question in block]
    right = [after_think(text) for text in right] if request.prefill else right
    judged = Judge([question.problem for question in block], view, request.prefill)
    for i, question in enumerate(block):
        prompt, said = _said(question.prompt or "", "user", request), {"chosen": right[i]}
        said["rejected"] = right[judged.another(right, i, request.seed)]
        chosen, rejected = (_said(text, "assistant", request) for text in said.values())
        good = make_dice("export", request.seed, question.id).random() < 0.5
        yield "sft", {"prompt": prompt, "completion": chosen}
        yield "dpo", {"prompt": prompt, "chosen": chosen, "rejected": rejected}
        yield "kto", {"prompt": prompt, "completion": chosen if good else rejected, "label": good}
        problem = json.dumps(question.problem.to_dict(), ensure_ascii=False)
        yield "grpo", {"prompt": prompt, "problem": problem, "id": question.id, "task": question.task}


def _said(text: str, role: str, request: Request) -> str | list[dict[str, str]]:
    return text if request.plain else [{"role": role, "content": text}]


def _blocks(questions: Iterable[Question]) -> Iterator[list[Question]]:
    """Blocks of at least BLOCK questions where there are so many, so that the last one is not too short to choose
    from."""
    block: list[Question] = []
    for question in questions:
        block.append(question)
        if len(block) == 2 * BLOCK:
            yield block[:BLOCK]
            block = block[BLOCK:]
    if block:
        yield block


TARGETS: dict[str, tuple[Write, dict[str, str]]] = {
    "trl": (_trl, texts.TRL),
    "verl": (_verl, texts.VERL),
    "openrlhf": (_json_lines("rows.jsonl"), texts.OPENRLHF),
    "verifiers": (_json_lines("rungwise_items/rows.jsonl"), texts.VERIFIERS),
    "lm-eval": (_json_lines("rows.jsonl"), texts.LM_EVAL),
    "inspect": (_json_lines("rows.jsonl"), texts.INSPECT),
}
"""Name -> what writes the rows, and the files beside them."""
