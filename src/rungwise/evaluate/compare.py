"""Runs on the same items beside each other: which differences are real, which items flipped, which errors moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import asdict
from operator import itemgetter
from pathlib import Path
from typing import Any

from rungwise.errors import UserError
from rungwise.evaluate.finished import Run, read_runs, suite_of
from rungwise.evaluate.groups import Clusters, clusters_of
from rungwise.evaluate.own import own_row
from rungwise.evaluate.paired import LEVEL, corrected, paired_by_task, pairs
from rungwise.evaluate.questions import READ, Question, Suite
from rungwise.evaluate.results import Row, interval, is_cut_off, reason_code, share
from rungwise.evaluate.statistics import mean_over_tasks
from rungwise.problems.baselines import BASELINES
from rungwise.scoring.diagnosis import diagnose

SCORES = {"strict": "score", "value": "value_correct", "official": "official"}
"""What can be compared -> its key in a row: value and answer right; the value; by the published set's own rule."""

SHOWN_FLIPS = 10
"""Of a comparison and direction, in the results; all go to a file."""


def compare(
    paths: Sequence[Path],
    *,
    by: str = "strict",
    first_only: bool = False,
    with_diagnosis: bool = False,
    suite: str | None = None,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Compare finished runs on the same items.

    Args:
        paths: folders made by ``evaluate``, two or more.
        by: one of SCORES.
        first_only: compare the others with the first run alone, not each with each.
        with_diagnosis: name errors by ``scoring.diagnosis`` (about 10 ms for a wrong text), not by their reason.
        suite: where the suite is now, if not where the runs found it.

    Returns:
        Two things. The results: "suite", "view", "by", "items", "clusters" (items that share a model count as one),
        "tasks"; "runs" and "references" (the shortcuts, the solver), each {"name", "mean", "interval", "by_task":
        {task: {"accuracy", "interval"}}} with the rates "unparsed" and "cut_off" of runs; "comparisons" of run "b" less
        run "a": {"a", "b", "tests": {"all" or task: {"difference", "interval", "p", "p_corrected", "real", "gained",
        "lost"}}, "flips": {"gained", "lost": counts, "shown": rows}, "errors": {"by", "moves": [[from, to, items, items
        the other way]]}}.
        And every item that flipped, from right in most samples to wrong in most, or back.

    Raises:
        UserError: fewer than two runs, runs that can't be compared (see ``read_runs``), or their suite is not found.
        OSError: a file can't be read.
    """
    if len(paths) < 2:
        raise UserError("compare takes two runs or more")
    if by not in SCORES:
        raise UserError(f"unknown score {by!r}; scores are {', '.join(SCORES)}")
    runs = read_runs(paths)
    if by == "official" and any(by not in row for run in runs for row in run.rows):
        raise UserError("the official score is for published sets in the natural view; leave out --by official")
    loaded = suite_of(runs[0], suite)
    clusters = clusters_of(loaded.questions)
    key, items = SCORES[by], [question.index for question in loaded.questions]
    tasks, groups = [q.task for q in loaded.questions], [clusters[i] for i in items]
    samples = [run.by_item for run in runs]
    means = [[share(own[i], itemgetter(key)) for i in items] for own in samples]
    name_error = _namer(loaded, with_diagnosis)
    chosen = pairs(len(runs), first_only)
    tests = [paired_by_task(means[a], means[b], tasks, groups) for a, b in chosen]
    comparisons, flips = [], []
    for (a, b), found, adjusted in zip(chosen, tests, corrected(tests), strict=True):
        names = {"a": runs[a].name, "b": runs[b].name}
        flipped = _flips(names, items, samples[a], samples[b], key)
        flips += flipped
        comparisons.append({
            **names,
            "tests": {
                task: {**asdict(test), "p_corrected": adjusted[task], "real": adjusted[task] < LEVEL}
                for task, test in found.items()
            },
            "flips": {
                **{way: sum(flip["way"] == way for flip in flipped) for way in ("gained", "lost")},
                "shown": [
                    flip
                    for way in ("gained", "lost")
                    for flip in [flip for flip in flipped if flip["way"] == way][:SHOWN_FLIPS]
                ],
            },
            "errors": {
                "by": "diagnosis" if with_diagnosis else "reason",
                "moves": _moves(items, samples[a], samples[b], key, name_error),
            },
        })  # fmt: skip
    results = {
        "suite": loaded.name,
        "view": loaded.view,
        "by": by,
        "items": len(items),
        "clusters": len(set(groups)),
        "tasks": list(dict.fromkeys(tasks)),
        "runs": [_run_row(run, key, clusters) for run in runs],
        "references": _references(loaded, key, clusters),
        "comparisons": comparisons,
    }
    return results, flips


def _run_row(run: Run, key: str, clusters: Clusters) -> dict[str, Any]:
    return {
        "name": run.name,
        "path": str(run.path),
        "samples": max(map(len, run.by_item.values())),
        **_accuracies(run.rows, key, clusters),
        "unparsed": share(run.rows, lambda row: row["status"] == "unparsed"),
        "cut_off": share(run.rows, is_cut_off),
    }


def _accuracies(rows: Sequence[Row], key: str, clusters: Clusters) -> dict[str, Any]:
    """The mean over tasks and each task's accuracy, with intervals."""
    cells: dict[str, dict[str, Any]] = {}
    for task in dict.fromkeys(row["task"] for row in rows):
        own = [row for row in rows if row["task"] == task]
        ends = interval(own, itemgetter(key), clusters)
        cells[task] = {"accuracy": share(own, itemgetter(key)), "interval": ends}
    mean, lo, hi = mean_over_tasks([(c["accuracy"], *c["interval"]) for c in cells.values()])
    return {"mean": mean, "interval": [lo, hi], "by_task": cells}


def _references(suite: Suite, key: str, clusters: Clusters) -> list[dict[str, Any]]:
    """What the shortcuts and the solver score on the same items."""
    own = suite.published is None or suite.published.name == READ
    found = [] if own else [_most_frequent(suite)]
    for name in (*BASELINES, "exact") if own else ("exact",):
        rows = [own_row(name, question, "exact") for question in suite.questions]
        found.append({"name": name, **_accuracies(rows, key, clusters)})
    return found


def _most_frequent(suite: Suite) -> dict[str, Any]:
    """The constant of a set whose items are no problems of ours: each task's most frequent label."""
    labels: dict[str, Counter[Hashable]] = {}
    for question in suite.questions:
        labels.setdefault(question.task, Counter())[question.truth] += 1
    shares = {task: own.most_common(1)[0][1] / own.total() for task, own in labels.items()}
    mean = sum(shares.values()) / len(shares)
    cells = {task: {"accuracy": value, "interval": None} for task, value in shares.items()}
    return {"name": "constant", "mean": mean, "interval": None, "by_task": cells}


def _flips(
    names: Mapping[str, str],
    items: Sequence[int],
    a: Mapping[int, Sequence[Row]],
    b: Mapping[int, Sequence[Row]],
    key: str,
) -> list[dict[str, Any]]:
    """The items that most samples of one run have right and of the other do not; the largest changes first."""
    found = []
    for i in items:
        before, after = (share(own[i], itemgetter(key)) for own in (a, b))
        if (before > 0.5) != (after > 0.5):
            row = a[i][0]
            found.append({
                **names, "way": "gained" if after > before else "lost", "index": i, "id": row["id"],
                "task": row["task"], "right_a": before, "right_b": after,
                "reason_a": _usual(a[i], key, after > before), "reason_b": _usual(b[i], key, after < before),
            })  # fmt: skip
    return sorted(found, key=lambda flip: (-abs(flip["right_b"] - flip["right_a"]), flip["index"]))


def _usual(rows: Sequence[Row], key: str, wrong: bool) -> str:
    """The most frequent reason of the samples that are wrong, or right."""
    own = [row["reason"] for row in rows if bool(row[key]) != wrong]
    return str(Counter(own or [row["reason"] for row in rows]).most_common(1)[0][0])


def _moves(
    items: Sequence[int],
    a: Mapping[int, Sequence[Row]],
    b: Mapping[int, Sequence[Row]],
    key: str,
    name_error: Callable[[Row], str],
) -> list[list[Any]]:
    """From kind to kind: how many items went that way and how many back, most first.

    Of several samples each of one run is paired with each of the other and weighs accordingly, so two runs of one model
    show as many moves one way as the other.
    """
    moved: Counter[tuple[str, str]] = Counter()
    for i in items:
        kinds = [Counter("right" if row[key] else name_error(row) for row in own[i]) for own in (a, b)]
        for before, count in kinds[0].items():
            for after, other in kinds[1].items():
                if before != after:
                    moved[before, after] += count * other / (len(a[i]) * len(b[i]))  # type: ignore[assignment]
    ways = {(x, y): (moved[x, y], moved[y, x]) for x, y in moved}
    net = {both: ways[both] for both in ways if (both[1], both[0]) not in ways or _leads(both, ways)}
    return [
        [x, y, round(there, 4), round(back, 4)]
        for (x, y), (there, back) in sorted(net.items(), key=lambda way: (way[1][1] - way[1][0], way[0]))
    ]


def _leads(both: tuple[str, str], ways: Mapping[tuple[str, str], tuple[float, float]]) -> bool:
    """Of the two ways between two kinds the one that more items went; of equals the one that is first by name."""
    there, back = ways[both]
    return there > back or (there == back and both[0] < both[1])


def _namer(suite: Suite, with_diagnosis: bool) -> Callable[[Row], str]:
    """What a wrong row's error is called: its reason, or the kind of its diagnosis where there is one."""
    if not with_diagnosis:
        return reason_code
    questions = {question.index: question for question in suite.questions}
    known: dict[tuple[int, str], str] = {}

    def name(row: Row) -> str:
        question = questions[row["index"]]
        if not question.is_problem or row["status"] == "unread":
            return reason_code(row)
        at = row["index"], row["text"]
        if at not in known:
            known[at] = _diagnosis(question, row)
        return known[at]

    return name


def _diagnosis(question: Question, row: Row) -> str:
    kind = diagnose(row["text"], question.problem, question.view).kind
    return reason_code(row) if kind == "right" else kind  # right by our rule, wrong by the one that is compared
