"""rungwise: turns language models into causal reasoners, and proves that it did.

>>> import rungwise
>>> item = next(rungwise.generate("base", n=1, seed=0))
>>> rungwise.score(item.problem.answer_text("natural"), item.problem).score
1
"""

from rungwise.errors import UserError
from rungwise.problems.problem import Problem
from rungwise.problems.solve import Solution
from rungwise.scoring.score import Verdict, score
from rungwise.suites.items import Item, generate
from rungwise.wording.reader import read

__version__ = "0.1.0"
__all__ = ["Item", "Problem", "Solution", "UserError", "Verdict", "generate", "read", "score", "solve"]


def solve(problem_or_text: Problem | str, rounding: str = "exact") -> Solution:
    """Value, answer, estimand and worked steps of a problem, or of a text in a form the reader knows.

    Raises:
        UserError: the text can't be read, or the rounding is unknown.
    """
    from rungwise.problems.solve import solve as solve_problem

    problem = read(problem_or_text) if isinstance(problem_or_text, str) else problem_or_text
    return solve_problem(problem, rounding)
