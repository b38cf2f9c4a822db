"""A comparison of runs as a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rungwise.evaluate.paired import ALL
from rungwise.report.document import Block, Heading, Points, Table, Text
from rungwise.report.words import p_text, percent, points

BY = {
    "strict": "strict: value and answer right",
    "value": "value: the value right",
    "official": "official: right by the published set's own rule",
}

METHOD = (
    "Accuracy in %, with 95 % intervals. The mean weighs every task the same. Differences are of items' means over"
    " their samples, and items that share a causal model count together; p is of the exact sign-flip test (for one"
    " sample an item McNemar's), corrected by Holm's method over all tests below; a difference is called real where"
    " the corrected p is below 0.05. The intervals of differences are not corrected."
)


def accuracy_table(results: Mapping[str, Any]) -> Table:
    """A row for each run, then those of the shortcuts and the solver; a column for the mean and each task."""
    rows = [*results["runs"], *results["references"]]
    return Table(
        ("", "mean", *results["tasks"], "unparsed", "cut off"),
        [
            (
                row["name"],
                _accuracy(row["mean"], row["interval"]),
                *(_accuracy(row["by_task"][t]["accuracy"], row["by_task"][t]["interval"]) for t in results["tasks"]),
                *(percent(row[rate]) if rate in row else "" for rate in ("unparsed", "cut_off")),
            )
            for row in rows
        ],
        frozenset(range(len(results["runs"]), len(rows))),
    )


def tests_table(comparison: Mapping[str, Any]) -> Table:
    """A row for the test over all tasks and for each task's."""
    return Table(
        ("", "points", "95 %", "p", "p corrected", "real", "items up", "items down"),
        [
            (
                "mean over tasks" if name == ALL else name,
                points(test["difference"]),
                f"{points(test['interval'][0])} to {points(test['interval'][1])}",
                p_text(test["p"]),
                p_text(test["p_corrected"]),
                "yes" if test["real"] else "no",
                str(test["gained"]),
                str(test["lost"]),
            )
            for name, test in comparison["tests"].items()
        ],
    )


def moves_table(comparison: Mapping[str, Any]) -> Table:
    """From kind of error to kind: items that went that way and back."""
    moves = comparison["errors"]["moves"]
    return Table(
        ("from", "to", "items", "back"), [(a, b, f"{there:.1f}", f"{back:.1f}") for a, b, there, back in moves]
    )


def flips_table(comparison: Mapping[str, Any]) -> Table:
    """The items shown of those that flipped."""
    return Table(
        ("item", "task", "way", "right before, after", "reason before", "reason after"),
        [
            (
                flip["id"],
                flip["task"],
                flip["way"],
                f"{percent(flip['right_a'])} % to {percent(flip['right_b'])} %",
                flip["reason_a"],
                flip["reason_b"],
            )
            for flip in comparison["flips"]["shown"]
        ],
    )


def verdict(comparison: Mapping[str, Any]) -> str:
    """One sentence: which run is better, if one is, and on which tasks."""
    a, b, tests = comparison["a"], comparison["b"], comparison["tests"]
    main = tests[ALL]
    ends = f"{points(main['interval'][0])} to {points(main['interval'][1])}"
    said = f"{points(main['difference'])} points, {ends}, corrected p {p_text(main['p_corrected'])}"
    if main["real"]:
        found = f"{b} is {'better' if main['difference'] > 0 else 'worse'} than {a}: {said}."
    else:
        found = f"{b} and {a} can't be told apart over all tasks: {said}."
    real = [f"{name} {points(test['difference'])}" for name, test in tests.items() if name != ALL and test["real"]]
    return f"{found} Real differences by task: {', '.join(real) or 'none'}."


def blocks(results: Mapping[str, Any]) -> list[Block]:
    """The whole report."""
    items = f"{results['items']} items"
    if results["clusters"] < results["items"]:
        items += f" about {results['clusters']} causal models"
    found: list[Block] = [
        Heading(f"Runs on {results['suite']}", 1),
        Text(f"{items}, {results['view']} view. Score: {BY[results['by']]}."),
        Points([verdict(comparison) for comparison in results["comparisons"]]),
        accuracy_table(results),
        Text(METHOD),
    ]
    for comparison in results["comparisons"]:
        flips = comparison["flips"]
        found += [Heading(f"{comparison['b']} less {comparison['a']}"), tests_table(comparison)]
        found.append(Text(f"{flips['gained']} items flipped to right in most samples, {flips['lost']} to wrong."))
        if flips["shown"]:
            found.append(flips_table(comparison))
        if comparison["errors"]["moves"]:
            found += [Text(f"Kinds of error by {comparison['errors']['by']}, items:"), moves_table(comparison)]
    return found


def _accuracy(share: float, interval: list[float] | None) -> str:
    return percent(share) + (f" ({100 * interval[0]:.0f}-{100 * interval[1]:.0f})" if interval else "")
