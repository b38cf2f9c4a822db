"""The sections of a study's report: from the numbers to blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rungwise.evaluate.study_statistics import ENOUGH
from rungwise.report.accuracies import MEAN
from rungwise.report.document import Block, Code, Heading, Pictures, Points, Table, Text
from rungwise.report.published import BASE, COLUMNS, GRPO_BY_SUITE, SOURCE
from rungwise.report.words import NAMES, ends, p_text, percent, points, summary, times

KINDS = {"value": "value accuracy", "strict": "strict score (value and answer)"}
REFERENCE_SUITE = "base"

METHOD = (
    "Intervals are at 95 %. Seeds are independent: each has its own cold start, training data and items, so the mean of"
    " a seed varies with the training and with the items, and Student's interval over the seeds' means covers both. It"
    " is widened, where it is narrower, to the interval over items (Wilson's for each task over all seeds, combined"
    " over tasks by Zou and Donner's square-and-add method), which takes the trained models as given."
    f" With fewer than {ENOUGH} seeds only the interval over items is used."
)
TESTS = (
    "Both models of a pair answer the same items after the same cold start, so differences are taken item by item. p"
    " over seeds: Student's paired test on the seeds' mean differences. p over items: exact sign-flip test over the"
    f" items of all seeds. p is the larger of both, over items alone with fewer than {ENOUGH} seeds; corrected"
    " by Holm's method within the question (against the cold start; between methods) of a suite. A difference is called"
    " real below 0.05. The intervals of differences are not corrected."
)


def opening(results: Mapping[str, Any]) -> list[Block]:
    """Title, what came out in sentences, and what was run."""
    facts = {
        "start model": results["model"],
        "view": results["view"],
        "seeds": ", ".join(map(str, results["seeds"])),
        "worked solutions a task": results["solutions"],
        "questions without solutions": results["questions"],
        "items a suite and seed": results["items"],
        "answers an item": f"{results['samples']}, temperature {results['temperature']:g}",
        "tokens an answer may have": results["tokens"],
        "versions": ", ".join(f"{name} {version}" for name, version in results["versions"].items()),
    }
    return [
        Heading(f"Study: {', '.join(NAMES[m] for m in results['methods'])} from one cold start", 1),
        Points(summary(results)),
        Heading("What was run"),
        Code(results["command"]),
        Text(times(results)),
        Table(("", ""), [(name, str(value)) for name, value in facts.items()]),
    ]


def main_tables(results: Mapping[str, Any], out: Path) -> list[Block]:
    """Methods by tasks on the first suite, and methods by suites, the published rows beside them."""
    suites = results["suites"]
    blocks: list[Block] = []
    for kind, name in KINDS.items():
        blocks += [Heading(f"{suites[0]}: {name}, %"), _by_task(results, suites[0], kind, published=kind == "value")]
        if kind == "value":
            blocks += [Text(f"Rows named (published), in grey: {SOURCE}."), Pictures([out / "tasks.png"])]
    for kind, name in KINDS.items():
        blocks += [
            Heading(f"All suites: {name}, %, mean over tasks"),
            _by_suite(results, kind, published=kind == "value"),
        ]
        if kind == "value":
            blocks += [Text(f"Rows named (published), in grey: {SOURCE}."), Pictures([out / "suites.png"])]
    return [*blocks, Text(METHOD)]


def _by_task(results: Mapping[str, Any], suite: str, kind: str, published: bool) -> Table:
    rows = results["accuracy"][suite]
    tasks = list(rows["cold_start"][kind])
    ours = [(NAMES.get(name, name), *(_cell(row[kind][task]) for task in tasks)) for name, row in rows.items()]
    theirs = []
    if published and suite == REFERENCE_SUITE:
        for name, values in BASE.items():
            known = dict(zip(COLUMNS, values, strict=True))
            theirs.append((f"{name} (published)", *(f"{known[t]:.1f}" if t in known else "" for t in tasks)))
    return Table(("", *tasks), [*ours, *theirs], frozenset(range(len(ours), len(ours) + len(theirs))))


def _by_suite(results: Mapping[str, Any], kind: str, published: bool) -> Table:
    suites = results["suites"]
    names = results["accuracy"][suites[0]]
    ours = [
        (NAMES.get(name, name), *(_cell(results["accuracy"][suite][name][kind][MEAN]) for suite in suites))
        for name in names
    ]
    known = [f"{GRPO_BY_SUITE[suite][-1]:.1f}" if suite in GRPO_BY_SUITE else "" for suite in suites]
    theirs = [("GRPO 14B (published)", *known)] if published and any(known) else []
    return Table(("", *suites), [*ours, *theirs], frozenset(range(len(ours), len(ours) + len(theirs))))


def differences(results: Mapping[str, Any]) -> list[Block]:
    """Which differences are real, suite by suite."""
    header = ("", "difference, points", "95 %", "by seed", "p over seeds", "p over items", "p", "corrected", "real")
    blocks: list[Block] = [Heading("Which differences are real"), Text(TESTS)]
    for suite in results["suites"]:
        rows = [
            (
                f"{NAMES[c['a']]} less {NAMES[c['b']]}",
                points(c["difference"]),
                ends(c["interval"]),
                ", ".join(map(points, c["by_seed"])),
                p_text(c["p_seeds"]),
                p_text(c["p_items"]),
                p_text(c["p"]),
                p_text(c["p_holm"]),
                "yes" if c["real"] else "no",
            )
            for c in results["comparisons"][suite]
        ]
        blocks += [Heading(suite, 3), Table(header, rows)]
    return blocks


def budgets(results: Mapping[str, Any], out: Path) -> list[Block]:
    """Accuracy against worked solutions."""
    if not results["budgets"]:
        return []
    suite, seed = results["suites"][0], results["seeds"][0]
    rows = [
        (
            f"{point['solutions']}",
            NAMES[point["method"]],
            f"{percent(point['accuracy'])} ({ends((point['lo'], point['hi']))})",
        )
        for point in results["budgets"]
    ]
    return [
        Heading("What worked solutions buy"),
        Text(f"Value accuracy in % on {suite}, mean over tasks; seed {seed} alone, so intervals are over items."),
        Table(("solutions a task", "method", "value accuracy"), rows),
        Pictures([out / "budgets.png"]),
    ]


def runs(results: Mapping[str, Any], pictures: Sequence[Path]) -> list[Block]:
    """Learning curves, cost and health."""
    header = ("", "seconds", "of at most", "steps", "samples", "tokens")
    rows = [
        (
            NAMES[method],
            f"{cost['seconds']:.0f}",
            f"{cost['limit']:g}",
            f"{cost['steps']:.0f}",
            f"{cost['samples']:.0f}",
            "not logged" if cost["tokens"] is None else f"{cost['tokens']:.0f}",
        )
        for method, cost in results["cost"].items()
    ]
    warned = [
        (warning["run"], warning["name"], str(warning["step"]), warning["sentence"]) for warning in results["health"]
    ]
    return [
        Heading("Learning curves"),
        Text("Each line is a seed; faintly as logged, over it a running mean."),
        Pictures(pictures),
        Heading("Cost"),
        Text(
            "Means over seeds. A sample is a worked solution, a pair (DPO), or a completion, as often as it was used."
        ),
        Table(header, rows),
        Heading("Training health"),
        Table(("run", "warning", "step", "what it means"), warned) if warned else Text("No warnings."),
    ]


def mistakes(results: Mapping[str, Any]) -> list[Block]:
    """What is wrong with the answers."""
    blocks: list[Block] = [
        Heading("What the models get wrong"),
        Text(
            "All seeds together. Each wrong answer has one kind (see docs/scoring.md) and a first wrong or missing"
            " step; the last column counts right answers with such a step."
        ),
    ]
    for suite in results["suites"]:
        rows = results["errors"][suite]
        blocks.append(Heading(suite, 3))
        for title, part in (("kind of mistake", "kinds"), ("first wrong step", "steps")):
            names = sorted({name for row in rows.values() for name in row[part]}, key=lambda n: -_total(rows, part, n))
            header = (title, "answers", "wrong", *names, *(["right by wrong steps"] if part == "steps" else []))
            lines = []
            for model, row in rows.items():
                counts = [str(row[part].get(name, 0)) for name in names]
                extra = [str(row["right_by_wrong_steps"])] if part == "steps" else []
                lines.append((NAMES[model], str(row["answers"]), str(row["wrong"]), *counts, *extra))
            blocks.append(Table(header, lines))
    return blocks


def _total(rows: Mapping[str, Any], part: str, name: str) -> int:
    return sum(row[part].get(name, 0) for row in rows.values())


def transcripts(found: Sequence[Mapping[str, Any]], suite: str, best: str) -> list[Block]:
    """What was written before and after."""
    blocks: list[Block] = [Heading(f"What the models wrote on {suite}: cold start and {NAMES[best]}")]
    for number, example in enumerate(found, 1):
        value = example["truth"]["value"]
        blocks += [Heading(f"Problem {number}", 3), Code(str(example["prompt"]))]
        for key, title in (("before", "Cold start:"), ("after", f"{NAMES[best]}:"), ("solution", "Worked solution:")):
            blocks += [Text(title), Code(str(example[key]))]
        blocks.append(Text(f"True value: {'not determined' if value is None else f'{value:.4f}'}"))
    return blocks


def all_numbers(results: Mapping[str, Any]) -> list[Block]:
    """Every accuracy of the study: by task on every suite, and the means seed by seed with both intervals."""
    blocks: list[Block] = [Heading("All numbers")]
    for suite in results["suites"]:
        for kind, name in KINDS.items():
            if suite != results["suites"][0]:
                blocks += [Heading(f"{suite}: {name}, %", 3), _by_task(results, suite, kind, published=False)]
            blocks += [Heading(f"{suite}: {name}, %, seed by seed", 3), _by_seed(results, suite, kind)]
    return blocks


def _by_seed(results: Mapping[str, Any], suite: str, kind: str) -> Table:
    header = ("", *(f"seed {seed}" for seed in results["seeds"]), "mean", "95 % over seeds", "95 % over items")
    rows = []
    for name, row in results["accuracy"][suite].items():
        mean = row[kind][MEAN]
        over_seeds = "" if mean["over_seeds"] is None else ends(mean["over_seeds"])
        seeds = map(percent, mean["by_seed"])
        rows.append((NAMES.get(name, name), *seeds, percent(mean["mean"]), over_seeds, ends(mean["over_items"])))
    return Table(header, rows)


def _cell(estimate: Mapping[str, Any]) -> str:
    return f"{percent(estimate['mean'])} ({ends(estimate['interval'])})"
