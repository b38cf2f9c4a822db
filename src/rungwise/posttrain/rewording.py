"""Worked solutions in a language model's words: kept where the scorer and every step check pass, else asked for again
with the reason, else dropped and counted."""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import rungwise
from rungwise.errors import UserError
from rungwise.files import begun_log, read_json_lines, read_log, write_json_lines
from rungwise.posttrain.data import solved_problems
from rungwise.posttrain.settings import TrainRecipe
from rungwise.problems.problem import Problem
from rungwise.scoring.score import score
from rungwise.scoring.steps import check_steps
from rungwise.suites.endpoint import Asker, Endpoint, EndpointFailure, Reply
from rungwise.wording.answers import solution_text

LONGER = 4
"""A reworded solution has at most so many times the characters of the plain one."""
GIVE_UP = 20
"""So many solutions in a row without a reply end the run."""
UNANSWERED = "endpoint"
"""Code of solutions that are asked for again when the run goes on."""

_SPARE_TOKENS = 512
_RULES = """You reword the worked solution of a causal question, line by line. It must say exactly what it said.
- Begin every line with the same word and a colon: path, mediators, adjustment, estimand, substitution, arithmetic, \
missing or answer. You may number the lines.
- After the colon use other words where you can, and keep every letter, set, yes or no, formula and number.
- Keep the order of the lines, and put no line between them.
- Copy the last line (the JSON object, or LACK_CONDITION) as it is, and write nothing after it.
Reply with the reworded solution alone."""

Ask = Callable[[Sequence[dict[str, str]], int], Awaitable[Reply]]
"""Messages and the most tokens of the reply."""


@dataclass(frozen=True)
class Rewording:
    """Whose solutions are reworded, and by whom.

    Raises:
        UserError: a number is out of range, or the recipe's solutions are slots or answers alone.
    """

    recipe: TrainRecipe
    endpoint: Endpoint
    tries: int = 3
    concurrency: int = 4

    def __post_init__(self) -> None:
        for name, most in (("tries", 20), ("concurrency", 256)):
            if not 1 <= getattr(self, name) <= most:
                raise UserError(f"--{name} must be from 1 to {most}, got {getattr(self, name)}")
        if self.recipe.data:
            raise UserError("only solutions of our causal problems are reworded: leave out data")
        if self.recipe.view == "slots" or not self.recipe.guidance:
            raise UserError("only worked solutions in English can be reworded: set view=natural and guidance=true")


def fault(text: str, problem: Problem, view: str) -> str | None:
    """What is wrong with a worded solution, None where nothing is: the answer and every step must be right."""
    if len(text) > LONGER * len(solution_text(problem, view)):
        return "it is too long"
    verdict = score(text, problem, view)
    if not verdict.score:
        return f"its last line is not the answer ({verdict.reason})"
    for check in check_steps(text, problem, view):
        if check.status != "right":
            return f"the line that begins with '{check.kind}:' is {check.status}; it must say: {check.expected}"
    return None


def reword(job: Rewording, out: Path, progress: Callable[[int, int, str], None] | None = None) -> dict[str, Any]:
    """Write ``out``, a line ``{"id", "solution"}`` for each worked solution of the recipe that was reworded well.

    Each one is recorded in ``out`` + ".log" when it is done, so after a crash the same call goes on; those without a
    reply are asked for again.

    Returns:
        {"solutions", "kept", "dropped": {code: count}, "requests", "prompt_tokens", "completion_tokens"}.

    Raises:
        UserError: the endpoint fails, or the log belongs to another job.
        OSError: a file can't be written.
    """
    problems = solved_problems(job.recipe)
    stated = {
        "rungwise": rungwise.__version__,
        "endpoint": job.endpoint.url,
        "model": job.endpoint.model,
        "temperature": job.endpoint.temperature,
        "tries": job.tries,
        "view": job.recipe.view,
        "first": problems[0].id,
        "solutions": len(problems),
    }
    log = begun_log(out.with_name(out.name + ".log"), stated, out)
    records = {record["id"]: record for record in read_log(log)[1:]}
    left = [problem for problem in problems if records.get(problem.id, {"code": UNANSWERED})["code"] == UNANSWERED]
    with log.open("a", encoding="utf-8") as file:
        asyncio.run(_work(job, left, records, file, len(problems), progress))
    kept = [records[problem.id] for problem in problems if records[problem.id]["solution"]]
    write_json_lines(out, [{"id": record["id"], "solution": record["solution"]} for record in kept])
    counted = ("requests", "prompt_tokens", "completion_tokens")
    return {
        "solutions": len(problems),
        "kept": len(kept),
        "dropped": dict(Counter(record["code"] for record in records.values() if not record["solution"])),
        **{name: sum(record[name] for record in records.values()) for name in counted},
    }


def read_reworded(path: Path, problems: Sequence[Problem], view: str) -> dict[str, str]:
    """Reworded solutions by problem id, each checked once more.

    Raises:
        UserError: a line is no solution or a wrong one, or none belongs to these problems.
        OSError: the file can't be opened.
    """
    known = {problem.id: problem for problem in problems}
    found = {}
    for number, row in read_json_lines(path):
        if not isinstance(row, dict) or not isinstance(row.get("id"), str) or not isinstance(row.get("solution"), str):
            raise UserError(f"{path} line {number} is no {{id, solution}}")
        if row["id"] in known:
            if why := fault(row["solution"], known[row["id"]], view):
                raise UserError(f"{path} line {number}: the solution is wrong: {why}; make it again: rungwise reword")
            found[row["id"]] = row["solution"]
    if not found:
        raise UserError(f"{path} holds no solution of this recipe's problems; it was made for another recipe or seed")
    return found


async def _work(
    job: Rewording,
    left: Sequence[Problem],
    records: dict[str, dict[str, Any]],
    file: TextIO,
    total: int,
    progress: Callable[[int, int, str], None] | None,
) -> None:
    gate, failed = asyncio.Semaphore(job.concurrency), 0

    async def one(problem: Problem, ask: Ask) -> None:
        nonlocal failed
        async with gate:
            record, fatal = await _reworded(problem, job, ask)
            failed = failed + 1 if record["code"] == UNANSWERED else 0
            if fatal or failed >= min(GIVE_UP, len(left)):
                raise UserError(f"{job.endpoint.url} fails: {record['why']}; the same command goes on")
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
            records[problem.id] = record
            if progress:
                progress(len(records), total, f"{sum(bool(r['solution']) for r in records.values())} kept")

    async with Asker(job.endpoint) as asker:
        tasks = [asyncio.create_task(one(problem, asker.ask)) for problem in left]
        try:
            await asyncio.gather(*tasks)
        finally:  # an error in one of them, or Ctrl-C: the others stop at once
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _reworded(problem: Problem, job: Rewording, ask: Ask) -> tuple[dict[str, Any], bool]:
    """The record of a solution, and whether the endpoint will not answer anything else either."""
    plain = solution_text(problem, job.recipe.view)
    asked = [{"role": "system", "content": _RULES}, {"role": "user", "content": plain}]
    record: dict[str, Any] = {"id": problem.id, "solution": None, "code": "", "why": ""}
    record |= {"requests": 0, "prompt_tokens": 0, "completion_tokens": 0}
    for _ in range(job.tries):
        record["requests"] += 1
        try:
            reply = await ask(asked, len(plain) + _SPARE_TOKENS)
        except EndpointFailure as error:
            return {**record, "code": UNANSWERED, "why": str(error)}, error.fatal
        record["prompt_tokens"] += reply.prompt_tokens
        record["completion_tokens"] += reply.completion_tokens
        text = (reply.text or "").rpartition("</think>")[2].strip()
        why = "there is no text" if not text else "it is not reworded" if text == plain else None
        why = why or fault(text, problem, job.recipe.view)
        if why is None:
            return {**record, "solution": text, "code": "kept"}, False
        record |= {"code": "refused", "why": why}
        again = f"That can't be used: {why}. Write the whole reworded solution again."
        asked = [*asked[:2], {"role": "assistant", "content": text[:4000]}, {"role": "user", "content": again}]
    return record, False
