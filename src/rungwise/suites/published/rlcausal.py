"""RLCausal (arXiv 2512.20760): the distribution of one of ten binary variables in a fully displayed causal model, after
an observation, an intervention, or an observation and then an intervention.

Parquet rows for verl: ``{data_source, prompt: [{role, content}], reward_model: {ground_truth}, extra_info: {index,
answer, ...}}``. The tables are displayed to two decimals; the published truth is computed from unrounded ones and
rounded to two decimals.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from rungwise.errors import UserError
from rungwise.scoring.extract import MAX_SPELLINGS
from rungwise.scoring.score import Verdict
from rungwise.suites.published.damaged import Row, once_each, rows
from rungwise.suites.published.item import KINDS, Bad, Benchmark, Finding, Outcome, PublishedItem, Truth
from rungwise.suites.published.rlcausal_solve import EDGE, MAX_PRODUCTS, by_elimination, by_joint, products, reach
from rungwise.suites.published.rlcausal_text import Question, read_question
from rungwise.wording.reader import MAX_CHARS

LEVELS = ("observational", "interventional", "counterfactual")
UNIT = 0.01
"""The published truth has two decimals."""
TOLERANCE = Fraction(1, 100)
"""Total variation."""
DIGITS = 4

_THEIRS = re.compile(r"ANSWER\s*\[((?:(?:-?[0-9.])+,\s+)*(?:-?[0-9.])+)\]")
_NUMBER = r"-?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})"
_LIST = re.compile(rf"\[\s{{0,9}}({_NUMBER}(?:\s{{0,9}},\s{{0,9}}{_NUMBER}){{1,99}})\s{{0,9}}\\?\]")
_HEADING = re.compile(r"(?<!\w)answer(?!\w)[^\[\]\w]{0,40}(?:is[^\[\]\w]{0,40})?", re.IGNORECASE)
_BESIDE = 200
"""Characters after an answer in which, on the same line, another list would be another answer."""


def load(path: Path, subset: str | None, bad: Bad) -> Iterator[PublishedItem]:
    """The items of a file, of a folder's Parquet files, or of one of these, named without its ending (a file further
    down with its folders: ``counterfactual/n10v2/8k/test``).

    Raises:
        UserError: no such file or subset; a row that ``bad`` does not pass over.
        OSError: it can't be opened.
    """
    if path.is_dir():
        files = _in_folder(path, subset)
    elif subset is not None:
        raise UserError(f"{path} is one file and has no subset {subset!r}; leave out '#{subset}'")
    else:
        files = [path]
    numbered = ((row, number, where) for file in files for number, (where, row) in enumerate(rows(file, bad)))
    yield from once_each(numbered, _item, bad)


def _in_folder(folder: Path, subset: str | None) -> list[Path]:
    found = sorted(folder.glob("*.parquet"))
    if subset is None and found:
        return found
    named = {p.relative_to(folder).with_suffix("").as_posix(): p for p in sorted(folder.rglob("*.parquet"))}
    if subset not in named:
        raise UserError(f"name one subset of {folder}, as in '{folder}#NAME'; there: {', '.join(named) or 'none'}")
    return [named[subset]]


def _item(row: Row, number: int, where: str) -> PublishedItem:
    source, messages = row.get("data_source"), row.get("prompt")
    level = next((level for level in LEVELS if isinstance(source, str) and source.startswith(level)), None)
    if level is None:
        raise UserError(f"{where}: 'data_source' begins with none of {', '.join(LEVELS)}")
    messages = messages if isinstance(messages, list) else []
    contents = [message.get("content") if isinstance(message, dict) else None for message in messages]
    if not contents or not all(isinstance(content, str) for content in contents):
        raise UserError(f"{where}: 'prompt' is missing or no list of messages with texts")
    text = "\n\n".join(str(content) for content in contents)
    if len(text) > MAX_CHARS:
        raise UserError(f"{where}: the prompt has {len(text)} characters; at most {MAX_CHARS} are read")
    model, extra = row.get("reward_model"), row.get("extra_info")
    truth = _shares(model.get("ground_truth") if isinstance(model, dict) else None, where)
    extra = extra if isinstance(extra, dict) else {}
    index = extra.get("index")
    name = f"{level}-{index if isinstance(index, int) else number}"
    return PublishedItem(name, level, text, Truth(shares=truth), where, {"answer": str(extra.get("answer", ""))})


def _shares(value: Any, where: str) -> tuple[float, ...]:
    numbers = value if isinstance(value, list) and all(type(x) in (int, float) and 0 <= x <= 1 for x in value) else []
    if len(numbers) < 2 or abs(sum(numbers) - 1) > len(numbers) * UNIT / 2 + EDGE:
        raise UserError(f"{where}: 'ground_truth' is missing or no distribution: {str(value)[:80]}")
    return tuple(float(x) for x in numbers)


def total_variation(a: Sequence[float], b: Sequence[float]) -> float:
    """Half the sum of the absolute differences of two distributions of the same length."""
    return float(np.abs(np.array(a) - np.array(b)).sum() / 2)


def audit(item: PublishedItem) -> Finding:
    """The finding about an item: exact inference on the displayed tables by two roads, and where the label is not the
    answer's rounding, whether tables that round to the displayed ones explain it."""
    try:
        q = read_question(item.text)
        found, other = by_elimination(q).tolist(), by_joint(q).tolist()
    except UserError as error:
        return Finding("unread", None, None, ("unread",), f"{str(error)[0].upper()}{str(error)[1:]}.", "")
    if not (sum(found) > 0 and sum(other) > 0):
        why = f"What is observed ({_values(q, q.seen)}) has probability 0 by the displayed tables."
        return Finding("undetermined", None, None, ("undetermined",), why, "")
    shares, second = _normalised(found), _normalised(other)
    outcome, kinds, why, more = _judged(q, shares, item)
    proof = "\n".join([*_proof(q, found), *more])
    ordered = tuple(kind for kind in KINDS if kind in kinds)
    return Finding(outcome, Truth(shares=shares), Truth(shares=second), ordered, why, proof)


def _normalised(weights: Sequence[float]) -> tuple[float, ...]:
    total = sum(weights)
    return tuple(weight / total for weight in weights)


def _judged(q: Question, shares: tuple[float, ...], item: PublishedItem) -> tuple[Outcome, set[str], str, list[str]]:
    """Verdict, classes, sentence, and what the rounding of the tables can do."""
    label = item.label.shares if item.label else None
    exact = f"The exact answer is {_list(shares)}"
    if label is None:
        return "unlabelled", set(), f"{exact}.", []
    again = tuple(float(number) for number in re.findall(_NUMBER, item.given.get("answer") or ""))
    kinds = {"own-solution"} if again and again != label else set()
    if len(label) != len(shares):
        return "wrong", kinds | {"exact"}, f"{exact}, and the label {list(label)} has another length.", []
    off = total_variation(shares, label)
    said = f"{exact}, and the label {list(label)} is {off:.4f} off in total variation"
    if off <= UNIT / 2 + EDGE:
        return "confirmed", kinds, f"{said}: its rounding to two decimals.", []
    wanted = label[1] + math.copysign(UNIT / 2, shares[1] - label[1])  # the nearest value that rounds to the label
    moved = reach(q, wanted)
    rows = ", ".join(f"{row}={value:.4g}" for row, value in moved.rows) or "no other numbers"
    more = [f"With {rows}, within half a unit of the displayed digits, the answer's last number is {moved.value:.6f}."]
    if moved.reached:
        return "rounding", kinds | {"rounding"}, f"{said}: tables that round to the displayed ones give it.", more
    kinds |= {"exact"}
    if abs(wanted - shares[1]) > moved.bound + EDGE:
        kinds |= {"unreachable"}
        more = [f"The rounding of the tables moves the answer by at most {moved.bound:.4g}."]
        return "wrong", kinds, f"{said}: no tables that round to the displayed ones give it.", more
    return "wrong", kinds, f"{said}: no tables that round to the displayed ones were found to give it.", more


def _proof(q: Question, weights: Sequence[float]) -> list[str]:
    """The sums of products behind the probability that the target is 1."""
    asked, seen = f"{q.names[q.target]}=1", _values(q, q.seen)
    if q.do:
        asked += f" once {_values(q, q.do)} is set"
    both = f"{asked}, {seen}{' before' if q.do else ''}" if seen else asked
    lines = [_sum(f"P({both})", products(q, 1), weights[1])]
    if q.seen:
        lines.append(_sum(f"P({seen})", products(q, None), sum(weights)))
        lines.append(f"{weights[1]:.6f} / {sum(weights):.6f} = {weights[1] / sum(weights):.6f}")
    return lines


def _sum(name: str, terms: list[list[float]] | None, value: float) -> str:
    if terms is None:
        return f"{name} = {value:.6f}, a sum of more than {MAX_PRODUCTS} products of displayed numbers"
    shown = " + ".join("*".join(f"{x:g}" for x in term) or "1" for term in terms) or "0"
    return f"{name} = {shown} = {value:.6f}"


def _values(q: Question, values: Any) -> str:
    return ", ".join(f"{q.names[v]}={x}" for v, x in values.items())


def _list(shares: Sequence[float]) -> str:
    return f"[{', '.join(f'{share:.{DIGITS}f}' for share in shares)}]"


def _read_theirs(text: str) -> list[float] | None:
    """What the repository's ``extract_solution`` reads: the first list right after "ANSWER", nothing between but
    white space, and white space after every comma."""
    found = _THEIRS.search(text)
    try:
        return [float(number) for number in found[1].split(",")] if found else None
    except ValueError:
        return None


def official(text: str, item: PublishedItem) -> float:
    """1 where the distribution is less than 0.01 off in total variation: the part of the repository's strict score that
    is about the answer (github.com/zhichul/rlcausal, training/rlvr/score_strict.py).

    That score is 0.1 for the form, 0.1 for the length and 0.8 for this; as an accuracy only this part makes sense, and
    only it is 0 or 1. The first "ANSWER [...]" anywhere in the text counts. Truth and asked-for answer both have two
    decimals, so "less than 0.01" means the same two digits, but for floats: whether an answer that is one hundredth off
    passes is decided by how the difference happens to be rounded.
    """
    given = _read_theirs(text)
    label = item.label.shares if item.label else None
    return float(given is not None and label is not None and len(given) == len(label) and _close(given, label))


def _close(given: Sequence[float], label: Sequence[float]) -> bool:
    return total_variation(given, label) < UNIT


def reward(text: str, item: PublishedItem) -> float:
    """The repository's training reward: 0.1 for the form, 0.1 for the length, 0.8 times 1 - total variation."""
    given = _read_theirs(text)
    label = item.label.shares if item.label else None
    if given is None or label is None:
        return 0.0
    if len(given) != len(label):
        return 0.1
    return 0.1 + 0.1 + 0.8 * max(1 - total_variation(given, label), 0.0)


def strict(text: str, item: PublishedItem) -> Verdict:
    """Ours: one final distribution, at most 0.01 off in total variation, in exact decimals.

    A hundredth is allowed because the truth is rounded, and an answer rounded as the prompt asks is rounded again.
    """
    assert item.label is not None
    assert item.label.shares is not None
    given, reason = _final(text)
    if given is None:
        return Verdict(0, None, None, "unparsed", reason, False, False, False)
    label = [Fraction(str(share)) for share in item.label.shares]
    value = float(given[-1]) if len(given) == 2 else None
    if len(given) != len(label):
        fault = f"wrong_length: {len(label)} numbers are asked for"
    elif min(given) < 0 or abs(sum(given, Fraction(-1))) > len(given) * TOLERANCE / 2:
        fault = "no_distribution: the numbers are negative or do not sum to 1"
    elif sum((abs(a - b) for a, b in zip(given, label, strict=True)), Fraction(0)) / 2 > TOLERANCE:
        fault = f"wrong_value: the distribution is {list(item.label.shares)}"
    else:
        fault = ""
    return Verdict(int(not fault), value, None, "parsed", fault or "right: the value is right", False, not fault, True)


def _final(text: str) -> tuple[list[Fraction] | None, str]:
    """The one list of numbers that a text gives as its answer: right after the word "answer", below the last "answer",
    or the only one there is."""
    final = text.rpartition("</think>")[2]
    if "<think>" in final:
        return None, "cut_off: the reasoning was opened with <think> and never closed"
    if not final.strip():
        return None, "empty: there is no text after the reasoning"
    ends = [heading.end() for heading in _HEADING.finditer(final)]
    lists = list(_LIST.finditer(final))
    direct = {found.start() for found in lists}.intersection(ends)
    start = ends[-1] if ends else 0
    said: dict[str, None] = {}
    until = 0
    for found in lists:
        if found.start() in direct:
            line = final.find("\n", found.end(), found.end() + _BESIDE)
            until = line if line >= 0 else found.end() + _BESIDE
        if found.start() < until or (not direct and found.start() >= start):
            said[found[1]] = None
    if len(said) > MAX_SPELLINGS:
        return None, f"several_answers: there are more than {MAX_SPELLINGS} different lists"
    answers = {tuple(Fraction(number.strip()) for number in numbers.split(",")) for numbers in said}
    if len(answers) > 1:
        return None, "several_answers: there are two different final distributions"
    if not answers:
        return None, "no_final_answer: there is no list of numbers as the answer"
    return list(answers.pop()), "found: one final distribution"


def write(item: PublishedItem, truth: Truth) -> str:
    """As the prompt asks, but to four decimals: rounded to two, the exact answer is not the label on one item in
    eight."""
    shares = truth.shares or ()
    rounded = [round(share, DIGITS) for share in shares[:-1]]
    return f"ANSWER\n{_list([*rounded, 1 - sum(rounded)])}"


BENCHMARK = Benchmark(
    name="rlcausal",
    read=load,
    audit=audit,
    official=official,
    strict=strict,
    write=write,
    source="get data/verl from github.com/zhichul/rlcausal",
)
