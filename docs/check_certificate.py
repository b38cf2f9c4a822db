"""Check certificates by themselves: python check_certificate.py FILE...

A certificate is the JSON file that `rungwise show ITEM --certificate FILE` writes. Its causal model is enumerated, cell
by cell: every displayed fact must be the model's to four decimals, the stated value the model's within 5e-4, and Yes or
No as the value says. Where the truth is LACK_CONDITION a second model must agree with the first one on every displayed
fact and give another value. Needs Python 3.11 and nothing else; the exit code is 1 at the first certificate that fails.
What this proves and what it does not: certificates.md.
"""

import json
import sys
from functools import reduce
from graphlib import TopologicalSorter
from itertools import product
from math import prod


def recompute(data, tables):
    q, edges, cards = data["query"], data["edges"], {v: len(labels) for v, (_, labels) in enumerate(data["variables"])}
    X, Y, x, ref, y, held = q["treatment"], q["outcome"], q["x"], q["x_ref"], q["y"], dict(q["held"])
    # Sorting fails where there is a cycle. A table has an axis for each parent, in the order of their numbers.
    order = [*TopologicalSorter(parents := {v: sorted(a for a, b in edges if b == v) for v in cards}).static_order()]

    # Truncated factorisation with split nodes: a variable that is set keeps its own table, so what it would have been
    # is known too, but its effects read the value set. For natural effects the outcome alone reads another one.
    def chance(v, cell, do):
        row = reduce(list.__getitem__, [do.get(u, cell[u]) for u in parents[v]], tables[v])
        return row[cell[v]] if len(row) == cards[v] and min(row) >= 0 and abs(sum(row) - 1) < 1e-9 else sys.exit(row)

    def p(event, do=(), outcome_do=()):
        cells = product(*([event[v]] if v in event else range(card) for v, card in cards.items()))
        return sum(prod(chance(v, cell, dict(outcome_do if v == Y else do)) for v in order) for cell in cells)

    # Of whom is it asked? Of all, or of those seen with x_ref (PN and PS: and with the other outcome). In Tian and
    # Pearl's bounds (2000, eq. 22 and 23) those seen with x cancel out; what is left is below.
    given = {"ETT": {X: ref}, "PN": {X: ref, Y: 1 - y}, "PS": {X: ref, Y: 1 - y}}.get(q["task"], {})
    own, rest = {"NDE": (x, ref), "NIE": (ref, x)}.get(q["task"], (x, x))  # what the outcome and the mediators read
    new, old = (p({**given, Y: y}, {**held, X: a}, {**held, X: b}) / p(given) for a, b in ((rest, own), (ref, ref)))
    value = {"ETT": old - new, "lower": max(0, new - old), "upper": min(1, new)}.get(q["bound"] or q["task"], new - old)
    off = [f["value"] - p(dict(f["target"] + f["given"])) / p(dict(f["given"])) for f in data["facts"]]
    return value, None if q["bound"] else ("No", "Yes")[(new - old) * (1, -1)[q["direction"] == "less"] > 1e-9], off


for path, data in zip(sys.argv[1:] or sys.exit(__doc__), map(json.load, map(open, sys.argv[1:])), strict=True):
    (value, answer, off), truth = recompute(data, data["model"]["tables"]), data["truth"]
    other, _, other_off = recompute(data, data["meta"].get("witness", data["model"])["tables"])
    shown = all(abs(a) < 5.00001e-5 and abs(a - b) < 1e-9 for a, b in zip(off, other_off, strict=True))
    lacks = truth == {"value": None, "answer": "LACK_CONDITION"}
    right = abs(value - other) > 1e-3 if lacks else answer == truth["answer"] and abs(value - truth["value"]) <= 5e-4
    said = f"{path}: {truth}, found {value:.6f} {answer}{f', second model {other:.6f}' * lacks}, facts agree: {shown}"
    print("OK", said) if shown and right else sys.exit(f"FAILS {said}")
