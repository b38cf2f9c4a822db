"""What is left of a rewording run: shards, a manifest that ``rungwise verify`` checks, and a data set card."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import orjson

from rungwise.errors import UserError
from rungwise.files import replacing, replacing_bytes
from rungwise.problems.problem import Problem
from rungwise.suites.folder import CARD, MANIFEST
from rungwise.suites.shards import SHARD
from rungwise.suites.verify import FEW, SHARE

Items = Callable[[], Iterable[tuple[int, dict[str, Any], Problem]]]


def finish(items: Items, out: Path, stated: dict[str, Any], records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Write everything from the records of all items; a finished folder is left as it is.

    Raises:
        UserError: no rewording was kept.
        OSError: a file can't be written.
    """
    kept = [record for record in records if record["text"] is not None]
    surplus = _surplus(kept)
    kept = [record for record in kept if record["index"] not in surplus]
    counts = _counts(records, kept)
    if not kept:
        why = ", ".join(f"{code} {count}" for code, count in counts["dropped"].items())
        raise UserError(f"not one of {len(records)} items was reworded faithfully ({why}); try another model")
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for record in kept:
        groups[record["suite"], record["split"]].append(record)
    names: dict[int, str] = {}
    for (suite, split), own in groups.items():
        shards = -(-len(own) // SHARD)
        for place, record in enumerate(own):
            names[record["index"]] = f"{suite}/{split}-{place // SHARD:05d}-of-{shards:05d}.jsonl"
    canaries = _write_shards(items, out, stated["model"], {record["index"]: record["text"] for record in kept}, names)
    for file in out.glob("*/*.jsonl"):  # of an earlier end of this run, when fewer or more items were kept
        if str(file.relative_to(out)) not in set(names.values()):
            file.unlink()
    contents = {
        suite: {
            "split": split,
            "items": len(own),
            "canary": canaries[suite],
            "tasks": dict(sorted(Counter(record["task"] for record in own).items())),
        }
        for (suite, split), own in groups.items()
    }
    per_file = Counter(names.values())
    files = {}
    for name in per_file:
        data = (out / name).read_bytes()
        files[name] = {"items": per_file[name], "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    manifest = {
        **stated,
        "view": "natural",
        "format": "jsonl",
        "rephrased": counts,
        "contents": contents,
        "files": files,
    }
    _replace_text(out / CARD, _card(manifest))
    _replace_text(out / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    return manifest


def _surplus(kept: Sequence[dict[str, Any]]) -> set[int]:
    """The last items of a task whose answer is too frequent: what was dropped must not make a constant answer pay."""
    answers: dict[tuple[str, str], dict[str, list[int]]] = defaultdict(lambda: {"Yes": [], "No": []})
    for record in kept:
        if record["answer"] in ("Yes", "No"):
            answers[record["suite"], record["task"]][record["answer"]].append(record["index"])
    out: set[int] = set()
    for own in answers.values():
        few, many = sorted(own.values(), key=len)
        while len(many) - len(few) > max(FEW, SHARE * (len(many) + len(few))):
            out.add(many.pop())
    return out


def _counts(records: Sequence[dict[str, Any]], kept: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Accepted and dropped items add up to all; retried ones are those accepted after more than one request."""
    accepted = {record["index"] for record in kept}
    dropped = Counter(record["code"] or "balance" for record in records if record["index"] not in accepted)
    return {
        "items": len(records),
        "accepted": len(kept),
        "retried": sum(record["requests"] > 1 for record in kept),
        "dropped": dict(sorted(dropped.items())),
        **{
            name: sum(record[name] for record in records) for name in ("requests", "prompt_tokens", "completion_tokens")
        },
        "seconds": round(sum(record["seconds"] for record in records), 1),
    }


def _write_shards(items: Items, out: Path, model: str, texts: dict[int, str], names: dict[int, str]) -> dict[str, str]:
    """Write the shards one after another, in the order of the source; returns the canary of each suite."""
    canaries: dict[str, str] = {}
    lines: dict[str, list[bytes]] = defaultdict(list)
    left = Counter(names.values())
    for index, row, problem in items():
        if index not in texts:
            continue
        name = names[index]
        canaries[row["suite"]] = row["canary"]
        reworded = problem.with_(meta={**problem.meta, "reworded": {"model": model}})
        certificate = orjson.dumps(reworded.to_dict()).decode()
        lines[name].append(orjson.dumps({**row, "text": texts[index], "problem": certificate}) + b"\n")
        left[name] -= 1
        if not left[name]:
            data = b"".join(lines.pop(name))
            if not (out / name).exists() or (out / name).read_bytes() != data:
                with replacing_bytes(out / name) as file:
                    file.write(data)
    return canaries


def _replace_text(path: Path, text: str) -> None:
    if not path.exists() or path.read_bytes() != text.encode():
        with replacing(path) as file:
            file.write(text)


def _card(manifest: dict[str, Any]) -> str:
    configs = "".join(
        f"- config_name: {suite}\n  data_files:\n"
        f"  - split: {entry['split']}\n    path: {suite}/{entry['split']}-*.jsonl\n"
        for suite, entry in manifest["contents"].items()
    )
    rows = "".join(
        f"| `{suite}` | {entry['items']:,} | {entry['split']} |\n" for suite, entry in manifest["contents"].items()
    )
    canaries = "".join(f"- {line}\n" for line in sorted({entry["canary"] for entry in manifest["contents"].values()}))
    counts = manifest["rephrased"]
    dropped = ", ".join(f"{code} {count:,}" for code, count in counts["dropped"].items()) or "none"
    return f"""---
license: apache-2.0
language: en
task_categories:
- question-answering
tags:
- causal-inference
- synthetic
configs:
{configs}---

# Causal problems with exactly known answers, reworded

Made by rungwise {manifest["rungwise"]}. The model {json.dumps(manifest["model"], ensure_ascii=False)} reworded the
texts sentence by sentence. Only rewordings that surely mean the same were kept; answers and certificates are those of
the source. Of {counts["items"]:,} items {counts["accepted"]:,} were kept; dropped: {dropped}. The model's license may
bear on the texts.

| suite | items | split |
|---|---:|---|
{rows}
Columns and certificates are as in any folder made by `rungwise generate`; `rungwise verify FOLDER` checks it.

## Canary

{canaries}"""
