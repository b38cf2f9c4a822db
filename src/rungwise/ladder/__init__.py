"""The ladder of causation as yes/no questions: ten query types on small binary graphs, in CLadder's form (arXiv
2312.04350), generated with exact truth.

``generate`` yields items; ``text`` words a problem, ``worked`` solves it step by step and checks such solutions.
"""

from __future__ import annotations

from rungwise.ladder.generate import generate
from rungwise.ladder.item import LadderItem
from rungwise.ladder.problem import LadderProblem
from rungwise.ladder.queries import TYPES

__all__ = ["TYPES", "LadderItem", "LadderProblem", "generate"]
