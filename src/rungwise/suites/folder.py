"""Folders of generated items: shards, a manifest and a data set card; made by many workers, resumed shard by shard."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from pathlib import Path
from typing import Any

import numpy as np

from rungwise.errors import UserError
from rungwise.files import naming, read_json, read_log, replacing, replacing_bytes, write_json
from rungwise.problems.baselines import BASELINES
from rungwise.suites.card import card
from rungwise.suites.commitment import Commitment
from rungwise.suites.shards import (
    Request,
    Shard,
    canary_of,
    import_pyarrow,
    is_whole,
    make_shard,
    make_shard_bytes,
)

MANIFEST, CARD, LOG = "manifest.json", "README.md", ".progress.jsonl"
ENGINES = ("local", "ray")


def write_folder(
    out: Path,
    request: Request,
    workers: int = 1,
    engine: str = "local",
    ray_address: str | None = None,
    commitment: Commitment | None = None,
    progress: Callable[[int, int], None] | None = None,
    note: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """``out/SUITE/SPLIT-00000-of-00004.jsonl`` (or .parquet) for each suite, ``manifest.json`` and ``README.md``, a
    Hugging Face data set card; returns the manifest.

    The same request makes the same bytes with any number of workers and either engine. Every finished shard is
    recorded, so after a crash the same call makes the missing ones only; a shard that is no longer the one of its
    record is made again, and ``note`` is told.

    Raises:
        UserError: a mistake in the request or engine, or ``out`` holds something else.
        OSError: a file can't be written.
    """
    if workers < 1:
        raise UserError(f"--workers must be at least 1, got {workers}")
    if engine not in ENGINES:
        raise UserError(f"unknown engine {engine!r}; engines are {', '.join(ENGINES)}")
    if request.format == "parquet":
        import_pyarrow()
    stated = {**request.public(), "seed": None if commitment else request.seed}
    if commitment:
        stated["commitment"] = commitment.digest(request)
    try:
        log = _resume(out, stated)
    except OSError as error:
        raise UserError(f"{out} can't be written: {error.strerror}; choose another --out") from error
    _sweep(out)
    secret = str(stated.get("commitment") or json.dumps(stated, sort_keys=True))
    shards = request.shards()
    records = {record["name"]: record for record in read_log(log)[1:]}
    done, missing = [], []
    for shard in shards:
        if shard.name in records and is_whole(out, records[shard.name]):
            done.append(shard)
        else:
            missing.append(shard)
            if shard.name in records and note:
                note(f"{out / shard.name} is cut or changed; it is made again")
    made, total = sum(s.items for s in done), request.n * len(request.suites)
    canaries = {suite: canary_of(secret, request.split(suite)) for suite in request.suites}
    if engine == "ray":
        run = _on_ray(request, canaries, out, missing, ray_address)
    else:
        run = _in_processes(request, canaries, out, missing, workers)
    with naming(log), log.open("a", encoding="utf-8") as file:
        for record in run:
            records[record["name"]] = record
            file.write(json.dumps(record) + "\n")
            file.flush()
            os.fsync(file.fileno())
            made += record["items"]
            if progress:
                progress(made, total)
    in_order = [records[shard.name] for shard in shards]
    _replace_text(log, "".join(json.dumps(line) + "\n" for line in (stated, *in_order)))
    manifest = _manifest(request, stated, canaries, in_order)
    _replace_text(out / CARD, card(manifest))
    _replace_text(out / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False) + "\n")
    if commitment:
        write_json(out / "commitment.json", {"commitment": stated["commitment"], "request": request.public()})
    return manifest


def _replace_text(path: Path, text: str) -> None:
    """Only where it differs, so that a finished folder is left alone."""
    if not path.exists() or path.read_bytes() != text.encode():
        with replacing(path) as file:
            file.write(text)


def _resume(out: Path, stated: dict[str, Any]) -> Path:
    """The log of a folder that is this request's, begun or not."""
    log = out / LOG
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file; choose another --out")
    lines = read_log(log)
    if not lines:
        if (out / MANIFEST).exists() or any((out / suite).exists() for suite in stated["suites"]):
            raise UserError(f"{out} holds files of these names that have no record; choose another --out")
        with replacing(log) as file:
            file.write(json.dumps(stated) + "\n")
        return log
    changed = [key for key in {**lines[0], **stated} if lines[0].get(key) != stated.get(key)]
    if changed:
        raise UserError(f"{out} holds items of another request ({', '.join(changed)}); choose another --out")
    cut = not log.read_bytes().endswith(b"\n")
    if cut:  # the record that a crash cut off is written again on a line of its own
        with replacing(log) as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)
    return log


def _in_processes(
    request: Request, canaries: dict[str, str], out: Path, shards: Sequence[Shard], workers: int
) -> Iterator[dict[str, Any]]:
    if workers == 1 or len(shards) == 1:
        for shard in shards:
            yield make_shard(request, shard, canaries[shard.suite], out)
        return
    with ProcessPoolExecutor(min(workers, max(1, len(shards))), initializer=_leave_interrupts) as pool:
        try:
            left = {pool.submit(make_shard, request, shard, canaries[shard.suite], out) for shard in shards}
            while left:
                ended, left = wait(left, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in ended)
        except BaseException:  # Ctrl-C, or a full disk: at once, not after the shards that are begun
            for worker in multiprocessing.active_children():
                worker.kill()
                worker.join()
            pool.shutdown(cancel_futures=True)
            _sweep(out)
            raise


def _sweep(out: Path) -> None:
    """Remove what dead processes had begun to write."""
    for leftover in out.glob("*/.*.tmp"):
        try:
            os.kill(int(leftover.name.split(".")[-2]), 0)
        except (ValueError, ProcessLookupError):
            leftover.unlink(missing_ok=True)
        except PermissionError:  # alive, and somebody else's
            continue


def _leave_interrupts() -> None:
    """Ctrl-C is for the process that waits for the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _on_ray(
    request: Request, canaries: dict[str, str], out: Path, shards: Sequence[Shard], address: str | None
) -> Iterator[dict[str, Any]]:
    try:
        import ray
    except ImportError as error:
        raise UserError("--engine ray needs Ray: pip install 'rungwise[ray]'") from error
    own = not ray.is_initialized()
    if own:
        ray.init(address=address, log_to_driver=False, include_dashboard=False, logging_level="ERROR")
    try:
        # The bytes come back, so that the cluster needs no common disk.
        task = ray.remote(make_shard_bytes)
        left = [task.remote(request, shard, canaries[shard.suite]) for shard in shards]
        while left:
            (ready, *_), left = ray.wait(left)
            record, data = ray.get(ready)
            with replacing_bytes(out / record["name"]) as file:
                file.write(data)
            yield record
    finally:
        if own:
            ray.shutdown()


def _manifest(
    request: Request, stated: dict[str, Any], canaries: dict[str, str], records: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    versions = {"python": ".".join(map(str, sys.version_info[:2])), "numpy": np.__version__}
    if request.format == "parquet":
        versions["pyarrow"] = import_pyarrow().__version__
    suites = {}
    for suite in request.suites:
        own = [record for record in records if record["name"].startswith(f"{suite}/")]
        suites[suite] = {
            "split": request.split(suite),
            "items": sum(record["items"] for record in own),
            "canary": canaries[suite],
            "content_sha256": hashlib.sha256("".join(record["content"] for record in own).encode()).hexdigest(),
            **_statistics(own),
        }
    files = {r["name"]: {key: r[key] for key in ("items", "bytes", "sha256")} for r in records}
    return {**stated, "versions": versions, "contents": suites, "files": files}


def _statistics(records: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Shares by task, and what the shortcuts score on all items."""
    tasks: dict[str, dict[str, Any]] = {}
    for record in records:
        for name, sums in record["tasks"].items():
            tasks[name] = _added(tasks.get(name, {}), sums)
    total = sum(sums["items"] for sums in tasks.values())
    right = {name: sum(sums["shortcuts"].get(name, 0) for sums in tasks.values()) for name in BASELINES}
    return {
        "baselines": {name: round(count / total, 4) for name, count in right.items()},
        "tasks": {
            name: {
                **{key: sums.get(key, 0) for key in ("items", "zero", "yes", "no", "lack")},
                "difficulty": {key: round(value / sums["items"], 2) for key, value in sums["difficulty"].items()},
                "baselines": {b: round(sums["shortcuts"].get(b, 0) / sums["items"], 4) for b in BASELINES},
            }
            for name, sums in sorted(tasks.items())
        },
    }


def _added(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    out = dict(a)
    for key, value in b.items():
        out[key] = _added(out.get(key, {}), value) if isinstance(value, dict) else out.get(key, 0) + value
    return out


def remade(folder: Path, request: Request, first: int | None) -> list[str]:
    """The names of the first shards (None: of all) whose items the request does not make again.

    Raises:
        UserError: the folder's manifest is missing or damaged.
    """
    manifest = read_manifest(folder)
    out = []
    for shard in request.shards()[:first]:
        canary = str(manifest.get("contents", {}).get(shard.suite, {}).get("canary"))
        record, _ = make_shard_bytes(request, shard, canary)
        if record["sha256"] != manifest["files"].get(shard.name, {}).get("sha256"):
            out.append(shard.name)
    return out


def read_manifest(folder: Path) -> dict[str, Any]:
    """A folder's manifest.

    Raises:
        UserError: there is none, or it is damaged.
    """
    if not (folder / MANIFEST).is_file():
        raise UserError(f"{folder} has no {MANIFEST}; it was not made, or not finished, by 'rungwise generate'")
    manifest = read_json(folder / MANIFEST)
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        raise UserError(f"{folder / MANIFEST} is damaged: it lists no files")
    return manifest
