"""What an audit leaves: audit.md for people, audit.parquet with every item, patch.jsonl with corrected labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rungwise.audit.corrections import changes
from rungwise.audit.moves import RULES
from rungwise.audit.run import OUTCOMES, Audit, Judged
from rungwise.errors import UserError
from rungwise.files import replacing, replacing_bytes, write_json, write_json_lines
from rungwise.problems.baselines import BASELINES
from rungwise.suites.published.item import KINDS, Truth

REPORT, TABLE, PATCH, SUMMARY = "audit.md", "audit.parquet", "patch.jsonl", "audit.json"
EXAMPLES = 3
"""Shown of each class."""

_MEANING = {
    "confirmed": "the label is the exact answer",
    "wrong": "it is not",
    "rounding": "it differs by no more than rounding explains",
    "undetermined": "what is displayed does not decide the answer",
    "unread": "the item is not understood",
    "unlabelled": "there is no label",
}


def check_parquet() -> None:
    """Make sure that the table can be written.

    Raises:
        UserError: pyarrow is not installed.
    """
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise UserError("audit --out needs pyarrow: pip install 'rungwise[data]'") from error


def summary(audit: Audit, moved: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Counts, the labels that shortcuts give, how far scores move."""
    labelled = [j for j in audit.judged if j.item.label is not None]
    valued, answered = (
        [j for j in labelled if j.item.label is not None and any(getattr(j.item.label, f) is not None for f in fields)]
        for fields in (("value", "shares"), ("answer",))
    )
    seen = any(j.finding.shortcuts for j in audit.judged)
    given = {name: sum(name in j.finding.shortcuts for j in valued) for name in BASELINES if seen}
    return {
        "suite": audit.spec,
        "items": len(audit.judged),
        "skipped": len(audit.skipped),
        "outcomes": audit.outcomes(),
        "kinds": audit.kinds(),
        "by_task": audit.by_task(),
        "labels": len(labelled),
        "values": len(valued),
        "values_reproduced": sum(_same_value(j) for j in valued),
        "answers": len(answered),
        "answers_reproduced": sum(_same_answer(j) for j in answered),
        "roads_agree": sum(_roads_agree(j.finding.truth, j.finding.second) for j in audit.judged if j.finding.truth),
        "solved": sum(j.finding.truth is not None for j in audit.judged),
        "shortcuts": {name: count / len(valued) for name, count in given.items()},
        "changed_labels": len({change["id"] for change in changes(audit)}),
        "models": list(moved),
    }


def _same_value(judged: Judged) -> bool:
    label, exact = judged.item.label, judged.finding.truth
    if label is None or exact is None:
        return False
    return _close(label.value, exact.value) and _near(label.shares, exact.shares)


def _same_answer(judged: Judged) -> bool:
    label, exact = judged.item.label, judged.finding.truth
    return label is not None and exact is not None and label.answer == exact.answer


def _roads_agree(first: Truth, second: Truth | None) -> bool:
    return (
        second is not None
        and first.answer == second.answer
        and _close(first.value, second.value)
        and _near(first.shares, second.shares)
    )


def _close(a: float | None, b: float | None) -> bool:
    return a == b or (a is not None and b is not None and abs(a - b) <= 5e-4 + 1e-9)


def _near(a: tuple[float, ...] | None, b: tuple[float, ...] | None) -> bool:
    return a == b or (a is not None and b is not None and sum(abs(p - q) for p, q in zip(a, b, strict=True)) / 2 < 0.01)


def write(audit: Audit, found: dict[str, Any], out: Path) -> None:
    """All files of an audit; ``found`` is its summary.

    Raises:
        UserError: pyarrow is not installed.
        OSError: a file can't be written.
    """
    check_parquet()
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [_row(judged) for judged in audit.judged]
    with replacing_bytes(out / TABLE) as file:
        pq.write_table(pa.Table.from_pylist(rows, _schema()), file)
    write_json_lines(out / PATCH, changes(audit))
    with replacing(out / REPORT) as text:
        text.write("\n".join(_lines(audit, found)) + "\n")
    write_json(out / SUMMARY, found)


def _schema() -> Any:
    import pyarrow as pa

    truth = [("value", pa.float64()), ("answer", pa.string()), ("shares", pa.list_(pa.float64()))]
    return pa.schema(
        [
            *((name, pa.string()) for name in ("id", "where", "task", "outcome")),
            ("kinds", pa.list_(pa.string())),
            *((name, pa.struct(truth)) for name in ("label", "exact", "second")),
            *((name, pa.string()) for name in ("why", "proof")),
            ("shortcuts", pa.list_(pa.string())),
        ]
    )


def _row(judged: Judged) -> dict[str, Any]:
    item, finding = judged.item, judged.finding
    return {
        "id": item.id,
        "where": Path(item.where).name,
        "task": item.task,
        "outcome": finding.outcome,
        "kinds": list(finding.kinds),
        "label": _fields(item.label),
        "exact": _fields(finding.truth),
        "second": _fields(finding.second),
        "why": finding.why,
        "proof": finding.proof,
        "shortcuts": list(finding.shortcuts),
    }


def _fields(truth: Truth | None) -> dict[str, Any] | None:
    if truth is None:
        return None
    return {"value": truth.value, "answer": truth.answer, "shares": truth.shares and list(truth.shares)}


def _lines(audit: Audit, found: dict[str, Any]) -> Iterator[str]:
    yield f"# Audit of {_name(audit.spec)}"
    yield ""
    yield (
        f"{found['items']} items, {found['labels']} with a label; {found['solved']} solved from what they display, by"
        f" two roads that agree on {found['roads_agree']}."
    )
    yield (
        f"Before anything is called wrong: {found['values_reproduced']} of {found['values']} published values and"
        f" {found['answers_reproduced']} of {found['answers']} published answers come out as they are. No question is"
        " reworded."
    )
    yield (
        "This report holds ids, numbers and verdicts, not the set's text; letters are the item's own where it has some,"
        " else they name variables in the order in which the text first names them."
    )
    if audit.skipped:
        yield f"\n{len(audit.skipped)} damaged rows were passed over; the first: {audit.skipped[0]}"
    for title, counts, meaning in (("Verdicts", "outcomes", _MEANING), ("Classes", "kinds", KINDS)):
        listed = [(name, count, meaning[name]) for name, count in found[counts].items()]
        yield from _table(title, (title.lower(), "items", "meaning"), listed)
    tasks = [(task, *(counts.get(o, 0) for o in OUTCOMES)) for task, counts in found["by_task"].items()]
    yield from _table("By task", ("task", *OUTCOMES), tasks)
    if found["shortcuts"]:
        rows = [(name, f"{100 * share:.1f} %") for name, share in found["shortcuts"].items()]
        yield from _table("Values that need no causal reasoning", ("shortcut", "labels it gives"), rows)
        yield "graph-blind never reads the graph: where it comes near 100 %, a high score shows no causal reasoning."
    if found["models"]:
        moved = [_move(model, rule) for model in found["models"] for rule in RULES if rule in model]
        columns = ("outputs", "rule", "items", "published labels", "corrected labels", "difference (95 %)")
        yield from _table("How far scores move", columns, moved)
    for kind in KINDS:
        held = [judged for judged in audit.judged if kind in judged.finding.kinds]
        if held:
            yield f"\n## {kind}: {KINDS[kind]} ({len(held)})\n"
            yield from (_example(judged) for judged in held[:EXAMPLES])


def _name(spec: str) -> str:
    """The set without the folders that lead to it: a report is passed on."""
    benchmark, _, place = spec.partition(":")
    return f"{benchmark}:{Path(place).name}"


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    yield f"\n## {title}\n"
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    yield from (f"| {' | '.join(map(str, row))} |" for row in rows)


def _move(model: dict[str, Any], rule: str) -> tuple[str, ...]:
    cell = model[rule]
    low, high = (f"{100 * end:+.1f}" for end in cell["interval"])
    return (
        Path(model["model"]).name,
        rule,
        str(model["items"]),
        f"{100 * cell['published']:.1f}",
        f"{100 * cell['corrected']:.1f}",
        f"{100 * cell['difference']:+.1f} ({low} to {high})",
    )


def _example(judged: Judged) -> str:
    item, finding = judged.item, judged.finding
    lines = [f"- **{item.id}** ({item.task}, {finding.outcome}): {finding.why.rstrip('.')}."]
    if finding.proof:
        lines += ["  ```", *(f"  {line}" for line in finding.proof.splitlines()), "  ```"]
    return "\n".join(lines)
