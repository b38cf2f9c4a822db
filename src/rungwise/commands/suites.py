"""verify, show and list."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rungwise.commands.output import Bars, emit, json_option
from rungwise.errors import UserError

if TYPE_CHECKING:
    from rungwise.evaluate.questions import Question

VIOLATIONS_SHOWN = 20


@click.command(
    epilog="""\b
Examples:
  rungwise generate base --n 700 --out items && rungwise verify items
  rungwise verify items --workers 2 --out report
  rungwise verify exam --against train --against caugym:base_dataset.json"""
)
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--against", multiple=True, help="Another folder or file that must share no text or test structure.")
@click.option("--workers", default=1, show_default=True, help="Processes; any number gives the same report.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for report.md and report.json.")
@json_option
def verify(folder: Path, against: tuple[str, ...], workers: int, out: Path | None, as_json: bool) -> int:
    """Recompute and check a generated folder (or one of its files).

    Truths by independent roads, texts, steps, reference answers (each must score 1), ids, twins, duplicates, splits,
    balance, file hashes. Exit code 1 when anything is wrong.
    """
    from rungwise.files import replacing, write_json
    from rungwise.suites.verify import verify_folder
    from rungwise.suites.verify_report import markdown

    if workers < 1:
        raise UserError(f"--workers must be at least 1, got {workers}")
    with Bars() as bars:
        found = verify_folder(folder, against, workers, lambda done, of: bars.update("verify", done, of))
    violations = found["violations"]
    if out is not None:
        write_json(out / "report.json", found)
        with replacing(out / "report.md") as file:
            file.write(markdown(str(folder), found))

    def show() -> None:
        for violation in violations[:VIOLATIONS_SHOWN]:
            click.echo(f"{violation['where']}: {violation['kind']}: {violation['what']}")
        if len(violations) > VIOLATIONS_SHOWN:
            click.echo(f"... and {len(violations) - VIOLATIONS_SHOWN} more")
        click.echo(f"{found['items']} items ({found['thorough']} thoroughly): {len(violations) or 'no'} violations")

    emit(found, as_json, show)
    return 1 if violations else 0


@click.command(
    epilog="""\b
Examples:
  rungwise show base#0
  rungwise show items#3f2a          the item whose id begins so
  rungwise show caugym:base_dataset.json#12
  rungwise show 3f2a91c0d4e5b6a7    looked for in the generated folders here"""
)
@click.argument("name", metavar="ID|FILE#ID|DIR#ID|SUITE#NUMBER")
@click.option("--seed", default=0, show_default=True, help="For SUITE#NUMBER.")
@click.option("--view", help="Another view than the one it was made in.")
@json_option
def show(name: str, seed: int, view: str | None, as_json: bool) -> None:
    """One item with its truth, its worked steps and what the shortcuts answer."""
    from rungwise.evaluate.report import printable
    from rungwise.problems.baselines import BASELINES, baseline_value
    from rungwise.problems.solve import solve

    question = _find(name, seed, view)
    truth = {"value": question.truth.value, "answer": question.truth.answer}
    row: dict[str, Any] = {"id": question.id, "task": question.task, "view": question.view, "text": question.prompt}
    row |= {"truth": truth, "unread": question.unread}
    if question.unread is None:
        solution = solve(question.problem)
        row |= {
            "solved": {"value": solution.value, "answer": solution.answer},
            "estimand": solution.estimand,
            "steps": [{"kind": step.kind, "content": step.content} for step in solution.steps],
            "baselines": {name: baseline_value(name, question.problem) for name in BASELINES},
            "problem": question.problem.to_dict(),
        }

    def tell() -> None:
        click.echo(f"{question.task} {question.id}\n\n{printable(question.prompt or '')}\n\ntruth: {_said(truth)}")
        if question.unread is not None:
            click.echo(f"not read: {printable(question.unread)}")
            return
        click.echo(f"solved: {_said(row['solved'])}")
        for step in row["steps"]:
            click.echo(f"  {step['kind']}: {step['content']}")
        shown = ", ".join(f"{k} {'-' if v is None else f'{v:.4f}'}" for k, v in row["baselines"].items())
        click.echo(f"shortcuts: {shown}")

    emit(row, as_json, tell)


def _said(answer: dict[str, Any]) -> str:
    return ", ".join(f"{v:.4f}" if isinstance(v, float) else str(v) for v in answer.values() if v is not None)


def _find(name: str, seed: int, view: str | None) -> Question:
    from rungwise.evaluate.questions import Question, load_suite
    from rungwise.suites.folder import MANIFEST
    from rungwise.suites.items import SUITES
    from rungwise.suites.items import generate as generate_items
    from rungwise.suites.rows import read_rows

    source, marked, wanted = name.rpartition("#")
    if not marked:
        folders = [manifest.parent for depth in ("", "*/", "*/*/") for manifest in Path().glob(depth + MANIFEST)]
        for folder in folders:
            if any(str(row.get("id", "")).startswith(wanted) for _, row in read_rows(folder)):
                return _pick(load_suite(str(folder), view).questions, wanted, str(folder))
        raise UserError(f"no item {wanted!r} in the generated folders here; name its place, as in DIR#{wanted}")
    if source in SUITES:
        if not wanted.isascii() or not wanted.isdigit() or len(wanted) > 9:
            raise UserError(f"items of a suite are named by their number, as in {source}#0, not {wanted!r}")
        (item,) = generate_items(source, 1, seed, view or "natural", start=int(wanted))
        return Question(int(wanted), item.id, item.problem.query.task, item.view, item.text, item.problem)
    return _pick(load_suite(source, view).questions, wanted, source)


def _pick(questions: tuple[Question, ...], wanted: str, source: str) -> Question:
    """By id, by number from 0, or by the beginning of the id."""
    for question in questions:
        if question.id == wanted:
            return question
    if wanted.isascii() and wanted.isdigit() and int(wanted[:9]) < len(questions):
        return questions[int(wanted)]
    near = [question for question in questions if wanted and question.id.startswith(wanted)]
    if len(near) != 1:
        raise UserError(f"{len(near) or 'no'} items of {source} have an id that begins with {wanted!r}")
    return near[0]


@click.command(
    name="list",
    epilog="""\b
Examples:
  rungwise list
  rungwise list suites --json""",
)
@click.argument("what", required=False, metavar="[suites|tasks|recipes|models]")
@json_option
def list_(what: str | None, as_json: bool) -> None:
    """What there is: suites, tasks, recipes and models."""
    kinds = {"suites": _suites, "tasks": _tasks, "recipes": _recipes, "models": _models}
    if what is not None and what not in kinds:
        raise UserError(f"there is no list of {what!r}; lists are {', '.join(kinds)}")
    found = {kind: make() for kind, make in kinds.items() if what in (kind, None)}

    def tell() -> None:
        for kind, entries in found.items():
            width = max(map(len, entries))
            click.echo(f"{kind}")
            for name, text in entries.items():
                click.echo(f"  {name:{width}}  {text}")

    emit(found, as_json, tell)


def _suites() -> dict[str, str]:
    from rungwise.suites.items import SUITES

    return {**SUITES, "caugym:PATH[#SUBSET]": "a test file of CauGym, or a subset of its folder"}


def _tasks() -> dict[str, str]:
    from rungwise.problems.problem import TASKS
    from rungwise.problems.tasks import task

    return {name: task(name).TITLE for name in TASKS}


def _recipes() -> dict[str, str]:
    from rungwise.posttrain.settings import RECIPES

    return {name: json.dumps(asdict(recipe)) for name, recipe in RECIPES.items()}


def _models() -> dict[str, str]:
    return {
        "exact": "the solver: the ceiling",
        "constant, unadjusted, graph-blind, lookup": "shortcuts: the floor",
        "embedded": "the small base model that ships with rungwise",
        "PATH or ID": "any causal language model in a folder or on the Hugging Face hub",
    }
