"""Does a model say the same when the same is asked another way? Consistency over variants of every question."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import combinations, product
from pathlib import Path
from statistics import fmean
from typing import Any

from rungwise.errors import UserError
from rungwise.evaluate.groups import Clusters, clusters_of
from rungwise.evaluate.paired import paired
from rungwise.evaluate.questions import Question, Suite, load_suite
from rungwise.evaluate.results import Row, interval, scored_row, share
from rungwise.evaluate.run import PREDICTIONS, RESULTS, evaluate
from rungwise.evaluate.statistics import clustered_wilson
from rungwise.evaluate.study_statistics import matched_interval
from rungwise.evaluate.variants import VARIANTS, exact, with_variant
from rungwise.files import read_json_lines, write_json
from rungwise.language_models import load_model
from rungwise.problems.baselines import BASELINES
from rungwise.problems.problem import TOLERANCE

FOLDER = "invariance"
"""Under a run's folder: one for each variant, a run of its own."""
_SLACK = 1e-9

_OF_SUITE = ("view", "n", "limit", "patch", "skip_bad")


def evaluate_with_variants(
    model: str, suite: str, variants: str, *, out: Path | None = None, seed: int = 0, **settings: Any
) -> dict[str, Any]:
    """``evaluate``, then the same of every variant of the questions, and how consistent the answers are.

    Args:
        variants: "all", or names from VARIANTS of the suite's view with commas between.
        out: the variants' runs are kept under its ``invariance``; the same command goes on where it was stopped.
        settings: see ``evaluate``.

    Returns:
        The results of ``evaluate`` with "invariance": see ``consistency``.

    Raises:
        UserError: as ``evaluate``, or an unknown variant.
        OSError: a file can't be read or written.
    """
    if model.startswith("predictions:"):
        raise UserError("a file of predictions answers no other questions; leave out --invariance")
    if settings.get("dry_run"):
        raise UserError("--dry-run counts one run, not its variants; leave out --invariance")
    loaded = load_suite(suite, seed=seed, **{key: settings.pop(key) for key in _OF_SUITE if key in settings})
    names = _chosen(variants, loaded.view)
    varied = {}
    for name in names:
        try:
            varied[name] = with_variant(loaded, name)
        except UserError:
            if variants != "all":
                raise
    if not varied:
        raise UserError(f"no question of {suite} has a variant")
    settings["load"] = lru_cache(maxsize=1)(settings.get("load") or load_model)  # one loading for all runs
    with tempfile.TemporaryDirectory() as spare:
        place = Path(spare) if out is None else out
        results = evaluate(model, loaded, out=place, seed=seed, **settings)
        rows = {"": _rows(place, loaded, model)}
        for name, other in varied.items():
            evaluate(model, other, out=place / FOLDER / name, seed=seed, **settings)
            rows[name] = _rows(place / FOLDER / name, other, model)
        results["invariance"] = consistency(loaded, varied, rows)
        write_json(place / RESULTS, results)
    return results


def _chosen(variants: str, view: str) -> list[str]:
    known = list(VARIANTS[view])
    names = known if variants == "all" else list(dict.fromkeys(variants.split(",")))
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UserError(f"the {view} view has no variant {unknown[0]!r}; it has {', '.join(known)}, or all")
    return names


def _rows(folder: Path, suite: Suite, model: str) -> dict[int, list[Row]]:
    """The rows by question, those about a published item scored against its exact truth."""
    questions = {question.index: question for question in suite.questions}
    truths = {i: exact(q) for i, q in questions.items() if q.published is not None}
    found: dict[int, list[Row]] = {}
    for _, row in read_json_lines(folder / PREDICTIONS):
        truth = truths.get(row["index"])
        if truth is not None:
            question = replace(questions[row["index"]], problem=truth, published=None)
            row = scored_row(question, row["text"], row["sample"], "natural" if model in BASELINES else None)
        found.setdefault(row["index"], []).append(row)
    return found


def consistency(
    suite: Suite, varied: Mapping[str, Suite], rows: Mapping[str, Mapping[int, Sequence[Row]]]
) -> dict[str, Any]:
    """How often answers to a question and to its variants say the same (see ``agree``).

    Args:
        rows: variant -> index -> samples; "" is the question as it was.

    Returns:
        {"variants": {name: {"n", "accuracy", "interval", "original": the accuracy on the same items unvaried,
        "difference": with its "difference_interval" and "p", "consistency", "consistency_interval", "left_out": items
        without this variant}}, "n": items with a variant, "consistency" and "interval": mean over an item's variants;
        "always" and "always_interval": items whose answers all say the same, "right": those where they are all right
        as well; "same_prompt": of two samples of one prompt, with its interval, and "drop": that less the consistency,
        with its interval; both None for one sample.}. Accuracies on published sets are against the exact truth.
    """
    clusters, base = clusters_of(suite.questions), rows[""]
    questions = {question.index: question for question in suite.questions}
    agreed: dict[int, list[float]] = {}
    always: dict[int, list[list[bool]]] = {}
    right: dict[int, list[list[bool]]] = {}
    variants = {}
    for name, other in varied.items():
        found = {
            q.index: _agreements(questions[q.index], q, base[q.index], rows[name][q.index]) for q in other.questions
        }
        for i, matrix in found.items():
            agreed.setdefault(i, []).append(fmean(value for line in matrix for value in line))
            numbers = range(min(len(matrix), len(matrix[0])))
            always.setdefault(i, []).append([matrix[k][k] for k in numbers])
            right.setdefault(i, []).append([bool(base[i][k]["score"] and rows[name][i][k]["score"]) for k in numbers])
        variants[name] = {
            **_accuracy(other, base, rows[name], clusters),
            **_share({i: agreed[i][-1] for i in found}, clusters, "consistency", "consistency_interval"),
            "left_out": len(questions) - len(found),
        }
    means = {i: fmean(values) for i, values in agreed.items()}
    same = {i: fmean(agree(a, b, 1) for a, b in combinations(base[i], 2)) for i in means if len(base[i]) > 1}
    return {
        "variants": variants,
        "n": len(means),
        **_share(means, clusters, "consistency", "interval"),
        **_share({i: _all(lists) for i, lists in always.items()}, clusters, "always", "always_interval"),
        "right": fmean(_all(lists) for lists in right.values()),
        "same_prompt": _share(same, clusters, "consistency", "interval") if same else None,
        "drop": _drop(same, means, clusters) if same else None,
    }


def _all(lists: Sequence[Sequence[bool]]) -> float:
    """The share of samples in which every variant is as wanted."""
    return fmean(float(all(column)) for column in zip(*lists, strict=False))


def _agreements(question: Question, other: Question, a: Sequence[Row], b: Sequence[Row]) -> list[list[bool]]:
    """Each sample of the question with each of the variant."""
    sign = 1 if question.problem.query.y == other.problem.query.y else -1
    pairs = [agree(x, y, sign) for x, y in product(a, b)]
    return [pairs[k * len(b) : (k + 1) * len(b)] for k in range(len(a))]


def agree(a: Row, b: Row, sign: int) -> bool:
    """Whether two answers say the same; ``sign`` is -1 where b is about the other outcome value.

    Both right do. Else both must be parsed, the values within the tolerance of each other (under the sign), and the
    answers equal: turned where the sign is; either will do where the value is 0 within the tolerance.
    """
    if a["status"] != "parsed" or b["status"] != "parsed":
        return False
    if a["score"] and b["score"]:
        return True
    x, y = a["value"], b["value"]
    if (x is None) != (y is None) or (x is not None and abs(x - sign * y) > TOLERANCE + _SLACK):
        return False
    turned = {"Yes": "No", "No": "Yes"}
    zero = abs((a["truth"]["value"] or 0) if x is None else x) <= TOLERANCE
    if sign == -1 and zero:
        return True
    says = b["answer"] if sign == 1 else turned.get(b["answer"], b["answer"])
    return bool(a["answer"] == says)


def _accuracy(
    other: Suite, base: Mapping[int, Sequence[Row]], rows: Mapping[int, Sequence[Row]], clusters: Clusters
) -> dict[str, Any]:
    every = [row for q in other.questions for row in rows[q.index]]
    before, after = ([share(own[q.index], _right) for q in other.questions] for own in (base, rows))
    test = paired(before, after, ["all"] * len(before), [clusters[q.index] for q in other.questions])
    return {
        "n": len(other.questions),
        "accuracy": share(every, _right),
        "interval": interval(every, _right, clusters),
        "original": fmean(before),
        "difference": test.difference,
        "difference_interval": list(test.interval),
        "p": test.p,
    }


def _right(row: Row) -> bool:
    return bool(row["score"])


def _share(values: Mapping[int, float], clusters: Clusters, name: str, ends: str) -> dict[str, Any]:
    found = clustered_wilson(list(values.values()), [clusters[i] for i in values])
    return {name: fmean(values.values()), ends: list(found)}


def _drop(same: Mapping[int, float], means: Mapping[int, float], clusters: Clusters) -> dict[str, Any]:
    """What varying costs beyond drawing another sample."""
    sums: dict[Any, float] = {}
    for i, value in same.items():
        sums[clusters[i]] = sums.get(clusters[i], 0.0) + value - means[i]
    ends = matched_interval([total * len(sums) / len(same) for total in sums.values()])
    return {"difference": sum(sums.values()) / len(same), "interval": list(ends)}
