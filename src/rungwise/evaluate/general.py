"""General ability before and after post-training: mathematics, through lm-evaluation-harness.

MATH-500, Minerva Math and AMC 2023 are read from the Hugging Face hub (or its cache); lm-eval loads and asks, our own
batched generation answers, math-verify judges what stands in the last ``\\boxed``. Any other ``generate_until`` task of
lm-eval can be named. Texts are on disk as they come, so the same call goes on where it was stopped.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import rungwise
from rungwise.errors import UserError
from rungwise.evaluate.backends.local import model_version
from rungwise.evaluate.generation import Progress
from rungwise.evaluate.statistics import clustered_wilson, paired_difference
from rungwise.files import begun_log, read_json, read_json_lines, read_log, write_json, write_json_lines
from rungwise.language_models import generate_batches, load_model, require

SETS = ("rungwise_math500", "rungwise_minerva_math", "rungwise_amc2023")
TASK_FILES = Path(__file__).with_name("general_tasks")
METRICS = ("math_verify", "exact_match", "acc")
"""Of a task's metrics the first of these is its accuracy."""

LOG, ITEMS, RESULTS = "texts.jsonl", "items.jsonl", "general.json"


def process_results(doc: Mapping[str, Any], results: Sequence[str]) -> dict[str, float]:
    """math-verify's verdict on the final answer: what follows the reasoning, whose end must be there."""
    math_verify = require("math_verify", "lm-eval")
    final = results[0].rpartition("</think>")[2]
    if "<think>" in final:
        return {"math_verify": 0.0}
    gold = math_verify.parse(f"\\boxed{{{doc['answer']}}}")
    if not gold:
        raise ValueError(f"the answer {doc['answer']!r} of the data set can't be read")
    return {"math_verify": float(bool(math_verify.verify(gold, math_verify.parse(final))))}


def measure(
    model: str,
    out: Path,
    *,
    tasks: Sequence[str] = SETS,
    include: Path | None = None,
    samples: int = 1,
    temperature: float = 0.0,
    top_p: float = 1.0,
    max_new_tokens: int = 8192,
    batch_size: int = 16,
    seed: int = 0,
    limit: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Ask a model, score what it writes, and keep both in ``out``.

    Args:
        model: a folder or hub id, or "embedded".
        tasks: names of lm-eval tasks; ``include`` is a folder with more of them.
        samples: texts an item; an item's score is their mean.
        limit: the first items of each task only.

    Returns:
        The content of ``general.json``: settings, and for each task its items, metric, accuracy and interval.

    Raises:
        UserError: no such model or task, a data set that can't be had, other settings than those in ``out``, or lm-eval
            is not installed.
    """
    lm_eval = require("lm_eval", "lm-eval")
    given = {"samples": samples, "temperature": temperature, "top_p": top_p, "max_new_tokens": max_new_tokens,
             "batch_size": batch_size, "seed": seed}  # fmt: skip
    stated = {
        "rungwise": rungwise.__version__, "lm_eval": version("lm_eval"), "model": model,
        "model_version": model_version(model), "tasks": list(tasks), "limit": limit, **given,
    }  # fmt: skip
    log = begun_log(out / LOG, stated, out)
    if (out / RESULTS).exists():
        finished: dict[str, Any] = read_json(out / RESULTS)
        return finished
    manager = _manager(tasks, include)
    answering = _answering(model, log, given, progress)
    items: list[dict[str, Any]] = []
    for sample in range(samples):
        answering.sample = sample
        try:
            found = lm_eval.simple_evaluate(
                answering, tasks=list(tasks), task_manager=manager, limit=limit, bootstrap_iters=0
            )
        except (ConnectionError, FileNotFoundError) as error:
            first = str(error).strip().split("\n")[0]
            raise UserError(f"a data set can't be had: {first}; it is read from the Hugging Face hub") from error
        for task, rows in found["samples"].items():
            items += [_item(task, row, sample) for row in rows]
    write_json_lines(out / ITEMS, items)
    by_task = {task: _cell([item for item in items if item["task"] == task]) for task in {i["task"]: 0 for i in items}}
    results = {**stated, "by_task": by_task}
    write_json(out / RESULTS, results)
    return results


def differences(before: Path, after: Path, seed: int = 0) -> dict[str, dict[str, Any]]:
    """For each task of two measurements: accuracies, and their difference with its interval, paired by item.

    Raises:
        UserError: a folder holds no finished measurement, or they are not of the same items and samples.
    """
    old, new = _scores(before), _scores(after)
    if old.keys() != new.keys():
        raise UserError(
            f"{before} and {after} are not of the same items and samples; measure both with the same options"
        )
    out = {}
    for task in {key[0]: 0 for key in new}:
        keys = [key for key in new if key[0] == task]
        a, b = [new[key] for key in keys], [old[key] for key in keys]
        mean, low, high = paired_difference(a, b, [key[1] for key in keys], seed)
        out[task] = {
            "before": sum(b) / len(b), "after": sum(a) / len(a), "difference": mean, "interval": [low, high],
        }  # fmt: skip
    return out


def _scores(folder: Path) -> dict[tuple[str, str, int], float]:
    if not (folder / RESULTS).exists():
        raise UserError(f"{folder} holds no finished measurement; run: rungwise general --model MODEL --out {folder}")
    rows = [row for _, row in read_json_lines(folder / ITEMS)]
    return {(row["task"], f"{row['item']} {row['hash']}", row["sample"]): row["score"] for row in rows}


def _item(task: str, row: Mapping[str, Any], sample: int) -> dict[str, Any]:
    metric = next((name for name in METRICS if name in row), None)
    if metric is None:
        raise UserError(f"{task} has none of the metrics {', '.join(METRICS)}")
    return {
        "task": task, "item": row["doc_id"], "hash": row["doc_hash"], "sample": sample, "metric": metric,
        "score": float(row[metric]), "target": str(row["target"]), "text": row["resps"][0][0],
    }  # fmt: skip


def _cell(items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    scores, places = [item["score"] for item in items], [item["item"] for item in items]
    return {
        "n": len(set(places)),
        "metric": items[0]["metric"],
        "accuracy": sum(scores) / len(scores),
        "interval": list(clustered_wilson(scores, places)),
    }


def _manager(tasks: Sequence[str], include: Path | None) -> Any:
    """lm-eval's register of tasks; its own thousands are read only where one of them is named."""
    folders = [str(folder) for folder in (TASK_FILES, include) if folder is not None]
    unknown = set(tasks)
    for defaults in (False, True):
        manager = require("lm_eval.tasks").TaskManager(include_path=folders, include_defaults=defaults)
        unknown = set(tasks) - set(manager.match_tasks(list(tasks)))
        if not unknown:
            return manager
    raise UserError(f"lm-eval has no task {min(unknown)!r}; 'lm-eval ls tasks' lists them, --include adds a folder")


def _answering(model: str, log: Path, given: dict[str, Any], progress: Progress | None) -> Any:
    """lm-eval's interface over our generation, which keeps every text in ``log`` as it comes."""

    class Answering(require("lm_eval.api.model").LM):  # type: ignore[misc]
        sample = 0

        def generate_until(self, requests: Sequence[Any]) -> list[str]:
            known = {row["prompt"]: row["texts"] for row in read_log(log)[1:]}
            prompts = list(dict.fromkeys(request.args[0] for request in requests))
            done = {i for i, prompt in enumerate(prompts) if prompt in known}
            if len(done) < len(prompts):
                network, tokenizer = load_model(model)
                with log.open("a", encoding="utf-8") as file:
                    for places, completions in generate_batches(network, tokenizer, prompts, skip=done, **given):
                        for place, found in zip(places, completions, strict=True):
                            if prompts[place] not in known:
                                known[prompts[place]] = texts = [completion.text for completion in found]
                                file.write(json.dumps({"prompt": prompts[place], "texts": texts}) + "\n")
                        file.flush()
                        if progress:
                            progress(sum(prompt in known for prompt in prompts), len(prompts), 0.0)
            return [_cut(known[r.args[0]][self.sample], r.args[1].get("until") or []) for r in requests]

        def loglikelihood(self, requests: Sequence[Any]) -> list[Any]:
            raise UserError("only tasks in which a model writes its answer (generate_until) can be measured")

        loglikelihood_rolling = loglikelihood

    return Answering()


def _cut(text: str, until: str | Sequence[str]) -> str:
    """The text up to where a task says that an answer ends."""
    for end in [until] if isinstance(until, str) else until:
        text = text.partition(end)[0]
    return text
