"""CLadder (arXiv 2312.04350): ten kinds of yes/no questions about small causal graphs with displayed probabilities.

What is displayed is read by ``cladder_text`` (and ``cladder_place``, ``cladder_words``, ``cladder_rules``), answered by
``cladder_answers`` and compared with labels, worked solutions and the model file by ``cladder_audit``.
"""

from __future__ import annotations

from rungwise.scoring.choice import choice_verdict
from rungwise.scoring.score import Verdict
from rungwise.suites.published.cladder_audit import audit
from rungwise.suites.published.cladder_read import load
from rungwise.suites.published.item import Benchmark, PublishedItem, Truth

YES_NO = ("Yes", "No")
UNDECIDED = "It is not determined by what is given."
# Longest first, as the published rule tries them; -1 is neither answer.
_BEGINNINGS = (("i'm sorry ", None), ("neither ", None), ("none ", None), ("as a", None), ("yes", "Yes"), ("no", "No"))


def official(text: str, item: PublishedItem) -> float:
    """CLadder's published rule (public repository causalNLP/cladder, causalbenchmark/eval/run_gpt_v1.5.py,
    ``response_processor``): lower-cased, spaces and then double quotes stripped from both ends, the text must begin
    with the label. So "Not sure", "Normally yes" and "now ..." count as No, "**Yes**" and "The answer is yes" count as
    nothing, and what begins with "As a", "I'm sorry ", "neither " or "none " is neither answer. With a chain of thought
    it is applied to the one-word answer to a further question, not to the reasoning. Texts that are neither answer
    stay in the denominator."""
    assert item.label is not None
    said = text.lower().strip().strip('"')
    return float(next((answer for start, answer in _BEGINNINGS if said.startswith(start)), None) == item.label.answer)


def strict(text: str, item: PublishedItem) -> Verdict:
    """Ours: exactly one final answer, Yes or No, after the last ``</think>``, and it is the label."""
    assert item.label is not None
    return choice_verdict(text, YES_NO, item.label.answer or "")


def write(item: PublishedItem, truth: Truth) -> str:
    """Yes or No alone, which both scorings read; where the answer is not determined, a sentence that says so."""
    return truth.answer or UNDECIDED


BENCHMARK = Benchmark(
    name="cladder",
    read=load,
    audit=audit,
    official=official,
    strict=strict,
    write=write,
    source="CLadder's files are at huggingface.co/datasets/causal-nlp/CLadder and github.com/causalNLP/cladder",
)
