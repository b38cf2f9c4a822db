"""Corrected labels: a file of single changes, ``{id, field, old, new, why}`` a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from rungwise.errors import UserError
from rungwise.files import read_json_lines
from rungwise.suites.published.item import PublishedItem, Truth

FIELDS = tuple(field.name for field in fields(Truth))

Patch = dict[str, dict[str, tuple[Any, Any]]]
"""By item id and field, the old and the new content."""


def read_patch(path: Path) -> Patch:
    """The changes in a file.

    Raises:
        UserError: a line that is no change of a label, or two changes of one field.
        OSError: it can't be opened.
    """
    rows = []
    for number, row in read_json_lines(path):
        where = f"{path} line {number}"
        if not isinstance(row, dict) or not {"id", "field", "old", "new"} <= row.keys():
            raise UserError(f"{where} is no change {{id, field, old, new, why}}")
        if row["field"] not in FIELDS:
            raise UserError(f"{where}: unknown field {str(row['field'])[:40]!r}; fields are {', '.join(FIELDS)}")
        old, new = (_content(row["field"], row[key], where) for key in ("old", "new"))
        rows.append({"id": str(row["id"]), "field": row["field"], "old": old, "new": new})
    if len({(row["id"], row["field"]) for row in rows}) < len(rows):
        raise UserError(f"{path} changes the same field of an item twice")
    return as_patch(rows)


def as_patch(changes: Iterable[Mapping[str, Any]]) -> Patch:
    """Changes, each ``{id, field, old, new}``, by id and field."""
    found: Patch = {}
    for change in changes:
        found.setdefault(change["id"], {})[change["field"]] = change["old"], change["new"]
    return found


def _content(field: str, value: Any, where: str) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 1
    shares = isinstance(value, list) and value and all(isinstance(p, int | float) and 0 <= p <= 1 for p in value)
    fits = {"value": number, "answer": isinstance(value, str), "shares": shares}
    if value is None or fits[field]:
        return tuple(value) if field == "shares" and value else value
    raise UserError(f"{where}: {str(value)[:40]!r} is no {field}")


def patched(items: Iterable[PublishedItem], patch: Patch) -> Iterator[PublishedItem]:
    """The items with corrected labels.

    Raises:
        UserError: a change of something other than what stands there: the patch was made for another file.
    """
    for item in items:
        changed = patch.get(item.id)
        if changed is None:
            yield item
            continue
        label = item.label or Truth()
        for field, (old, _) in changed.items():
            if getattr(label, field) != old:
                raise UserError(
                    f"{item.where}: the patch changes the {field} {old!r} of {item.id}, but {getattr(label, field)!r}"
                    " stands there; it was made for another file"
                )
        yield replace(item, label=replace(label, **{field: new for field, (_, new) in changed.items()}))


def check_labels(spec: str, items: Sequence[PublishedItem]) -> None:
    """Make sure that there is something to score against.

    Raises:
        UserError: labels are missing.
    """
    without = sum(item.label is None for item in items)
    if without:
        raise UserError(
            f"{without} of the {len(items)} items of {spec} have no label; 'rungwise audit {spec} --out DIR' solves"
            " them, and '--patch DIR/patch.jsonl' scores against its answers"
        )
