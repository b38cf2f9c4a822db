"""Which completions are right for which problems: how pairs of a right and a wrong one are made. Needs no torch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from rungwise.errors import UserError
from rungwise.posttrain.subjects import Subject, task_of, verdict
from rungwise.problems.streams import stream


class Judge:
    """Tells for which of the problems a completion is right.

    Args:
        prefill: what stands before every completion (see ``opening``).
    """

    def __init__(self, subjects: Sequence[Subject], view: str, prefill: str) -> None:
        self.subjects, self.view, self.prefill = subjects, view, prefill
        self.places: dict[str, list[int]] = {}
        for i, subject in enumerate(subjects):
            self.places.setdefault(task_of(subject), []).append(i)

    def right(self, completion: str, i: int) -> bool:
        """Whether the completion solves problem ``i``."""
        return bool(verdict(self.prefill + completion, self.subjects[i], self.view).score)

    def another(self, completions: Sequence[str], i: int, seed: int) -> int:
        """The place of a completion that is wrong for problem ``i``: a random one of its task, else of any.

        Raises:
            UserError: none is wrong.
        """
        rng = stream("another", seed, i)
        for j in chain(rng.permutation(self.places[task_of(self.subjects[i])]), rng.permutation(len(completions))):
            if not self.right(completions[j], i):
                return int(j)
        raise UserError(
            "all solutions have the same answer, so that none is wrong for another problem; give more of them"
        )
