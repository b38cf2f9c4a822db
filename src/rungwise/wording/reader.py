"""Text -> Problem: our natural view, plain or rephrased, our formal view, the published English of CauGym and CaLM,
and, where its rules suffice, CauGym's reworded items.

The reader uses the text alone. It never guesses past a sentence: what it does not understand is an error that
names the sentence. Work is linear in the text, which may hold at most ``MAX_CHARS`` characters.
"""

from __future__ import annotations

from rungwise.errors import UserError
from rungwise.problems.problem import Problem
from rungwise.wording import formal, natural
from rungwise.wording.reader_events import Unread
from rungwise.wording.reader_formal import read_formal
from rungwise.wording.reader_natural import read_natural
from rungwise.wording.reader_phrasings import OPENINGS as OUR_OPENINGS
from rungwise.wording.reader_phrasings import read_phrasings
from rungwise.wording.reader_published import OPENING, read_published

__all__ = ["MAX_CHARS", "Unread", "read"]

MAX_CHARS = 100_000


def read(text: str) -> Problem:
    """The problem that a text states, without truth or steps.

    Raises:
        Unread: the text, or the sentence that the message names, is not understood.
        UserError: it is understood but no problem: a cyclic graph, a probability outside [0, 1], a treatment
            that is the outcome too, is compared with itself or is held.
    """
    if len(text) > MAX_CHARS:
        raise Unread(f"the text has {len(text)} characters; at most {MAX_CHARS} are read")
    text = text.strip()
    if text.startswith(formal.NODES):
        problem = read_formal(text)
    elif text.startswith(natural.OPENING):
        problem = read_natural(text)
    elif text.startswith(OUR_OPENINGS):
        problem = read_phrasings(text)
    elif text.removeprefix("Input Info:").lstrip().startswith(OPENING):
        problem = read_published(text)
    else:
        from rungwise.wording.reader_rephrased import read_rephrased  # its patterns take a while to compile

        problem = read_rephrased(text)
    problem.check()
    q = problem.query
    if q.x == q.x_ref:
        raise UserError("the question compares a value of the treatment with itself")
    held = [v for v, _ in q.held]
    if len({q.treatment, q.outcome, *held}) < 2 + len(held):
        raise UserError("the question holds an event twice, or holds its treatment or outcome")
    return problem
