"""The tables and drawings of a report on evaluations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from rungwise.evaluate.results import interval, share
from rungwise.evaluate.statistics import Cell, mean_over_tasks
from rungwise.problems.baselines import BASELINES
from rungwise.report.answers import Answer
from rungwise.report.document import Block, Figure, Heading, Table, Text
from rungwise.report.drawing import Bars, panels, stacks
from rungwise.report.evaluations import Group, Run
from rungwise.report.published import COLUMNS, SOURCE, published_rows
from rungwise.report.words import ends, percent

MEAN = "mean over tasks"
KINDS = {
    "accuracy": "strict: value and answer right",
    "value_accuracy": "value right",
    "official": "right by the set's own rule",
}
"""What is counted -> how the report calls it."""

SERIES = 8
"""Colours of models in the page's style."""

PUBLISHED = f"Rows in grey, at the end: {SOURCE}, by the set's own rule."

OUTCOMES = {
    "right": "s2", "value right, answer not": "s4", "wrong": "s5", "unparsed": "s1", "cut off": "s3",
    "unread": "shortcut", "no output": "exact",
}  # fmt: skip
"""How an answer can come out -> its colour."""

MISTAKES = {
    "format": "s1", "lack": "s6", "no_lack": "s4", "polarity": "s0", "task": "s7", "adjustment": "s5", "mediator": "s3",
    "shortcut": "shortcut", "arithmetic": "s2", "rounding": "s4", "other": "exact",
}  # fmt: skip
"""Kind of mistake -> its colour."""


def by_task(group: Group) -> list[Block]:
    """Models by tasks: one table for each way of counting, the shortcuts, the solver and published rows in it."""
    kinds = [kind for kind in KINDS if kind != "official" or all("official" in run.rows[0] for run in group.rows)]
    theirs = published_rows(group.spec)
    compared = kinds[-1] if kinds[-1] == "official" else "accuracy"
    header = ("model", MEAN, *group.tasks)
    blocks: list[Block] = [Heading(group.name, 3)]
    for kind in kinds:
        ours = [(run.model, *map(cell_text, _cells(run, kind, group.tasks).values())) for run in group.rows]
        apart = [_published(name, values, header[1:]) for name, values in theirs.items()] if kind == compared else []
        said = f"{KINDS[kind].capitalize()}, % (95 % interval)."
        blocks += [Text(said), Table(header, [*ours, *apart], frozenset(range(len(ours), len(ours) + len(apart))))]
        if apart:
            blocks.append(Text(PUBLISHED))
        if kind == kinds[0]:
            columns = (MEAN, *group.tasks)
            shown = [Bars(c, {run.model: _cells(run, kind, group.tasks)[c] for run in group.rows}) for c in columns]
            caption = f"{group.name}: {KINDS[kind]}, %, with 95 % intervals."
            blocks.append(Figure(panels(shown, colours([group])), caption))
    return blocks


def by_suite(groups: Sequence[Group]) -> list[Block]:
    """Models by suites, where there are several."""
    if len(groups) < 2:
        return []
    blocks: list[Block] = [Heading("Models by suites")]
    names = list(colours(groups))
    for kind in ("accuracy", "value_accuracy"):
        found = {
            group.name: {run.model: _cells(run, kind, group.tasks)[MEAN] for run in group.rows} for group in groups
        }
        rows = [(name, *(cell_text(cells.get(name)) for cells in found.values())) for name in names]
        known = [published_rows(group.spec).get("GRPO 14B") for group in groups]
        theirs = [("GRPO 14B (published)", *(f"{row[-1]:.1f}" if row else "" for row in known))]
        apart = theirs if kind == "accuracy" and any(known) else []
        blocks.append(Text(f"{KINDS[kind].capitalize()}, mean over tasks, % (95 % interval)."))
        blocks.append(Table(("model", *found), [*rows, *apart], frozenset([len(rows)] if apart else [])))
        if apart:
            blocks.append(Text(PUBLISHED))
        if kind == "accuracy":
            shown = [Bars(name, cells) for name, cells in found.items()]
            blocks.append(Figure(panels(shown, colours(groups)), f"{KINDS[kind].capitalize()}, mean over tasks, %."))
    return blocks


def outcomes(group: Group, answers: Sequence[Answer]) -> list[Block]:
    """How the answers came out: the two rules side by side, and what could not be counted."""
    official = all("official" in run.rows[0] for run in group.rows)
    header = (
        "model", "items", "answers", "strict", *(["official"] if official else []), "value right", "answer right",
        "unparsed", "cut off", "unread", "as a plain number",
    )  # fmt: skip
    cut = Counter(answer.run.model for answer in answers if answer.cut_off)
    rows = []
    for run in group.rows:
        found, n = run.results, len(run.rows)
        plain = share(run.rows, lambda row: row.get("value_correct") and not row.get("by_expression"))
        answer_accuracy = found.get("answer_accuracy")
        rows.append(
            (
                run.model,
                str(found["n"]),
                str(n),
                cell_text((found["accuracy"], *found["interval"])),
                *([cell_text(_official(run, None))] if official else []),
                cell_text((found["value_accuracy"], *found["value_interval"])),
                "" if answer_accuracy is None else percent(answer_accuracy),
                percent(found["unparsed"]),
                percent(cut[run.model] / n),
                percent(found["unread"]),
                percent(plain),
            )
        )
    shares = {run.model: _shares([a for a in answers if a.run is run], _ended) for run in group.runs}
    caption = f"{group.name}: how the answers came out, % of all answers."
    return [Heading(group.name, 3), Table(header, rows), Figure(stacks(shares, OUTCOMES), caption)]


def mistakes(group: Group, answers: Sequence[Answer]) -> list[Block]:
    """The kinds of wrong answers, where the problems are known."""
    if not any(answer.diagnosis for answer in answers):
        return []
    wrong = [answer for answer in answers if answer.diagnosis and not answer.row["score"]]
    blocks: list[Block] = [Heading(group.name, 3)]
    for title, told in (("kind of mistake", _kind), ("first wrong step", _step)):
        counts = {run.model: Counter(told(a) for a in wrong if a.run is run) for run in group.runs}
        names = sorted(
            {name for found in counts.values() for name in found}, key=lambda n: -sum(c[n] for c in counts.values())
        )
        rows = [(model, str(found.total()), *(str(found[name]) for name in names)) for model, found in counts.items()]
        blocks += [Text(f"Wrong answers by {title}."), Table(("model", "not right", *names), rows)]
        if title == "kind of mistake":
            shares = {run.model: _shares([a for a in wrong if a.run is run], _kind) for run in group.runs}
            caption = f"{group.name}: what is wrong with the answers that are not right, %."
            blocks.append(Figure(stacks(shares, MISTAKES), caption))
    return blocks


def _kind(answer: Answer) -> str:
    return answer.diagnosis.kind if answer.diagnosis else "none"


def _step(answer: Answer) -> str:
    return (answer.diagnosis.step if answer.diagnosis else None) or "none"


def _ended(answer: Answer) -> str:
    if answer.code == "no_output":
        return "no output"
    if answer.outcome == "unparsed" and answer.cut_off:
        return "cut off"
    if answer.outcome == "wrong" and answer.row.get("value_correct"):
        return "value right, answer not"
    return answer.outcome


def _shares(answers: Sequence[Answer], told: Callable[[Answer], str]) -> dict[str, float]:
    counts = Counter(map(told, answers))
    return {name: count / counts.total() for name, count in counts.items()}


def colours(groups: Sequence[Group]) -> dict[str, str]:
    """Every row of some groups -> its colour: models, shortcuts, the solver."""
    names = dict.fromkeys(run.model for group in groups for run in group.runs if not run.is_reference)
    found = {name: f"s{place % SERIES}" for place, name in enumerate(names)}
    references = [run for group in groups for run in group.rows if run.is_reference]
    references.sort(key=lambda run: [*BASELINES, "exact"].index(run.results["model"]))
    return found | {run.model: "exact" if run.results["model"] == "exact" else "shortcut" for run in references}


def _cells(run: Run, kind: str, tasks: Sequence[str]) -> dict[str, Cell | None]:
    """The mean over tasks first, then the tasks; None where a run has no such task."""
    found = {task: _cell(run, kind, task) for task in tasks}
    known = [cell for cell in found.values() if cell is not None]
    return {MEAN: mean_over_tasks(known) if known else None, **found}


def _cell(run: Run, kind: str, task: str) -> Cell | None:
    cell: Mapping[str, Any] | None = run.results["by_task"].get(task)
    if cell is None:
        return None
    if kind == "official":
        return _official(run, task)
    return (cell[kind], *cell["value_interval" if kind == "value_accuracy" else "interval"])


def _official(run: Run, task: str | None) -> Cell:
    rows = [row for row in run.rows if task in (None, row["task"])]
    lo, hi = interval(rows, itemgetter("official"), {})
    return share(rows, itemgetter("official")), lo, hi


def cell_text(cell: Cell | None) -> str:
    """As in ``81.2 (78.9 to 83.1)``."""
    return "" if cell is None else f"{percent(cell[0])} ({ends(cell[1:])})"


def _published(name: str, values: Sequence[float], columns: Sequence[str]) -> tuple[str, ...]:
    known = dict(zip(COLUMNS, values, strict=True))
    known[MEAN] = known["mean"]
    return f"{name} (published)", *(f"{known[column]:.1f}" if column in known else "" for column in columns)
