"""Reading CLadder (arXiv 2312.04350): question files beside their model file, the folder of all, and joined tables.

A question file is a JSON list of ``{question_id, desc_id, given_info, question, answer, meta, reasoning}``; the first
part of its prompt, ``background``, stands in the model file, under ``meta.model_id``. A joined table (JSON, JSON lines,
CSV or Parquet) has the whole prompt in one field; its ``meta`` and ``reasoning`` can be texts of Python dictionaries.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from rungwise.errors import UserError
from rungwise.suites.published.cladder_text import KINDS_OF_QUERY, MAX_TEXT, read_question
from rungwise.suites.published.damaged import Row, rows
from rungwise.suites.published.item import Bad, PublishedItem, Truth

INSTRUCTION = "Start your answer with Yes or No."
"""Added to a prompt that does not ask for a form, so that both scorings can read what comes."""
MAX_LITERAL = 20_000
"""Characters of a dictionary's text."""
MAX_NESTED = 20
MAX_MODELS = 1_000_000
_ENDINGS = (".json", ".jsonl", ".csv", ".parquet")
_ANSWERS = {"yes": "Yes", "no": "No"}
_COMPLETIONS = "raw_inference_result"
"""The field of a table of completions, which is no table of questions."""


def load(path: Path, subset: str | None, bad: Bad) -> Iterator[PublishedItem]:
    """The items of one file or of the data set's folder.

    An item's id is its ``question_id`` (``id``), in a folder after the name of its file; where one comes again, and
    where there is none, it is the item's number in the file.

    Args:
        subset: a query type (``ate``) or, in a folder, a file (``test-generate-easy``, or what follows the last hyphen
            of its name: ``easy``).

    Raises:
        UserError: no such file or subset; a row that ``bad`` does not pass over.
        OSError: a file can't be opened.
    """
    if not path.is_dir():
        if subset is not None and subset not in KINDS_OF_QUERY:
            raise UserError(f"{path} is one file; its subsets are query types: {', '.join(KINDS_OF_QUERY)}")
        yield from _items(path, "", subset, bad)
        return
    files: dict[str, Path] = {}
    for file in sorted(path.rglob("*")):
        if _holds_questions(file) and files.setdefault(file.stem, file) != file:
            raise UserError(f"{path} holds {file.stem} twice, also as {files[file.stem]}; name the folder of one set")
    if not files:
        raise UserError(f"no CLadder question files are in {path}")
    chosen, query = files, None
    if subset in KINDS_OF_QUERY:
        query = subset
    elif subset is not None:
        chosen = {name: file for name, file in files.items() if subset in (name, name.rpartition("-")[2])}
        if not chosen:
            raise UserError(f"{path} has no subset {subset!r}; there are {', '.join(files)} and query types")
    for name, file in chosen.items():
        yield from _items(file, f"{name}/" if len(chosen) > 1 else "", query, bad)


def _is_model_file(path: Path) -> bool:
    return path.suffix == ".json" and "meta" in path.stem


def _holds_questions(path: Path) -> bool:
    """Whether a file of a folder is one of questions: by its ending, its name and its first row."""
    if path.suffix not in _ENDINGS or _is_model_file(path):
        return False
    ignored: list[UserError] = []
    try:
        first = next(islice(rows(path, ignored.append), 1), None)
    except UserError:
        return False
    return first is not None and _COMPLETIONS not in first[1] and {"question", "prompt"} & first[1].keys() != set()


def _items(path: Path, before: str, query: str | None, bad: Bad) -> Iterator[PublishedItem]:
    models: Mapping[Any, Mapping[str, Any]] | None = None
    seen: set[str] = set()
    for number, (where, row) in enumerate(rows(path, bad)):
        try:
            if models is None and "question" in row and not {"background", "prompt"} & row.keys():
                models = _models(path)
            item = _item(row, number, where, models or {}, before, seen)
        except UserError as error:
            bad(error)
            continue
        if query is None or item.task == query:
            yield item


def _models(path: Path) -> Mapping[Any, Mapping[str, Any]]:
    """The model file beside a question file, by model_id.

    Raises:
        UserError: there is none, or several, or it is no list of models.
    """
    files = sorted(file for file in path.parent.glob("*.json") if _is_model_file(file))
    if len(files) != 1:
        found = ", ".join(file.name for file in files) or "none"
        raise UserError(f"{path} needs its model file (such as cladder-v1-meta-models.json) beside it; found: {found}")
    problems: list[UserError] = []
    out: dict[Any, Mapping[str, Any]] = {}
    for where, entry in islice(rows(files[0], problems.append), MAX_MODELS):
        if isinstance(entry.get("model_id"), int) and isinstance(entry.get("background"), str):
            out[entry["model_id"]] = entry
        else:
            problems.append(UserError(f"{where}: 'model_id' or 'background' is missing"))
    if problems:
        raise problems[0]
    return out


def _item(
    row: Row, number: int, where: str, models: Mapping[Any, Mapping[str, Any]], before: str, seen: set[str]
) -> PublishedItem:
    if _COMPLETIONS in row:
        raise UserError(f"{where} is a completion, not a question; score it with --predictions")
    given = dict(row)
    for field in ("meta", "reasoning"):
        if isinstance(row.get(field), str) and row[field].lstrip().startswith("{"):
            given[field] = literal(row[field], f"{where}: {field!r}")
    meta: Mapping[str, Any] = given["meta"] if isinstance(given.get("meta"), dict) else {}
    if models:
        number_of = meta.get("model_id")
        model = models.get(number_of) if isinstance(number_of, int) else None
        if model is None:
            raise UserError(f"{where}: model {str(number_of)[:20]} is not in the model file")
        given |= {"background": model["background"], "model": model}
    text = _prompt(given, where)
    label = given.get("answer", given.get("label"))
    if label is not None and (not isinstance(label, str) or label.strip().lower() not in _ANSWERS):
        raise UserError(f"{where}: the answer is neither yes nor no: {str(label)[:40]!r}")
    task = meta.get("query_type", row.get("query_type"))
    question = given.get("question")
    if task is None:
        task = _asked(question if isinstance(question, str) else split(text)[1])
    elif task not in KINDS_OF_QUERY:
        raise UserError(f"{where}: unknown query_type {str(task)[:40]!r}; there are {', '.join(KINDS_OF_QUERY)}")
    name = next((str(row[k]) for k in ("question_id", "id") if _is_id(row.get(k))), str(number))
    if name in seen:
        name = f"item-{number}"
    seen.add(name)
    truth = Truth(answer=_ANSWERS[label.strip().lower()]) if label is not None else None
    return PublishedItem(before + name, task, text, truth, where, given)


def _asked(question: str) -> str:
    """The query type of a question; one of no known form is no damage, and the audit will say that it is unread."""
    try:
        return read_question(question).kind
    except UserError:
        return "unknown"


def _is_id(value: Any) -> bool:
    return isinstance(value, (int, str)) and not isinstance(value, bool) and 0 < len(str(value)) <= 40


def _prompt(given: Mapping[str, Any], where: str) -> str:
    """The whole prompt: as it stands in one field, or background, given information and question."""
    fields: tuple[str, ...] = ("given_info", "question")
    if "prompt" in given:
        fields = ("prompt",)
    elif "background" in given:
        fields = ("background", *fields)
    for field in fields:
        if not isinstance(given.get(field), str):
            raise UserError(f"{where}: {field!r} is missing or no text")
    question = given.get("question")
    if isinstance(question, str) and not question.rstrip().endswith("?"):
        raise UserError(f"{where}: 'question' asks nothing: {question[-40:]!r}; are columns swapped?")
    text = " ".join(given[field].strip() for field in fields if given[field].strip())
    if len(text) > MAX_TEXT:
        raise UserError(f"{where}: the prompt has {len(text)} characters; at most {MAX_TEXT} are read")
    if "?" not in text:
        raise UserError(f"{where}: the prompt asks nothing; are columns swapped?")
    return text if " yes or no" in text.lower() else f"{text}\n\n{INSTRUCTION}"


def split(text: str) -> tuple[str, str]:
    """A prompt's body and its question, the last sentence that ends with a question mark.

    Raises:
        UserError: there is none.
    """
    end = text.rfind("?")
    start = max(text.rfind(mark, 0, end) for mark in ("\n", ". ", ".\t")) + 1
    question = " ".join(text[start : end + 1].split())
    if end < 0 or not question:
        raise UserError("the text asks no question")
    return text[:start], question.removeprefix("Question: ")


def literal(text: str, where: str) -> Any:
    """What a text of JSON or of Python's literal notation says; bounded in length and depth, and nothing is run.

    Raises:
        UserError: it is neither.
    """
    deepest = depth = 0
    for character in text[:MAX_LITERAL]:
        depth += (character in "([{") - (character in ")]}")
        deepest = max(deepest, depth)
    if len(text) > MAX_LITERAL or deepest > MAX_NESTED:
        raise UserError(f"{where} has over {MAX_LITERAL} characters or {MAX_NESTED} levels")
    with suppress(ValueError):
        return json.loads(text)
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise UserError(f"{where} is no dictionary") from error
