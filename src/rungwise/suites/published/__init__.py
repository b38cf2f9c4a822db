"""The published benchmarks: read, solved, scored and audited as they are."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path

from rungwise.errors import UserError
from rungwise.suites.published.item import Bad, Benchmark, PublishedItem

BENCHMARKS = ("caugym", "calm", "cladder", "prontoqa", "rlcausal")
_HUB = "hf://"


def is_published(spec: str) -> bool:
    """Whether a suite's name is NAME:PATH[#SUBSET] with one of BENCHMARKS."""
    return spec.partition(":")[0] in BENCHMARKS


def benchmark(name: str) -> Benchmark:
    """The benchmark of that name; its module is imported only now.

    Raises:
        UserError: there is none.
    """
    if name not in BENCHMARKS:
        near = get_close_matches(name, BENCHMARKS, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(BENCHMARKS)}"
        raise UserError(f"unknown benchmark {name!r}; {hint}")
    found: Benchmark = import_module(f"rungwise.suites.published.{name}").BENCHMARK
    return found


def open_set(spec: str, bad: Bad) -> tuple[Benchmark, Iterator[PublishedItem]]:
    """The benchmark that NAME:PATH[#SUBSET] names, and its items, read lazily.

    PATH is a file, the data set's folder, or ``hf://OWNER/NAME``: the files of a data set on the Hugging Face hub.

    Raises:
        UserError: no such benchmark, no path, or a hub's data set that can't be had.
        OSError: a file can't be opened.
    """
    name, _, place = spec.partition(":")
    chosen = benchmark(name)
    path, _, subset = place.partition("#")
    if not path:
        raise UserError(f"name the file or folder, as in {name}:PATH; {chosen.source}")
    found = _from_hub(path.removeprefix(_HUB)) if path.startswith(_HUB) else Path(path)
    if not found.exists():
        raise UserError(f"there is no file or folder {path}; {chosen.source}")
    return chosen, chosen.read(found, subset or None, bad)


def _from_hub(name: str) -> Path:
    """The folder of a data set's files, fetched unless it is there already."""
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
    except ImportError as error:
        raise UserError(f"{_HUB}{name} needs huggingface_hub: pip install huggingface_hub") from error
    try:
        return Path(snapshot_download(name, repo_type="dataset"))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise UserError(f"{_HUB}{name} can't be had: {' '.join(str(error).split())[:300]}") from error
