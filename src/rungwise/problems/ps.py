"""PS, the probability of sufficiency: the bounds of PN with X=0 and Y=0 seen (Tian & Pearl 2000).

In a Query both read alike: x is the value the treatment would have had, y the outcome value asked about, so
everything but the name is PN's.
"""

from __future__ import annotations

from rungwise.problems.pn import FIRST_STEP, estimand, is_valid, is_zero, true_value

TITLE = "probability of sufficiency"

__all__ = ["FIRST_STEP", "TITLE", "estimand", "is_valid", "is_zero", "true_value"]
