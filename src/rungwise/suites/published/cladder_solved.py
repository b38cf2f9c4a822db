"""What an answer to a CLadder question consists of, and how a value with its range decides one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rungwise.suites.published.cladder_place import Array, Key
from rungwise.suites.published.cladder_solve import Estimate

AGREE = 1e-6
"""Values of two roads are equal within this."""
_EDGE = 1e-9


@dataclass(frozen=True)
class Solved:
    """An answer from what is displayed.

    Attributes:
        yes: the answer, None where what is displayed does not decide it.
        second: the same by the second road.
        lean: where the digits do not decide, the answer of the displayed numbers themselves.
        why: what decides, one clause.
        proof: what can be checked by hand, a few lines.
        estimate: the value, where the question is about one; yes means that it is positive (negative unless ``up``).
        up: see there.
        tables: the displayed numbers over variables, for the comparison with a model file.
        shown: the displayed numbers of a question about association, in the order that its solver names.
        zero: the answer is no by the graph alone.
    """

    yes: bool | None
    second: bool | None
    lean: bool | None
    why: str
    proof: str
    estimate: Estimate | None = None
    up: bool = True
    tables: Mapping[Key, Array] = field(default_factory=dict)
    shown: tuple[float, ...] = ()
    zero: bool = False


def decided(
    estimate: Estimate,
    up: bool,
    seconds: Sequence[float],
    legend: str,
    tables: Mapping[Key, Array] | None = None,
    shown: tuple[float, ...] = (),
) -> Solved:
    """Yes where a value is positive (``up``) or negative for all that rounds to the displayed numbers."""
    low, high, point = (estimate.low, estimate.high, estimate.point)
    yes: bool | None = None
    # 0 itself at the end of the range would need numbers on the very edge of what rounds to the displayed ones.
    if low > -_EDGE or high < _EDGE:
        yes = (high > _EDGE and low > -_EDGE) if up else (low < -_EDGE and high < _EDGE)
    ranged = f"{estimate.low:.4f} to {estimate.high:.4f}"
    lines = [legend, f"value: {estimate.formula}"]
    if estimate.worked:
        lines.append(f"  = {estimate.worked} = {point:.4f}")
    lines.append(f"  {'rounding allows' if estimate.exact else 'possible:'} {ranged}")
    second: bool | None = None
    if seconds:
        lines.append("models of the graph with the displayed numbers: " + ", ".join(f"{v:.4f}" for v in seconds))
        if yes is not None:
            answers = {value > AGREE if up else value < -AGREE for value in seconds}
            second = answers.pop() if len(answers) == 1 else None
    lean = None if not estimate.exact or abs(point) < AGREE else (point > 0) == up
    if low == high == 0:
        why = f"the value is {estimate.formula}"
    elif yes is not None:
        why = f"the value is {point:.4f}" if estimate.exact else f"the value is one of {ranged}"
    elif estimate.exact:
        why = f"the displayed digits give {point:.4f} and leave {ranged}"
    else:
        why = f"the displayed numbers do not identify the value, which can be {ranged}"
    return Solved(
        yes,
        second,
        lean,
        why,
        "\n".join(lines),
        estimate,
        up,
        tables or {},
        shown,
        estimate.exact and low == high == 0,
    )
