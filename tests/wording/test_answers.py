"""Worked solutions in the slots view, against networkx."""

import re
from random import Random

import networkx as nx
import pytest

from rungwise.problems.problem import EFFECTS, TASKS, Problem
from rungwise.problems.recipe import Recipe
from rungwise.problems.sampler import sample_problem
from rungwise.scoring.score import score
from rungwise.wording import slots
from rungwise.wording.answers import solution_text


def shown_graph(problem: Problem) -> nx.DiGraph:
    """The graph as a reader of the prompt sees it."""
    line = slots.text(problem).splitlines()[0]
    return nx.DiGraph(re.findall(r"([A-Z])->([A-Z])", line))


@pytest.mark.parametrize("zero", [0.0, 1.0])
@pytest.mark.parametrize("task", TASKS)
def test_every_step_is_true_of_the_graph(task: str, zero: float) -> None:
    rng = Random(5)
    for _ in range(20):
        problem = sample_problem(task, Recipe(zero=zero), rng)
        graph = shown_graph(problem)
        adjusted: set[str] = set()
        *steps, answer = re.split(r";(?=[a-z{])", solution_text(problem, "slots"))
        assert score(answer, problem, "slots").score == 1
        for step in steps:
            what, found = step.split(":")
            word, _, about = what.partition(" ")
            nodes = set() if found == "none" else set(found)
            graph.add_nodes_from(about)
            if word == "path":
                assert (found == "yes") == nx.has_path(graph, *about)
            elif word == "edge":
                assert (found == "yes") == graph.has_edge(*about)
            elif word == "parents":
                assert nodes == set(graph.predecessors(about))
            elif word == "between":
                x, y = about
                assert nodes == nx.descendants(graph, x) & nx.ancestors(graph, y)
            elif word == "adjust":
                adjusted = nodes
                assert valid_covariates(graph, problem, nodes)
            else:
                assert word == "find"
                assert adjusted <= set(about)
                assert f"[{about} {found}]" in slots.text(problem)
        words = [re.match("[a-z]+", step)[0] for step in steps]
        expected = expected_words(task, bool(zero) and task in EFFECTS, len(problem.query.held))
        assert [w for w in words if w != "find"] == expected


def valid_covariates(graph: nx.DiGraph, problem: Problem, covariates: set[str]) -> bool:
    """Pearl's back-door criterion for all that the question sets."""
    q, letters = problem.query, problem.letters
    x = {letters[v] for v in (q.treatment, *(m for m, _ in q.held))}
    cut = graph.copy()
    cut.remove_edges_from([edge for edge in graph.edges if edge[0] in x])
    downstream = set().union(*(nx.descendants(graph, v) for v in x))
    return not covariates & downstream and nx.is_d_separator(cut, x, {letters[q.outcome]}, covariates)


def expected_words(task: str, zero: bool, held: int) -> list[str]:
    """The steps' words in order, without ``find``."""
    first = {"ATE": ["path"], "ETT": ["path"], "CDE": ["edge"], "NDE": ["edge"]}.get(task, [])
    between = ["between"] if task == "NIE" or (task == "NDE" and not zero) else []
    return [*first, *between, *([] if zero else ["parents"] * (1 + held) + ["adjust"])]
