"""solve."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rungwise.commands.output import emit, json_option
from rungwise.errors import UserError

if TYPE_CHECKING:
    from rungwise.problems.problem import Problem


@click.command(
    epilog="""\b
Examples:
  rungwise solve question.txt
  rungwise solve problem.json --json
  cat question.txt | rungwise solve -"""
)
@click.argument("source", default="-", metavar="[TEXT|FILE|-]")
@click.option("--rounding", default="exact", show_default=True, help="exact, or published: as CauGym's labels round.")
@json_option
def solve(source: str, rounding: str, as_json: bool) -> None:
    """Read a question and solve it, with worked steps.

    The question may be English in the form of CauGym and CaLM, our natural or formal view, or a problem's JSON.
    """
    from rungwise.evaluate.report import printable
    from rungwise.problems.solve import solve as solve_problem

    problem = _problem(_text(source))
    solution = solve_problem(problem, rounding)
    events = {letter: v.name for letter, v in zip(problem.letters, problem.variables, strict=True)}
    result = {
        "id": problem.id,
        "task": problem.query.task,
        "value": solution.value,
        "answer": solution.answer,
        "estimand": solution.estimand,
        "events": events,
        "steps": [{"kind": step.kind, "content": step.content} for step in solution.steps],
    }

    def show() -> None:
        for letter, name in events.items():
            click.echo(f"{letter} = {printable(name)}")
        for step in solution.steps:
            click.echo(f"{step.kind}: {step.content}")
        if solution.value is None:
            click.echo(f"{solution.answer}: the graph and the displayed facts do not determine the value")
        else:
            click.echo(f"value {solution.value:.4f}" + (f", answer {solution.answer}" if solution.answer else ""))

    emit(result, as_json, show)


def _text(source: str) -> str:
    from rungwise.files import read_text

    if source == "-":
        return sys.stdin.read()
    # A question has spaces, a problem starts with a brace; any other word is the name of a file.
    is_word = not source.startswith("{") and len(source.split()) == 1
    if is_word or os.path.isfile(source):
        return read_text(Path(source))
    return source


def _problem(text: str) -> Problem:
    from rungwise.files import parse_json
    from rungwise.problems.problem import Problem
    from rungwise.wording.reader import read

    if not text.strip():
        raise UserError("there is no question: the text is empty")
    if not text.lstrip().startswith("{"):
        return read(text)
    data = parse_json(text, "the problem")
    return Problem.from_dict(data["problem"] if isinstance(data.get("problem"), dict) else data)
