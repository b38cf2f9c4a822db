"""Reading CaLM's files (arXiv 2405.00622): JSON lines, a file a task and language, in folders by rung and scenario.

CaLM-Lite and the full set have the same layout and rows; the full set withholds the labels of its own tasks
(``gt_answer`` is not there). Only the English files are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rungwise.errors import UserError
from rungwise.suites.published.calm_tasks import ENGLISH, FILES, task_of
from rungwise.suites.published.damaged import Row, rows
from rungwise.suites.published.item import Bad, PublishedItem
from rungwise.wording.reader import MAX_CHARS

MAX_ID = 40
"""Characters of an index that is a text."""


def load(path: Path, subset: str | None, bad: Bad) -> Iterator[PublishedItem]:
    """The items of one file, or of the data set's folder: of all its English files, or of those that ``subset`` names.

    An item's id is its file's name and its ``index``, as in ``ATE-P_ATE-basic_EN/17``.

    Args:
        subset: a file's name (``ATE-P_ATE-basic_EN``, with or without its language), a task (``ATE-P``, ``ATE-basic``)
            or a scenario (``ATE``).

    Raises:
        UserError: no such file or subset; a row that ``bad`` does not pass over.
        OSError: a file can't be opened.
    """
    if path.is_dir():
        files = _in_folder(path, subset)
    elif subset is not None:
        raise UserError(f"{path} is one file and has no subset {subset!r}; leave out '#{subset}'")
    else:
        files = {_name(path): path}
    for name, file in files.items():
        yield from _items(name, file, bad)


def _name(path: Path) -> str:
    """The name of a file without its language; what follows the language is a copy's."""
    name, english, _ = path.stem.partition(ENGLISH)
    if not english or name not in FILES:
        raise UserError(
            f"{path} is not named as a file of CaLM's in English, such as ATE-P_ATE-basic{ENGLISH}.json, "
            "and its name says what it holds; give it its own name"
        )
    return name


def _in_folder(folder: Path, subset: str | None) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob(f"*{ENGLISH}.json")):
        name = path.stem.removesuffix(ENGLISH)
        if name in FILES and found.setdefault(name, path) != path:
            raise UserError(f"{folder} holds {path.name} twice, also as {found[name]}; name the folder of one set")
    if not found:
        raise UserError(f"no file such as ATE-P_ATE-basic{ENGLISH}.json is in {folder} or the folders in it")
    if subset is None:
        return found
    chosen = {name: path for name, path in found.items() if subset.removesuffix(ENGLISH) in _names(name)}
    if not chosen:
        scenarios = sorted({name.partition("-")[0] for name in found})
        raise UserError(
            f"{folder} has no file or task {subset!r}; there are {', '.join(scenarios)}, and {_some(found)}"
        )
    return chosen


def _names(name: str) -> tuple[str, ...]:
    task, _, detail = name.partition("_")
    return name, task, detail, task.partition("-")[0]


def _some(found: dict[str, Path]) -> str:
    names = list(found)
    return ", ".join(names[:5]) + (f" and {len(names) - 5} other files" if len(names) > 5 else "")


def _items(name: str, path: Path, bad: Bad) -> Iterator[PublishedItem]:
    seen: set[str] = set()
    for number, (where, row) in enumerate(rows(path, bad), 1):
        try:
            item = _item(name, row, number, where)
            if item.id in seen:
                raise UserError(f"{where}: the index {item.id.rpartition('/')[2]} was there before")
        except UserError as error:
            bad(error)
            continue
        seen.add(item.id)
        yield item


def _item(name: str, row: Row, number: int, where: str) -> PublishedItem:
    kind = FILES[name]
    index = row.get("index", number)
    if isinstance(index, bool) or not isinstance(index, (int, str)) or len(str(index)) > MAX_ID:
        raise UserError(f"{where}: 'index' is neither a whole number nor a short text")
    text = kind.text(row, where)
    if len(text) > MAX_CHARS:
        raise UserError(f"{where}: the item has {len(text)} characters; at most {MAX_CHARS} are read")
    return PublishedItem(f"{name}{ENGLISH}/{index}", task_of(name), text, kind.label(row, where), where, row)
