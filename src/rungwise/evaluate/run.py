"""One evaluation: a model's answers to a suite, scored, summed up and kept."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import rungwise
from rungwise.capt.intervention import Mode
from rungwise.errors import UserError
from rungwise.evaluate.capted import REPLY_TOKENS, Find, by_endpoint, by_model, capted
from rungwise.evaluate.questions import READ, Question, Suite, load_suite
from rungwise.evaluate.rescore import two_scorings
from rungwise.evaluate.results import Row, scored_row, strict_corrected, summary, truth_row, unread_row
from rungwise.files import read_json, write_json, write_json_lines
from rungwise.language_models import Completion, generate_batches, generate_texts, load_model, local_folder
from rungwise.problems.baselines import BASELINES, baseline_value
from rungwise.problems.problem import LACK_CONDITION, Answer
from rungwise.problems.solve import ROUNDINGS, solve
from rungwise.scoring.sign import answer_from_value
from rungwise.suites.endpoint import Endpoint

Progress = Callable[[int, int, float], None]
"""Called with (items done, items in all, accuracy so far)."""

Load = Callable[[str], tuple[Any, Any]]
"""From a model's name to the model and its tokenizer."""

UNDETERMINED = "It is not determined by what is displayed."
"""What the solver says where an item of a published set leaves its answer open."""

MAX_NEW_TOKENS = {"slots": 256, "formal": 2048, "natural": 2048}

PREDICTIONS, RESULTS, MISSES = "predictions.jsonl", "results.json", "misses.jsonl"
SETTINGS, PARTIAL = "settings.json", "predictions.partial.jsonl"


def evaluate(
    model: str,
    suite: str | Suite,
    *,
    view: str | None = None,
    n: int | None = None,
    seed: int = 0,
    samples: int = 1,
    temperature: float = 0.0,
    top_p: float = 1.0,
    max_new_tokens: int | None = None,
    batch_size: int = 64,
    rounding: str = "exact",
    limit: int | None = None,
    patch: Path | None = None,
    skip_bad: bool = False,
    capt: Mode = "none",
    capt_by: str = "readers",
    capt_endpoint: Endpoint | None = None,
    out: Path | None = None,
    progress: Progress | None = None,
    load: Load | None = None,
) -> dict[str, Any]:
    """Run ``model`` on ``suite`` and score what it writes.

    ``model`` is "exact" (the solver), a baseline's name, or a folder or hub id of a language model. For ``suite``,
    ``view``, ``n``, ``limit``, ``patch`` and ``skip_bad`` see ``load_suite``. The baselines answer with values, in
    every view; the solver writes what its view asks for. ``rounding`` is the solver's. ``capt``, one of
    ``capt.intervention.MODES``, puts symbols in place of names in the prompts; ``capt_by`` and ``capt_endpoint`` say
    who finds the names (see ``capted``). Who evaluates many models on many suites may give suites that are loaded
    already, and a ``load`` that remembers the model (default: ``load_model``).

    With ``out`` the folder gets ``predictions.jsonl``, ``results.json`` and, for the solver on a published set,
    ``misses.jsonl``. A language model's unfinished evaluation goes on where it stopped, a finished one is read back.

    Returns:
        The content of ``results.json``: the keys of the interface, and beside them intervals of the value accuracy,
        ``mean_over_tasks``, shares of expressions and of cut-off texts, seconds and, on published sets, ``scorings``
        (by the set's own rule and by ours), what was ``skipped``, and the solver's ``misses``; on CauGym also
        ``strict_corrected``.

    Raises:
        UserError: unknown model, suite or setting, or ``out`` holds an evaluation with other settings.
        OSError: a file can't be read or written.
    """
    started = time.perf_counter()
    check_model_name(model)
    if rounding not in ROUNDINGS:
        raise UserError(f"unknown rounding {rounding!r}; use {' or '.join(ROUNDINGS)}")
    ours = model == "exact" or model in BASELINES
    if ours and samples != 1:
        raise UserError(f"{model} always answers the same; --samples is for language models")
    loaded = suite if isinstance(suite, Suite) else load_suite(suite, view, n, seed, limit, patch, skip_bad)
    if capt != "none":
        find = _finder(model, ours, capt_by, capt_endpoint, load or load_model)
        loaded = capted(loaded, capt, seed, capt_by, find, out)
    max_new_tokens = max_new_tokens or MAX_NEW_TOKENS[loaded.view]
    settings = {
        "rungwise": rungwise.__version__,
        "model": model,
        "model_files": None if ours else model_files(model),
        "suite": loaded.name,
        "suite_sha256": loaded.sha256,
        "view": loaded.view,
        "seed": seed,
        "samples": samples,
        "temperature": temperature,
        "top_p": top_p,
        "max_new_tokens": max_new_tokens,
        "batch_size": batch_size,
        "rounding": rounding,
        **({"capt": loaded.capt["mode"], "capt_by": loaded.capt["by"]} if loaded.capt else {}),
    }
    if model in BASELINES and loaded.published is not None and loaded.published.name != READ:
        raise UserError(
            f"{model} is for our suites and {READ}; {loaded.published.name}'s results state a constant answer"
        )
    if out is not None and (finished := _claim(out, settings)) is not None:
        return finished
    cut_off = 0.0
    if ours:
        rows = [_own_row(model, question, rounding) for question in loaded.questions]
    else:
        generation = {
            "samples": samples, "temperature": temperature, "top_p": top_p,
            "max_new_tokens": max_new_tokens, "batch_size": batch_size, "seed": seed,
        }  # fmt: skip
        rows, cut_off = _model_rows(model, loaded, generation, out, progress, load or load_model)
    seconds = time.perf_counter() - started
    results = {
        "suite": loaded.name,
        "view": loaded.view,
        "model": model,
        "samples": samples,
        "seed": seed,
        **summary(rows, seed),
        "cut_off": cut_off,
        "seconds": round(seconds, 3),
        "baselines": _baselines(loaded),
        **({"capt": dict(loaded.capt)} if loaded.capt else {}),
    }
    if loaded.published:
        results["skipped"] = len(loaded.skipped)
        if loaded.view == "natural":
            results["scorings"] = two_scorings(rows, seed)
        if loaded.published.name == READ:
            results["strict_corrected"] = strict_corrected(rows, loaded.questions, seed)
        if model == "exact":
            results["misses"] = _misses(rows, loaded, rounding)
    if out is not None:
        _keep(out, rows, results)
    return results


def _finder(model: str, ours: bool, by: str, endpoint: Endpoint | None, load: Load) -> Find | None:
    """Who finds the events of prompts; None: our readers."""
    if by == "endpoint":
        if endpoint is None:
            raise UserError("--capt-by endpoint needs --capt-endpoint and --capt-model")
        return by_endpoint(endpoint)
    if by != "self":
        return None
    if ours:
        raise UserError(f"--capt-by self asks the evaluated model, and {model} is no language model")
    network, tokenizer = load(model)

    def generate(prompt: str) -> str:
        return generate_texts(network, tokenizer, [prompt], max_new_tokens=REPLY_TOKENS)[0][0]

    return by_model(generate)


def check_model_name(model: str) -> None:
    """Refuse a slip in one of our own names before the hub is asked for it.

    Raises:
        UserError: nearly "exact" or a baseline, or a path without a model folder.
    """
    names = ["exact", *BASELINES]
    if model in names:
        return
    near = get_close_matches(model, names, 1, cutoff=0.8)
    if near and not Path(model).is_dir():
        raise UserError(f"unknown model {model!r}; did you mean {near[0]!r}?")
    local_folder(model)


def model_files(model: str) -> list[list[Any]] | None:
    """Name, size and time of every file of a local model, so that a model trained anew is not taken for the old."""
    folder = local_folder(model)
    if folder is None:
        return None
    return [[p.name, p.stat().st_size, p.stat().st_mtime_ns] for p in sorted(folder.iterdir()) if p.is_file()]


def _own_row(model: str, question: Question, rounding: str) -> Row:
    if question.unread is not None:
        return unread_row(question)
    if question.published is not None and not question.is_problem:
        chosen, item = question.published
        found = chosen.audit(item)
        if found.outcome == "unread":
            return unread_row(replace(question, unread=found.why))
        return scored_row(question, chosen.write(item, found.truth) if found.truth else UNDETERMINED)
    if model == "exact":
        try:
            solved = solve(question.problem, rounding).problem
        except UserError as error:  # read, but its numbers make no sense together
            return unread_row(replace(question, unread=str(error)))
        return scored_row(question, solved.answer_text(question.view))
    return scored_row(question, _baseline_text(model, question), view="natural")


def _baseline_text(name: str, question: Question) -> str:
    """A baseline's value, written as a model would write it; LACK_CONDITION where it has none to offer."""
    problem = question.problem
    try:
        value = baseline_value(name, problem)
    except UserError:  # too many facts for its table
        value = None
    truth = Answer(None, LACK_CONDITION) if value is None else Answer(value, answer_from_value(problem.query, value))
    return problem.with_(truth=truth).answer_text("natural")


def _baselines(suite: Suite) -> dict[str, float]:
    """Share of values right by each shortcut; where items are no problems of ours, by the most frequent label of each
    task."""
    n = len(suite.questions)
    if suite.published is not None and suite.published.name != READ:
        labels = Counter((q.task, q.truth) for q in suite.questions)
        most: dict[str, int] = {}
        for (name, _), count in labels.items():
            most[name] = max(most.get(name, 0), count)
        return {"constant": sum(most.values()) / n}
    rows = {name: [_own_row(name, question, "exact") for question in suite.questions] for name in BASELINES}
    return {name: sum(bool(row["value_correct"]) for row in found) / n for name, found in rows.items()}


def _model_rows(
    model: str, suite: Suite, generation: dict[str, Any], out: Path | None, progress: Progress | None, load: Load
) -> tuple[list[Row], float]:
    """A language model's rows in file order, and the share of its texts that were cut off."""
    asked = [question for question in suite.questions if question.prompt is not None]
    partial = out / PARTIAL if out is not None else None
    known = _read_partial(partial) if partial is not None else {}
    by_index: dict[int, list[Row]] = {}
    cut: list[bool] = []

    def take(question: Question, completions: list[Completion]) -> None:
        by_index[question.index] = [scored_row(question, c.text, k) for k, c in enumerate(completions)]
        cut.extend(c.cut_off for c in completions)

    for question in asked:
        if question.index in known:
            take(question, known[question.index])
    done = {place for place, question in enumerate(asked) if question.index in known}
    if len(done) < len(asked):
        network, tokenizer = load(model)
        prompts = [question.prompt or "" for question in asked]
        for places, completions in generate_batches(network, tokenizer, prompts, skip=done, **generation):
            fresh = [
                (asked[p], found) for p, found in zip(places, completions, strict=True) if p not in done
            ]  # a batch that was half written is made again as a whole, and its known half is the same
            for question, found in fresh:
                take(question, found)
            if partial is not None:
                _append(partial, fresh)
            if progress:
                scores = [row["score"] for rows in by_index.values() for row in rows]
                progress(len(by_index), len(asked), sum(scores) / len(scores))
    rows: list[Row] = []
    for question in suite.questions:
        rows += by_index.get(question.index) or [unread_row(question, k) for k in range(generation["samples"])]
    return rows, sum(cut) / len(cut) if cut else 0.0


def _misses(rows: list[Row], suite: Suite, rounding: str) -> list[dict[str, Any]]:
    """Every item on which the solver does not give the label (of CauGym: its value), with what it finds and why."""
    misses = []
    for row, question in zip(rows, suite.questions, strict=True):
        if row["value_correct" if question.is_problem else "score"]:
            continue
        miss = {"id": row["id"], "task": row["task"], "label": row["truth"], "reason": row["reason"]}
        if question.is_problem and row["status"] != "unread":
            solution = solve(question.problem, rounding)
            miss["computed"] = {"value": solution.value, "answer": solution.answer}
            miss["estimand"] = solution.estimand
            miss["substitution"] = next((s.content for s in solution.steps if s.kind == "substitution"), None)
        elif question.published is not None:
            found = question.published[0].audit(question.published[1])
            miss |= {"outcome": found.outcome, "why": found.why, "proof": found.proof}
            if found.truth is not None:
                miss["computed"] = truth_row(found.truth)
        misses.append(miss)
    return misses


def _claim(out: Path, settings: dict[str, Any]) -> dict[str, Any] | None:
    """Make the folder this evaluation's own; the results where it is finished."""
    out.mkdir(parents=True, exist_ok=True)
    stored, finished = out / SETTINGS, out / RESULTS
    if not any((out / name).exists() for name in (PREDICTIONS, RESULTS, PARTIAL)):
        write_json(stored, settings)  # nothing is there yet, whatever failed before
        return None
    if not stored.exists():
        raise UserError(f"{out} holds predictions without {SETTINGS}; choose another --out")
    old = read_json(stored)
    changed = ", ".join(sorted(k for k in {*settings, *old} if old.get(k) != settings.get(k)))
    if changed:
        raise UserError(f"{out} holds an evaluation with other settings ({changed}); choose another --out")
    results: dict[str, Any] | None = read_json(finished) if finished.exists() else None
    return results


def _keep(out: Path, rows: list[Row], results: dict[str, Any]) -> None:
    write_json_lines(out / PREDICTIONS, rows)
    if "misses" in results:
        write_json_lines(out / MISSES, results["misses"])
    write_json(out / RESULTS, results)  # last: it says that the evaluation is finished
    (out / PARTIAL).unlink(missing_ok=True)


def _append(partial: Path, answered: list[tuple[Question, list[Completion]]]) -> None:
    with partial.open("a", encoding="utf-8") as file:
        for question, completions in answered:
            texts, cut_off = [c.text for c in completions], [c.cut_off for c in completions]
            file.write(json.dumps({"index": question.index, "texts": texts, "cut_off": cut_off}) + "\n")


def _read_partial(partial: Path) -> dict[int, list[Completion]]:
    """The stored completions by question index; what was being written when the process died is dropped."""
    if not partial.exists():
        return {}
    data = partial.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) < len(data):
        with partial.open("r+b") as file:
            file.truncate(len(whole))
    rows = [json.loads(line) for line in whole.splitlines()]
    return {r["index"]: [Completion(t, c) for t, c in zip(r["texts"], r["cut_off"], strict=True)] for r in rows}
