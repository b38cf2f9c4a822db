"""From the folders of evaluations to report.html, report.md and table.tex."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rungwise.errors import UserError
from rungwise.evaluate.statistics import Cell, mean_over_tasks
from rungwise.files import replacing
from rungwise.problems.baselines import BASELINES
from rungwise.report.answers import MOST, Answer, answers_of, browser_data
from rungwise.report.document import Block, Browser, Heading, Points, Table, Text, html, markdown
from rungwise.report.evaluation_tables import by_suite, by_task, mistakes, outcomes
from rungwise.report.evaluations import Group, Run, grouped, read_run
from rungwise.report.latex import latex
from rungwise.report.words import ends, percent

LOUD = 0.02
"""Above this share of unparsed or cut-off texts the summary says so."""

SETTINGS_SHOWN = (
    "view", "n", "limit", "seed", "samples", "temperature", "top_p", "max_new_tokens", "rounding", "patch", "rungwise",
)  # fmt: skip

METHOD = (
    "Intervals are at 95 %: Wilson's for one answer an item; with several answers an item whole items are resampled,"
    " because answers to one item are not independent; means over tasks by Zou and Donner's square-and-add method. They"
    " say what other items of the same kind would give, not what another training run would. To see which differences"
    " between models are real, use 'rungwise compare'. Strict: one final answer, the value within 0.0005 and the Yes or"
    " No where one is asked. What never parsed counts as wrong. A diagnosis compares an answer with what known mistakes"
    " lead to (docs/scoring.md). The shortcuts never reason about the graph; exact is the solver."
)


def write_evaluations(folders: Sequence[Path], out: Path, most: int = MOST, seed: int = 0) -> dict[str, Any]:
    """Write the report of some evaluations.

    Args:
        folders: as ``rungwise evaluate`` and ``rungwise score`` write them.
        out: folder for ``report.html``, ``report.md`` and ``table.tex``.
        most: answers in the browser of answers.
        seed: of the choice of these.

    Returns:
        {"report", "markdown", "latex": paths, "bytes" of report.html, "runs": [{"model", "suite", "folder",
        "accuracy", "interval", "suite_loaded"}], "answers", "answers_shown"}.

    Raises:
        UserError: a folder holds no finished evaluation, or is named twice.
        OSError: a file can't be read or written.
    """
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise UserError("a run is named twice")
    groups = grouped([read_run(folder) for folder in folders])
    answers = [answers_of(group) for group in groups]
    data = browser_data(groups, answers, most, seed)
    blocks = _blocks(groups, answers)
    shown: list[Block] = [*blocks, Heading("Answers"), Text(data.pop("kept")), Browser(data)]
    texts = {"report.html": html(shown, script=True), "report.md": markdown(blocks), "table.tex": latex(blocks)}
    for name, text in texts.items():
        with replacing(out / name) as file:
            file.write(text)
    return {
        "report": str(out / "report.html"),
        "markdown": str(out / "report.md"),
        "latex": str(out / "table.tex"),
        "bytes": (out / "report.html").stat().st_size,
        "runs": [_run_line(group, run) for group in groups for run in group.runs],
        "answers": sum(map(len, answers)),
        "answers_shown": len(data["answers"]),
    }


def _run_line(group: Group, run: Run) -> dict[str, Any]:
    return {
        "model": run.model,
        "suite": group.name,
        "folder": str(run.folder),
        "accuracy": run.results["accuracy"],
        "interval": run.results["interval"],
        "suite_loaded": group.suite is not None,
    }


def _blocks(groups: Sequence[Group], answers: Sequence[Sequence[Answer]]) -> list[Block]:
    both = list(zip(groups, answers, strict=True))
    wrong = [block for group, found in both for block in mistakes(group, found)]
    return [
        Heading("Evaluation report", 1),
        Points([sentence for group, found in both for sentence in _summary(group, found)]),
        *by_suite(groups),
        Heading("Models by tasks"),
        *[block for group in groups for block in by_task(group)],
        Heading("How the answers came out"),
        *[block for group, found in both for block in outcomes(group, found)],
        *([Heading("What is wrong with the answers"), *wrong] if wrong else []),
        Heading("What was run"),
        _settings(groups),
        Text(METHOD),
    ]


def _summary(group: Group, answers: Sequence[Answer]) -> list[str]:
    """What came out on a suite, and what a reader must know before believing it."""
    models = [run for run in group.runs if not run.is_reference]
    found = []
    if models:
        best = max(models, key=lambda run: _mean(run)[0])
        among = "" if len(models) == 1 else f", the highest of {len(models)} models"
        found.append(f"{group.name}: {best.model} is right on {_share(best)}{among}, mean over tasks.")
    shortcuts = [run for run in group.rows if run.results["model"] in BASELINES]
    if shortcuts:
        best = max(shortcuts, key=lambda run: _mean(run)[0])
        found.append(f"{group.name}: the best shortcut without causal reasoning is {best.model}, {_share(best)}.")
    for run in models:
        cut = sum(answer.cut_off for answer in answers if answer.run is run) / len(run.rows)
        unparsed = run.results["unparsed"]
        if max(cut, unparsed) > LOUD:
            told = f"of its answers {100 * unparsed:.1f} % could not be read and {100 * cut:.1f} % were cut off"
            found.append(f"{run.model} on {group.name}: {told}; they count as wrong.")
    if group.missing:
        stored = ", ".join(f"{name} {100 * s:.1f} %" for name, s in group.runs[0].results.get("baselines", {}).items())
        found.append(
            f"{group.name}: its items could not be loaded again ({group.missing}), so there are no prompts, solutions"
            " and diagnoses, and no rows of the shortcuts and the solver."
            + (f" Values right by shortcuts, as stored: {stored}." if stored else "")
        )
    return found


def _share(run: Run) -> str:
    mean, *interval = _mean(run)
    return f"{percent(mean)} % ({ends(interval)})"


def _mean(run: Run) -> Cell:
    return mean_over_tasks([(cell["accuracy"], *cell["interval"]) for cell in run.results["by_task"].values()])


def _settings(groups: Sequence[Group]) -> Table:
    runs = [(group, run) for group in groups for run in group.runs]
    known = [name for name in SETTINGS_SHOWN if any(run.setting(name) is not None for _, run in runs)]
    rows = []
    for group, run in runs:
        values = [run.setting(name) for name in known]
        told = ["" if value is None else str(value) for value in values]
        digest = str(run.settings.get("suite_sha256") or "not stored")[:12]
        rows.append((run.model, group.name, str(run.results["n"]), *told, digest, str(run.folder)))
    return Table(
        ("model", "suite", "items", *(name.replace("_", " ") for name in known), "items' hash", "folder"), rows
    )
