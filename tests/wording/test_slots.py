"""The slots view's facts: blocks, numbering, and that neither knows the graph."""

import re
from random import Random

import pytest

from rungwise.causal.graph import DAG
from rungwise.problems.problem import TASKS
from rungwise.problems.recipe import Recipe
from rungwise.problems.sampler import sample_problem
from rungwise.wording import slots


@pytest.mark.parametrize("task", TASKS)
def test_facts_stand_in_blocks_about_the_same_other_variables(task: str) -> None:
    rng = Random(3)
    for _ in range(20):
        problem = sample_problem(task, Recipe(nodes={5: 1.0}, menus={"either": 0.5, "joint": 0.5}), rng)
        q, letters = problem.query, problem.letters
        known = {letters[v] for v in (q.treatment, q.outcome, *(v for v, _ in q.held))}
        line = slots.facts_text(problem)
        assert re.findall(r"=(v\d+)", line) == [f"v{i + 1}" for i in range(line.count("P("))]
        parts = re.split(r"\[([A-Z]+) (v\d+)\]", line.removeprefix("facts"))
        blocks = [("", "v1", parts[0]), *zip(parts[1::3], parts[2::3], parts[3::3], strict=True)]
        assert len({frozenset(heading) for heading, _, _ in blocks}) == len(blocks)
        for heading, first, facts in blocks:
            assert not facts.strip() or facts.split()[0].endswith(f"={first}")
            for fact in facts.split():
                assert set(re.findall("([A-Z])=", fact)) - known == set(heading)


def test_the_line_is_the_same_for_every_graph() -> None:
    rng = Random(4)
    for task in TASKS:
        problem = sample_problem(task, Recipe(nodes={4: 1.0}), rng)
        other = problem.with_(graph=DAG((0,) * problem.graph.n))
        assert slots.facts_text(other) == slots.facts_text(problem)
