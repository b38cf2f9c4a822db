"""PrOntoQA (Saparov & He 2023, arXiv 2210.01240): does a statement about an individual follow from an ontology?

Two formats. CAPT's (arXiv 2506.09433): ``{Facts, Query, claims, next_steps}``, where the first claim is what is given
about the individual, each next step the rule that leads to the next claim, and the last claim decides: True where it
is negated as the query is. The generator's (github.com/asaparov/prontoqa): ``{question, query, chain_of_thought,
answer}``, the test examples only, without those shown in context.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from rungwise.errors import UserError
from rungwise.scoring.choice import choice_verdict
from rungwise.scoring.score import Verdict
from rungwise.suites.published.damaged import Row, once_each
from rungwise.suites.published.item import KINDS, Bad, Benchmark, Finding, Outcome, PublishedItem, Truth
from rungwise.suites.published.prontoqa_file import entries
from rungwise.suites.published.prontoqa_logic import (
    Literal,
    Step,
    World,
    contradiction,
    entailed,
    fault,
    forward,
    proof,
    read_world,
    sentences,
)
from rungwise.wording.reader import MAX_CHARS

ASKS = "True or false: "
OPTIONS = ("True", "False")
_ACCEPTED = {
    "True": frozenset(["true", "t", "yes", "y", "correct", "right"]),
    "False": frozenset(["false", "f", "no", "n", "incorrect", "wrong"]),
}
"""What the generator's repository takes for a label."""
_ENDINGS = (".json", ".jsonl", ".csv", ".parquet")


def load(path: Path, subset: str | None, bad: Bad) -> Iterator[PublishedItem]:
    """The items of a file, or of a file in a folder, named without its ending.

    Raises:
        UserError: no such file or subset; a row that ``bad`` does not pass over.
        OSError: it can't be opened.
    """
    if path.is_dir():
        path = _in_folder(path, subset)
    elif subset is not None:
        raise UserError(f"{path} is one file and has no subset {subset!r}; leave out '#{subset}'")
    yield from once_each(((row, name, where) for where, name, row in entries(path, bad)), _item, bad)


def _in_folder(folder: Path, subset: str | None) -> Path:
    found = {path.stem: path for path in sorted(folder.iterdir()) if path.suffix in _ENDINGS}
    if subset is None and len(found) == 1:
        return next(iter(found.values()))
    if subset not in found:
        raise UserError(f"name one subset of {folder}, as in '{folder}#NAME'; there: {', '.join(found) or 'none'}")
    return found[subset]


def _item(row: Row, name: str, where: str) -> PublishedItem:
    if "Facts" in row or "claims" in row:
        claims, steps = _texts(row, "claims", where), _texts(row, "next_steps", where)
        if not claims:
            raise UserError(f"{where}: 'claims' is empty")
        told, query = f"{_text(row, 'Facts', where)} {claims[0]}", _text(row, "Query", where)
        label = "True" if _negated(claims[-1]) == _negated(query) else "False"
        chain = [text for pair in zip(claims, steps, strict=False) for text in pair if text.strip(" .") != "Finish"]
        chain += claims[len(steps) :]
        hops = len(claims) - 1
    else:
        example = row.get("test_example", row)
        if not isinstance(example, dict):
            raise UserError(f"{where}: 'test_example' is no object")
        told, query = _text(example, "question", where), _text(example, "query", where)
        label, chain = _text(example, "answer", where), _texts(example, "chain_of_thought", where)
        hops = len(chain) // 2
    if label not in OPTIONS:
        raise UserError(f"{where}: the answer is neither True nor False: {label[:20]!r}")
    text = f"{told} {query}"
    if len(text) > MAX_CHARS:
        raise UserError(f"{where}: the item has {len(text)} characters; at most {MAX_CHARS} are read")
    return PublishedItem(name, f"{hops} hops", text, Truth(answer=label), where, {"chain": chain})


def _text(row: Row, key: str, where: str) -> str:
    value = row.get(key)
    if not isinstance(value, str) or not value.strip():
        raise UserError(f"{where}: {key!r} is missing or no text")
    return value.strip()


def _texts(row: Row, key: str, where: str) -> list[str]:
    value: Any = row.get(key)
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise UserError(f"{where}: {key!r} is missing or no list of texts")
    return [text.strip() for text in value]


def _negated(sentence: str) -> bool:
    return " not " in f" {sentence} "


def audit(item: PublishedItem) -> Finding:
    """The finding about an item: forward chaining with its proof, and backward chaining as the second road."""
    told, asks, query = item.text.rpartition(ASKS)
    try:
        if not asks:
            raise UserError("the query does not ask 'True or false'")
        world = read_world(sentences(told), query)
    except UserError as error:
        return Finding("unread", None, None, ("unread",), _sentence(str(error)), "")
    steps, goal = forward(world), world.query.says
    twin = _digest([*sorted(sentences(told)), world.query.name, goal.kind])
    both = contradiction(steps)
    if both is not None:
        why = f"The facts contradict each other: that {_says(world, both)} follows, and so does the opposite."
        shown = "\n".join(_lines(world, proof(world, steps, both)) + _lines(world, proof(world, steps, ~both)))
        return Finding("undetermined", None, None, ("undetermined",), why, shown, twin)
    found, shown = _first(world, goal, steps)
    if found is None:
        why = f"Neither that {_says(world, goal)} nor the opposite follows from the facts."
        known = "; ".join(_says(world, one) for one in steps) or "nothing"
        return Finding("undetermined", None, None, ("undetermined",), why, f"What follows: {known}.", twin)
    second = "True" if entailed(world, goal) else "False" if entailed(world, ~goal) else None
    return _judged(item, Truth(answer=found), None if second is None else Truth(answer=second), shown, twin)


def _first(world: World, goal: Literal, steps: Mapping[Literal, Step]) -> tuple[str | None, str]:
    """What is so, True or False, with its proof: found by forward chaining, or by refuting its opposite."""
    for said, one in (("True", goal), ("False", ~goal)):
        if one in steps:
            return said, "\n".join(_lines(world, proof(world, steps, one)))
    for said, one in (("True", goal), ("False", ~goal)):
        assumed = forward(world, ~one)
        both = contradiction(assumed)
        if both is not None:
            lines = _lines(world, proof(world, assumed, both)) + _lines(world, proof(world, assumed, ~both))
            return said, "\n".join([*lines, f"This contradicts itself, so {_says(world, one)}."])
    return None, ""


def _lines(world: World, steps: Sequence[Step]) -> list[str]:
    return [
        f"Suppose {_says(world, step.gives)}."
        if not step.said
        else step.said
        if step.said.startswith(f"{world.query.name} is ")
        else f"{step.said}{' (backwards)' if step.back else ''} So {_says(world, step.gives)}."
        for step in steps
    ]


def _says(world: World, literal: Literal) -> str:
    return f"{world.query.name} is {'' if literal.holds else 'not '}[{literal.kind}]"


def _judged(item: PublishedItem, truth: Truth, second: Truth | None, shown: str, twin: str) -> Finding:
    label = item.label.answer if item.label else None
    kinds, notes = set(), []
    outcome: Outcome = "unlabelled"
    if label is not None:
        outcome = "confirmed" if label == truth.answer else "wrong"
        notes.append(f"The query is {str(truth.answer).lower()}, and the label says {label.lower()}")
        if outcome == "wrong":
            kinds.add("exact")
        flaw = _flaw(item, label)
        if flaw:
            kinds.add("own-solution")
            notes.append(f"the published solution is no proof of it: {flaw}")
    why = "; ".join(notes) + "." if notes else f"The query is {str(truth.answer).lower()}."
    return Finding(outcome, truth, second, tuple(kind for kind in KINDS if kind in kinds), why, shown, twin)


def _flaw(item: PublishedItem, label: str) -> str:
    """What is wrong with the published solution as a proof of the label, "" where nothing is."""
    told, _, query = item.text.rpartition(ASKS)
    try:
        world = read_world(sentences(told), query, item.given["chain"])
    except UserError as error:
        return str(error)
    return fault(world, label == "True")


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _digest(parts: Sequence[str]) -> str:
    return blake2b("\n".join(parts).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def official(text: str, item: PublishedItem) -> float:
    """The generator's label accuracy (``parse_response`` and ``evaluate_response`` in its run_experiment.py), which
    the paper reports beside its analysis of proofs; the latter is not reproduced.

    Before a new "Q:", whatever follows the last blank is the label; where a full stop comes later than that, whatever
    follows the stop and one more character. It must be one of twelve words, in any case and with nothing around it. So
    "yes" counts as True, and "True." with its full stop as nothing. The original stops with an error where a sentence
    before the label is not in its grammar; here it does not. CAPT's own rule is not published with its file, so this
    one stands for both formats.
    """
    said = text.partition("Q:")[0].rstrip()
    at, stop = said.rfind(" "), said.rfind(".")
    if stop > at:
        # Without any blank this slices from the last character on, and no label is accepted; so it does there.
        possible = said[at:stop].strip().lower()
        if not any(possible in accepted for accepted in _ACCEPTED.values()):
            at = stop + 1
    label = item.label.answer if item.label else None
    return float(label is not None and said[at + 1 :].lower() in _ACCEPTED[label])


def strict(text: str, item: PublishedItem) -> Verdict:
    """Ours: one final True or False, and it is the label."""
    assert item.label is not None
    return choice_verdict(text, OPTIONS, item.label.answer or "")


def write(item: PublishedItem, truth: Truth) -> str:
    """True or False alone, which both scorings read."""
    return str(truth.answer)


BENCHMARK = Benchmark(
    name="prontoqa",
    read=load,
    audit=audit,
    official=official,
    strict=strict,
    write=write,
    source="make it with github.com/asaparov/prontoqa (--model-name json), or take CAPT's file (arXiv 2506.09433)",
)
