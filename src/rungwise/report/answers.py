"""What the browser of answers shows: which answers are kept, and what is said about each.

A report's size is bounded: at most ``most`` answers, each text cut to LONGEST characters, all texts together at most
MOST_CHARACTERS. Of each run and task the wrong answers come first, then right ones, each in an order drawn by a seed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rungwise.errors import UserError
from rungwise.evaluate.questions import Question
from rungwise.evaluate.report import LONGEST, printable
from rungwise.evaluate.results import Row
from rungwise.problems.baselines import BASELINES
from rungwise.problems.problem import LACK_CONDITION, TASKS, Problem
from rungwise.problems.solve import solve
from rungwise.problems.streams import stream
from rungwise.report.evaluations import Group, Run
from rungwise.scoring.diagnosis import KINDS, Diagnosis, diagnose
from rungwise.scoring.extract import extract
from rungwise.wording.answers import solution_text

MOST = 4_000
"""Answers in a report."""
MOST_CHARACTERS = 12_000_000
"""Of all prompts, outputs and solutions in a report."""
END = LONGEST // 3
"""Characters of the end of a long text that are shown; the answer is there."""
LONGEST_EXPRESSION = 200

OUTCOMES = ("wrong", "unparsed", "unread", "right")


@dataclass(frozen=True)
class Answer:
    """A row of a run, with its problem and what is wrong with it; None where the item is no problem of ours."""

    run: Run
    row: Row
    problem: Problem | None
    diagnosis: Diagnosis | None

    @property
    def outcome(self) -> str:
        """One of OUTCOMES."""
        return "right" if self.row["score"] else self.row["status"] if self.row["status"] != "parsed" else "wrong"

    @property
    def code(self) -> str:
        """The short code of the reason."""
        return str(self.row["reason"]).partition(":")[0]

    @property
    def cut_off(self) -> bool:
        """Whether the text did not end by itself, as the backend says or as the text shows."""
        return bool(self.row.get("cut_off")) or self.code == "cut_off"


def answers_of(group: Group) -> list[Answer]:
    """Every answer of the runs of a group, diagnosed where the problem is known."""
    questions = group.suite.questions if group.suite else ()
    problems = {question.index: _solved(question) for question in questions}
    found = []
    for run in group.runs:
        # A shortcut's text holds its value in figures, whatever the view.
        view = "natural" if run.results["model"] in BASELINES or group.suite is None else group.suite.view
        for row in run.rows:
            problem = problems.get(row["index"])
            known = problem if row["status"] != "unread" else None
            found.append(Answer(run, row, problem, diagnose(row["text"], known, view) if known else None))
    return found


def _solved(question: Question) -> Problem | None:
    """The problem with its worked steps, scored against the question's truth; None where it is not known."""
    if not question.is_problem or question.problem.truth is None:
        return None
    if "right" in question.problem.meta:
        return question.problem
    try:
        return solve(question.problem).problem.with_(truth=question.problem.truth)
    except UserError:  # read, but its numbers make no sense together
        return None


def browser_data(groups: Sequence[Group], answers: Sequence[Sequence[Answer]], most: int, seed: int) -> dict[str, Any]:
    """The data of ``document.Browser``, plain JSON of printable texts, and under "kept" a sentence on what is in it.

    Args:
        answers: those of each group, see ``answers_of``.
    """
    models = list(dict.fromkeys(run.model for group in groups for run in group.runs))
    items: dict[tuple[int, int], int] = {}
    shown: list[dict[str, Any]] = []
    told: list[dict[str, Any]] = []
    characters = 0
    for number, answer in _chosen(answers, seed)[:most]:
        key = (number, answer.row["index"])
        if key not in items:
            items[key] = len(told)
            told.append(_item(groups[number], number, answer))
            characters += len(told[-1]["prompt"]) + len(told[-1]["solution"])
        shown.append(_told(answer, models.index(answer.run.model), items[key]))
        characters += len(shown[-1]["output"]) + len(shown[-1]["thinking"])
        if characters > MOST_CHARACTERS:
            break
    return {
        "models": list(map(printable, models)),
        "suites": [printable(group.name) for group in groups],
        "items": told,
        "answers": shown,
        "orders": {"task": list(TASKS), "outcome": list(OUTCOMES), "diagnosis": list(KINDS)},
        "kept": _kept(shown, [answer for found in answers for answer in found]),
    }


def _chosen(answers: Sequence[Sequence[Answer]], seed: int) -> list[tuple[int, Answer]]:
    """(number of the group, answer), so ordered that every run and task has its share, wrong answers first."""
    shares: dict[tuple[Any, ...], list[Answer]] = defaultdict(list)
    for number, found in enumerate(answers):
        for answer in found:
            shares[answer.outcome == "right", number, answer.run.model, answer.row["task"]].append(answer)
    ranked = []
    for key, found in shares.items():
        order = stream("answers", seed, *map(str, key)).permutation(len(found))
        ranked += [((key[0], rank), key[1], found[place]) for rank, place in enumerate(order)]
    ranked.sort(key=lambda entry: entry[0])
    return [(number, answer) for _, number, answer in ranked]


def _kept(shown: Sequence[dict[str, Any]], answers: Sequence[Answer]) -> str:
    here, all_ = Counter(a["outcome"] == "right" for a in shown), Counter(a.outcome == "right" for a in answers)
    cut = f"Longer texts are cut to {LONGEST:,} characters, in the middle, and say so."
    if len(shown) == len(answers):
        return f"All {len(answers):,} answers are here. {cut}"
    return (
        f"{len(shown):,} of {len(answers):,} answers are here: {here[False]:,} of the {all_[False]:,} that are not"
        f" right and {here[True]:,} of the {all_[True]:,} right ones, drawn evenly from every run and task. All are in"
        f" the runs' predictions.jsonl. {cut}"
    )


def _item(group: Group, number: int, answer: Answer) -> dict[str, Any]:
    row = answer.row
    prompt = solution = ""
    none = f"the prompt is not stored with the answers, and {group.missing}"
    if group.suite is not None:
        question = group.suite.questions[row["index"]]
        none = "the item could not be read, so that it was not asked"
        prompt, solution = question.prompt or "", _solution(question, answer.problem)
    return {
        "suite": number,
        "id": shortened(row["id"], 80),
        "task": shortened(row["task"], 80),
        "truth": shortened(_said(row["truth"]), LONGEST_EXPRESSION),
        "prompt": shortened(prompt),
        "none": shortened(none),
        "solution": shortened(solution),
    }


def _solution(question: Question, problem: Problem | None) -> str:
    """Worked steps of a problem of ours, else what the exact solver of the benchmark finds."""
    if problem is not None:
        return solution_text(problem, question.view) if problem.steps else ""
    if question.published is None or question.is_problem:
        return ""
    benchmark, item = question.published
    found = benchmark.audit(item)
    return "\n".join(text for text in (found.why, found.proof) if text)


def _told(answer: Answer, model: int, item: int) -> dict[str, Any]:
    row, found = answer.row, answer.diagnosis
    thinking, output = str(row.get("thinking") or ""), row["text"]
    if not thinking and "</think>" in output:
        thinking, _, output = output.rpartition("</think>")
        output = output.lstrip("\n")
    return {
        "model": model,
        "item": item,
        "sample": row["sample"],
        "outcome": answer.outcome,
        "cut": answer.cut_off,
        "official": bool(row["official"]) if "official" in row else None,
        "said": shortened(_given(row, output), LONGEST_EXPRESSION),
        "code": shortened(answer.code, 80),
        "reason": shortened(row["reason"]),
        "kind": found.kind if found else "",
        "step": (found.step or "") if found else "",
        "sentence": shortened(found.sentence) if found else "",
        "output": shortened(output),
        "thinking": shortened(thinking),
    }


def _given(row: Row, output: str) -> str:
    """The extracted answer; an expression as it was written, with its value."""
    said = _said(row)
    if row.get("by_expression") and (written := extract(output).prob) is not None:
        return f"{shortened(written, LONGEST_EXPRESSION // 2)} = {said}"
    return said


def _said(found: dict[str, Any]) -> str:
    value, answer = found.get("value"), found.get("answer")
    if answer == LACK_CONDITION:
        return LACK_CONDITION
    number = f"{value:.4f}" if isinstance(value, float | int) else ""
    shares = ", ".join(map(str, found.get("shares") or ()))
    return ", ".join(text for text in (number, str(answer) if answer is not None else "", shares) if text)


def shortened(text: str, most: int = LONGEST) -> str:
    """Printable, and where it is longer than ``most`` characters cut in the middle, which it says."""
    if len(text) <= most:
        return printable(text)
    end = min(END, most // 3)
    left_out = f"\n[... {len(text) - most:,} characters left out ...]\n" if most == LONGEST else " ... "
    return printable(text[: most - end]) + left_out + printable(text[len(text) - end :])
