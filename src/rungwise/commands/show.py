"""show: one item and everything behind it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rungwise.commands.output import emit, json_option
from rungwise.errors import UserError

if TYPE_CHECKING:
    from rungwise.evaluate.questions import Question


@click.command(
    epilog="""\b
Examples:
  rungwise show base#0
  rungwise show insufficient#0      both models where nothing determines the value
  rungwise show items#3f2a          the item whose id begins so
  rungwise show caugym:base_dataset.json#12
  rungwise show cladder:DIR#hard#7  an item of a published set, with the verdict on its label
  rungwise show 3f2a91c0d4e5b6a7    looked for in the generated folders here
  rungwise show base#0 --certificate item.json && python docs/check_certificate.py item.json"""
)
@click.argument("name", metavar="ID|FILE#ID|DIR#ID|SUITE#NUMBER")
@click.option("--seed", default=0, show_default=True, help="For SUITE#NUMBER.")
@click.option("--view", help="Another view than the one it was made in.")
@click.option("--certificate", type=click.Path(path_type=Path), help="Write the item's certificate to this JSON file.")
@json_option
def show(name: str, seed: int, view: str | None, certificate: Path | None, as_json: bool) -> None:
    """One item: text, causal model, question, readings, worked steps, shortcuts, and the value recomputed."""
    from rungwise.files import write_json

    question = _find(name, seed, view)
    row = _described(question)
    if certificate is not None:
        if question.problem.model is None:
            raise UserError(f"{name} has no certificate: the model behind it is not known")
        write_json(certificate, row["problem"])
    emit(row, as_json, lambda: _tell(row))


def _described(question: Question) -> dict[str, Any]:
    """What is printed, for people or as JSON.

    Raises:
        UserError: the certificate is too large or damaged.
    """
    from rungwise.evaluate.results import truth_row
    from rungwise.problems.baselines import BASELINES, baseline_value
    from rungwise.problems.certificate import read_certificate
    from rungwise.problems.evidence import evidence
    from rungwise.problems.solve import solve

    row: dict[str, Any] = {
        "id": question.id,
        "task": question.task,
        "view": question.view,
        "text": question.prompt,
        "truth": truth_row(question.truth),
        "unread": question.unread,
    }
    if question.published is not None:
        chosen, item = question.published
        found = chosen.audit(item)
        exact = truth_row(found.truth) if found.truth else None
        row["audit"] = {"outcome": found.outcome, "why": found.why, "exact": exact, "proof": found.proof}
    if not question.is_problem:
        return row
    problem = question.problem
    try:
        if problem.model is not None:  # it may come from a file that anybody wrote
            problem = read_certificate(json.dumps(problem.to_dict()))
        solution = solve(problem)
        return row | {
            **evidence(problem),
            "solved": {"value": solution.value, "answer": solution.answer},
            "estimand": solution.estimand,
            "steps": [{"kind": step.kind, "content": step.content} for step in problem.steps or solution.steps],
            "baselines": {name: baseline_value(name, problem) for name in BASELINES},
            "difficulty": problem.meta.get("difficulty"),
            "problem": problem.to_dict(),
        }
    except UserError as error:
        raise UserError(f"the certificate of {question.id} is damaged: {error}") from error
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, ZeroDivisionError) as error:
        raise UserError(f"the certificate of {question.id} is damaged: {type(error).__name__}: {error}") from error


def _tell(row: dict[str, Any]) -> None:
    """The item for people, a paragraph for each thing there is to say."""
    from rungwise.evaluate.report import printable

    lines = [f"{row['task']} {row['id']}", "", row["text"] or "", ""]
    if "definition" not in row:
        lines.append(f"truth: {_said(row['truth'])}")
        lines += [f"not read: {row['unread']}"] if row["unread"] is not None else []
    else:
        lines += _model(row) if "model" in row else []
        lines += [f"question: {row['definition']}", f"truth: {_said(row['truth'])}", f"solved: {_said(row['solved'])}"]
        lines += [f"  {step['kind']}: {step['content']}" for step in row["steps"]]
        lines += _readings(row["readings"]) if "readings" in row else []
        lines.append(f"shortcuts: {', '.join(f'{k} {_number(v)}' for k, v in row['baselines'].items())}")
        lines += _recomputed(row) if "recomputed" in row else []
        if isinstance(row["difficulty"], dict):
            lines.append(f"difficulty: {', '.join(f'{k} {v}' for k, v in row['difficulty'].items())}")
    if "audit" in row:
        lines += [f"label: {row['audit']['outcome']}: {row['audit']['why']}", f"  {row['audit']['proof']}"]
    click.echo(printable("\n".join(lines)))


def _model(row: dict[str, Any]) -> list[str]:
    """The tables; those of the second model beside them where there is one."""
    second = row["witness"]["model"] if "witness" in row else None
    lines = ["model, and a second one with the same displayed numbers" if second else "model"]
    for i, variable in enumerate(row["model"]):
        labels = ", ".join(f"{value} {label}" for value, label in variable["labels"].items())
        lines.append(f"  {variable['letter']}: {variable['name']} ({labels})")
        for cell, p in variable["table"].items():
            beside = f" | {second[i]['table'][cell]:.4f}" if second else ""
            lines.append(f"    {cell} = {p:.4f}{beside}")
    return [*lines, ""]


def _readings(readings: list[dict[str, Any]]) -> list[str]:
    lines = ["readings"]
    for reading in readings:
        mark = "  right" if reading["right"] else ""
        sets = f"mediators {reading['mediators']}, adjustment {reading['adjustment']}"
        lines.append(f"  {sets}: {_number(reading['value'])}{mark}")
    return lines


def _recomputed(row: dict[str, Any]) -> list[str]:
    if "witness" in row:
        first, second = row["witness"]["values"]
        apart = f"at most {row['witness']['largest_difference']:.0e} apart on the displayed facts"
        return [f"the two models: {apart}, values {first:.6f} and {second:.6f}"]
    lines = [f"recomputed (tolerance {row['tolerance']})"]
    for road in row["recomputed"]:
        off = "" if road["difference"] is None else f", off by {abs(road['difference']):.6f}"
        lines.append(f"  {road['road']}: {road['value']:.6f}{off}")
    return lines


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


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
