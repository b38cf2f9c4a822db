"""One evaluation: a model's answers to a suite, scored, summed up and kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rungwise
from rungwise.capt.intervention import Mode
from rungwise.errors import UserError
from rungwise.evaluate.backends import Calls, Load, open_backend, split_name
from rungwise.evaluate.capted import REPLY_TOKENS, Find, by_endpoint, by_model, capted
from rungwise.evaluate.generation import Generation
from rungwise.evaluate.own import misses_of, own_row, shortcuts
from rungwise.evaluate.protocol import MAX_NEW_TOKENS, Sampling, Words, conversations
from rungwise.evaluate.questions import READ, Suite, load_suite
from rungwise.evaluate.rescore import file_sha256, missing_outputs, predicted_rows, two_scorings
from rungwise.evaluate.results import Row, strict_corrected, summary
from rungwise.evaluate.run_folder import PREDICTIONS, RESULTS, SETTINGS, finished_results, keep, partial_of
from rungwise.language_models import generate_texts, load_model
from rungwise.problems.baselines import BASELINES
from rungwise.problems.solve import ROUNDINGS
from rungwise.suites.endpoint import Endpoint
from rungwise.versions import versions

__all__ = ["PREDICTIONS", "RESULTS", "SETTINGS", "evaluate", "summed_up"]

Progress = Callable[[int, int, float], None]
"""Called with (items done, items in all, accuracy so far)."""


def evaluate(
    model: str,
    suite: str | Suite,
    *,
    view: str | None = None,
    n: int | None = None,
    seed: int = 0,
    samples: int = 1,
    temperature: float | None = 0.0,
    top_p: float = 1.0,
    max_new_tokens: int | None = None,
    batch_size: int = 64,
    system: str = "",
    suffix: str = "",
    instruction: str = "keep",
    shots: int = 0,
    shots_as: str = "chat",
    rounding: str = "exact",
    limit: int | None = None,
    patch: Path | None = None,
    skip_bad: bool = False,
    capt: Mode = "none",
    capt_by: str = "readers",
    capt_endpoint: Endpoint | None = None,
    calls: Calls | None = None,
    missing_as_wrong: bool = False,
    cache: Path | None = None,
    out: Path | None = None,
    progress: Progress | None = None,
    load: Load | None = None,
    dry_run: bool = False,
) -> dict[str, Any]:
    """Run ``model`` on ``suite`` and score what it writes.

    Args:
        model: see ``rungwise.evaluate.backends``. Shortcuts answer with values, in every view; the solver writes what
            its view asks for.
        suite: its name, or a suite that is loaded already. For ``view``, ``n``, ``limit``, ``patch`` and ``skip_bad``
            see ``load_suite``.
        samples, temperature, top_p, max_new_tokens: see ``Sampling``; ``batch_size`` is for local models.
        system, suffix, instruction, shots, shots_as: see ``Words``.
        rounding: the solver's.
        capt: one of ``capt.intervention.MODES``, puts symbols in place of names in the prompts; ``capt_by`` and
            ``capt_endpoint`` say who finds the names (see ``capted``).
        calls: how servers are asked.
        missing_as_wrong: samples that got no answer, whatever was tried, count as wrong and are no error.
        cache: folder of the answers of earlier runs, to be used and added to; None: of no others than ``out``'s.
        out: gets ``predictions.jsonl``, ``results.json`` and, for the solver on a published set, ``misses.jsonl``. An
            unfinished evaluation goes on where it stopped, a finished one is read back.
        load: loads a local model and its tokenizer (default: ``load_model``).
        dry_run: ask nothing; say how much there is to ask.

    Returns:
        The content of ``results.json``: the keys of the interface, and beside them intervals of the value accuracy,
        ``mean_over_tasks``, shares of expressions and of cut-off texts, seconds and, on published sets, ``scorings``
        (by the set's own rule and by ours), what was ``skipped``, and the solver's ``misses``; on CauGym also
        ``strict_corrected``; of a model that generates ``tokens``, and ``cost`` where prices are known. Of a dry run:
        see ``Generation.estimate``.

    Raises:
        UserError: unknown model, suite or setting, ``out`` holds an evaluation with other settings or another process
            is writing it, samples without an answer, or the cost cap is reached.
        OSError: a file can't be read or written.
    """
    started = time.perf_counter()
    kind, name = split_name(model)
    if rounding not in ROUNDINGS:
        raise UserError(f"unknown rounding {rounding!r}; use {' or '.join(ROUNDINGS)}")
    generates = kind not in ("own", "predictions")
    if not generates and samples != 1:
        raise UserError(f"{model} has its answers already; --samples is for models that generate")
    loaded = suite if isinstance(suite, Suite) else load_suite(suite, view, n, seed, limit, patch, skip_bad)
    if capt != "none":
        find = _finder(model, kind, capt_by, capt_endpoint, load or load_model)
        loaded = capted(loaded, capt, seed, capt_by, find, out)
    if name in BASELINES and kind == "own" and loaded.published is not None and loaded.published.name != READ:
        raise UserError(
            f"{model} is for our suites and {READ}; {loaded.published.name}'s results state a constant answer"
        )
    calls = calls or Calls()
    sampling = Sampling(samples, temperature, top_p, max_new_tokens or MAX_NEW_TOKENS[loaded.view], seed)
    words = Words(system, suffix, instruction, shots, shots_as)
    backend = open_backend(kind, name, calls, batch_size, load) if generates else None
    version = (
        backend.version() if backend else {"file_sha256": file_sha256(Path(name))} if kind == "predictions" else {}
    )
    settings = {
        "rungwise": rungwise.__version__,
        "model": model,
        **version,
        "suite": loaded.name,
        "suite_sha256": loaded.sha256,
        "view": loaded.view,
        **loaded.options,
        "seed": seed,
        "samples": samples,
        "temperature": temperature,
        "top_p": top_p,
        "max_new_tokens": sampling.max_new_tokens,
        "batch_size": batch_size,
        **words.settings(),
        "rounding": rounding,
        **({"capt": loaded.capt["mode"], "capt_by": loaded.capt["by"]} if loaded.capt else {}),
        "versions": versions(),
    }
    generation = None
    if backend is not None:
        prompts = conversations(loaded, words, seed)
        generation = Generation(model, version, loaded, prompts, sampling, backend, calls)
    elif dry_run:
        raise UserError(f"{model} generates nothing; --dry-run is for models that do")
    place = None if dry_run and out is not None and not (out / SETTINGS).exists() else out
    with partial_of(place) as partial:
        finished = finished_results(place, settings) if place is not None else None
        if generation is not None and dry_run:
            return generation.estimate(partial, cache, finished is not None)
        if finished is not None:
            return finished
        more: dict[str, Any] = {"cut_off": 0.0}
        if generation is not None:
            rows, more = generation.rows(partial, cache, progress, missing_as_wrong)
        elif kind == "predictions":
            rows = predicted_rows(Path(name), loaded)
            more["missing"] = missing_outputs(rows)
        else:
            rows = [own_row(model, question, rounding) for question in loaded.questions]
        drawn = max(row["sample"] for row in rows) + 1
        head = {"suite": loaded.name, "view": loaded.view, "model": model, "samples": drawn, "seed": seed}
        results = summed_up(head, rows, loaded, more, started)
        if model == "exact" and loaded.published:
            results["misses"] = misses_of(rows, loaded, rounding)
        if out is not None:
            keep(out, rows, results)
        return results


def summed_up(
    head: dict[str, Any], rows: list[Row], loaded: Suite, more: dict[str, Any], started: float
) -> dict[str, Any]:
    """The content of ``results.json``; ``head`` says of what, ``more`` is what the rows don't show."""
    results = {
        **head,
        **summary(rows, loaded.questions),
        **more,
        "seconds": round(time.perf_counter() - started, 3),
        "baselines": shortcuts(loaded),
        **({"capt": dict(loaded.capt)} if loaded.capt else {}),
    }
    if loaded.published:
        results["skipped"] = len(loaded.skipped)
        if loaded.view == "natural":
            results["scorings"] = two_scorings(rows, loaded.questions)
        if loaded.published.name == READ:
            results["strict_corrected"] = strict_corrected(rows, loaded.questions)
    return results


def _finder(model: str, kind: str, by: str, endpoint: Endpoint | None, load: Load) -> Find | None:
    """Who finds the events of prompts; None: our readers."""
    if by == "endpoint":
        if endpoint is None:
            raise UserError("--capt-by endpoint needs --capt-endpoint and --capt-model")
        return by_endpoint(endpoint)
    if by != "self":
        return None
    if kind != "local":
        raise UserError(f"--capt-by self asks the evaluated model, and {model} is no language model that runs here")
    network, tokenizer = load(model)

    def generate(prompt: str) -> str:
        return generate_texts(network, tokenizer, [prompt], max_new_tokens=REPLY_TOKENS)[0][0]

    return by_model(generate)
