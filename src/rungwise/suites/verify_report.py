"""What ``rungwise verify`` reports: counts by suite and task, and all of it in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rungwise.problems.baselines import BASELINES
from rungwise.suites.checked import Checked

EXAMPLES = 5
"""Violations of a kind that the report spells out."""


def statistics(rows: Sequence[Checked]) -> dict[str, Any]:
    """{"suites": counts and baselines by suite and task, "shapes": number of causal structures by split}."""
    suites: dict[str, Any] = {}
    for suite in sorted({row.suite for row in rows if row.suite}):
        own = [row for row in rows if row.suite == suite]
        suites[suite] = {
            "items": len(own),
            "baselines": {name: round(sum(name in r.shortcuts for r in own) / len(own), 4) for name in BASELINES},
            "tasks": {name: _counts([r for r in own if r.task == name]) for name in sorted({r.task for r in own})},
        }
    splits: dict[str, set[str]] = {}
    for row in rows:
        if row.shape:
            splits.setdefault(row.split, set()).add(row.shape)
    return {"suites": suites, "shapes": {split: len(shapes) for split, shapes in sorted(splits.items())}}


def _counts(rows: Sequence[Checked]) -> dict[str, int]:
    nonzero = [row for row in rows if row.value]
    return {
        "items": len(rows),
        "zero": sum(row.value == 0 for row in rows),
        "yes": sum(row.answer == "Yes" for row in nonzero),
        "no": sum(row.answer == "No" for row in nonzero),
        "lack": sum(row.value is None for row in rows),
    }


def markdown(path: str, found: dict[str, Any]) -> str:
    """The report of a folder."""
    violations = found["violations"]
    kinds: dict[str, list[dict[str, str]]] = {}
    for violation in violations:
        kinds.setdefault(violation["kind"], []).append(violation)
    verdict = f"**{len(violations)} violations**" if violations else "No violations."
    out = [
        f"# {path}\n",
        f"{found['items']:,} items in {len(found['files'])} files, every one recomputed; {found['thorough']:,} by the "
        f"slow roads too (counterfactuals, linear programme). {verdict}\n",
    ]
    if found["unread"]:
        out.append(f"{found['unread']:,} reworded texts could not be read back and were not compared.\n")
    for kind, own in sorted(kinds.items()):
        out.append(f"## {kind}: {len(own)}\n")
        out += [f"- {v['where']}: {v['what']}" for v in own[:EXAMPLES]]
        out.append(f"- ... and {len(own) - EXAMPLES} more\n" if len(own) > EXAMPLES else "")
    out.append("## What is in it\n")
    out.append(f"| suite | task | items | zero | Yes | No | lack | {' | '.join(BASELINES)} |")
    out.append("|---|---|" + "---:|" * (5 + len(BASELINES)))
    for suite, entry in found["suites"].items():
        scores = " | ".join(f"{100 * entry['baselines'][name]:.1f}" for name in BASELINES)
        out.append(f"| {suite} | all | {entry['items']} | | | | | {scores} |")
        for name, counts in entry["tasks"].items():
            cells = " | ".join(str(counts[key]) for key in ("items", "zero", "yes", "no", "lack"))
            out.append(f"| {suite} | {name} | {cells} |{' |' * len(BASELINES)}")
    said = ", ".join(f"{split} {number:,}" for split, number in found["shapes"].items())
    out.append(f"\nCausal structures by split (no one in two of them unless said above): {said}.\n")
    for other, overlap in found["overlap"].items():
        out.append(
            f"Against {other} ({overlap['items']:,} items): {overlap['overlapping']:,} items "
            f"({100 * overlap['share']:.1f} %) share a 13-gram that is not template.\n"
        )
    return "\n".join(out)
