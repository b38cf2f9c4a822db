"""Generated folders: the same bytes however they are made, resumed after any accident."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from killed import kill

from rungwise.errors import UserError
from rungwise.problems.baselines import BASELINES, baseline_value
from rungwise.problems.problem import TOLERANCE, Problem
from rungwise.suites.folder import remade, write_folder
from rungwise.suites.rows import COLUMNS, read_rows
from rungwise.suites.shards import Request, make_shard
from rungwise.suites.verify import verify_folder

REQUEST = Request(("base", "decisive"), 25, seed=1, view="slots", shard_size=10)


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A folder of 25 base and 25 decisive items in three shards each."""
    write_folder(tmp_path / "made", REQUEST)
    return tmp_path / "made"


def contents(path: Path) -> dict[str, bytes]:
    """File name -> bytes."""
    return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def test_a_folder_holds_what_its_manifest_says(made: Path) -> None:
    files = contents(made)
    shards = [f"{suite}/test-0000{i}-of-00003.jsonl" for suite in ("base", "decisive") for i in range(3)]
    assert sorted(files) == sorted([".progress.jsonl", "README.md", "manifest.json", *shards])
    manifest = json.loads(files["manifest.json"])
    assert (manifest["n"], manifest["seed"], manifest["view"]) == (25, 1, "slots")
    for name, entry in manifest["files"].items():
        assert entry["sha256"] == hashlib.sha256(files[name]).hexdigest()
        assert entry["bytes"] == len(files[name])
    assert [entry["items"] for entry in manifest["files"].values()] == [10, 10, 5] * 2
    rows = [row for _, row in read_rows(made / "base")]
    assert all(tuple(row) == COLUMNS for row in rows)
    assert len({row["canary"] for row in rows}) == 1
    assert rows[0]["canary"] == manifest["contents"]["base"]["canary"]
    assert rows[0]["canary"] in files["README.md"].decode()
    assert verify_folder(made)["violations"] == []


def test_the_statistics_are_those_of_the_items(made: Path) -> None:
    manifest = json.loads((made / "manifest.json").read_text())["contents"]["base"]
    rows = [row for _, row in read_rows(made / "base")]
    problems = [Problem.from_dict(json.loads(row["problem"])) for row in rows]
    for name in BASELINES:
        found = [(baseline_value(name, p), p.truth.value) for p in problems if p.truth is not None]
        right = sum(a is not None and b is not None and abs(a - b) <= TOLERANCE for a, b in found)
        assert manifest["baselines"][name] == round(right / len(rows), 4)
    ate = [row for row in rows if row["task"] == "ATE"]
    assert manifest["tasks"]["ATE"]["items"] == len(ate)
    assert manifest["tasks"]["ATE"]["zero"] == sum(row["value"] == 0 for row in ate)


@pytest.mark.parametrize("file_format", ["jsonl", "parquet"])
def test_the_number_of_workers_changes_no_byte(tmp_path: Path, file_format: str) -> None:
    pytest.importorskip("pyarrow")
    request = Request(("base",), 25, format=file_format, shard_size=6)
    calls: list[tuple[int, int]] = []
    for workers in (1, 2, 3):
        write_folder(tmp_path / str(workers), request, workers, progress=lambda *call: calls.append(call))
    assert contents(tmp_path / "1") == contents(tmp_path / "2") == contents(tmp_path / "3")
    assert calls[:5] == [(6, 25), (12, 25), (18, 25), (24, 25), (25, 25)]
    assert calls[-1] == (25, 25)
    rows = [row for _, row in read_rows(tmp_path / "1")]
    assert len(rows) == 25
    assert verify_folder(tmp_path / "1")["violations"] == []


def test_both_formats_hold_the_same_rows(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    for file_format in ("jsonl", "parquet"):
        write_folder(tmp_path / file_format, Request(("insufficient",), 14, format=file_format))
    a, b = ([row for _, row in read_rows(tmp_path / name)] for name in ("jsonl", "parquet"))
    drop = [{key: value for key, value in row.items() if key != "canary"} for row in a]
    assert drop == [{key: value for key, value in row.items() if key != "canary"} for row in b]
    assert sum(row["value"] is None for row in a) == 7


@pytest.mark.slow
def test_ray_makes_the_same_bytes(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    request = Request(("base",), 20, shard_size=5)
    write_folder(tmp_path / "local", request)
    # In a process of its own: Ray's workers import the test's modules otherwise.
    script = (
        "from pathlib import Path; from rungwise.suites.folder import write_folder; "
        "from rungwise.suites.shards import Request; "
        f"write_folder(Path({str(tmp_path / 'ray')!r}), Request(('base',), 20, shard_size=5), engine='ray')"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=300)
    assert contents(tmp_path / "local") == contents(tmp_path / "ray")


@pytest.mark.parametrize("file_format", ["jsonl", "parquet"])
def test_the_hub_library_loads_a_folder(tmp_path: Path, file_format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("datasets")
    write_folder(tmp_path / "made", Request(("base", "train"), 9, format=file_format, shard_size=4))
    script = (
        "import datasets, sys; a = datasets.load_dataset(sys.argv[1], 'base'); b = datasets.load_dataset(sys.argv[1], "
        "'train'); print(list(a), len(a['test']), list(b), len(b['train']), a['test'].column_names)"
    )
    environment = {**os.environ, "HF_HOME": str(tmp_path / "home"), "HF_DATASETS_OFFLINE": "1", "HF_HUB_OFFLINE": "1"}
    found = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "made")], env=environment, capture_output=True, text=True
    )
    assert found.stdout.strip() == f"['test'] 9 ['train'] 9 {list(COLUMNS)}", found.stderr[-2000:]


def test_the_same_request_again_changes_nothing_and_another_is_refused(made: Path) -> None:
    before = contents(made)
    times = {file: file.stat().st_mtime_ns for file in made.rglob("*")}
    write_folder(made, REQUEST)
    assert contents(made) == before
    assert {file: file.stat().st_mtime_ns for file in made.rglob("*")} == times
    for other in (Request(("base", "decisive"), 25, 2, "slots", shard_size=10), Request(("base",), 25, 1, "slots")):
        with pytest.raises(UserError, match=r"another request \((seed|suites, shard_size)\)"):
            write_folder(made, other)
    assert contents(made) == before
    (made / ".progress.jsonl").unlink()
    with pytest.raises(UserError, match="no record"):
        write_folder(made, REQUEST)


def test_a_shard_cut_in_half_is_made_again(made: Path) -> None:
    before = contents(made)
    cut = made / "base" / "test-00001-of-00003.jsonl"
    cut.write_bytes(cut.read_bytes()[:1000])
    (made / "decisive" / "test-00002-of-00003.jsonl").unlink()
    said: list[str] = []
    write_folder(made, REQUEST, note=said.append)
    assert contents(made) == before
    assert [line.rsplit("/", 1)[1] for line in said] == [
        "test-00001-of-00003.jsonl is cut or changed; it is made again",
        "test-00002-of-00003.jsonl is cut or changed; it is made again",
    ]


BIG = Request(("base",), 4000, shard_size=500)


def test_after_a_kill_the_same_call_makes_only_what_is_missing(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    write_folder(whole, BIG)
    out = tmp_path / "out"

    def some_are_done() -> bool:
        return len(list(out.glob("base/test-*"))) >= 2

    kill(write_folder, out, BIG, when=some_are_done)
    log = out / ".progress.jsonl"
    recorded = [json.loads(line)["name"] for line in log.read_text().splitlines()[1:]]
    assert 0 < len(recorded) < 8
    times = {name: (out / name).stat().st_mtime_ns for name in recorded}
    with log.open("a") as file:  # as if it had died while it wrote a record
        file.write('{"name": "base/test-0')
    write_folder(out, BIG)
    assert contents(out) == contents(whole)
    assert times == {name: (out / name).stat().st_mtime_ns for name in recorded}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"suites": ("base", "bse")}, "did you mean 'base'"),
        ({"suites": ()}, "name each suite once"),
        ({"view": "slot"}, "unknown view"),
        ({"names": "silly"}, "unknown kind of names"),
        ({"n": 0}, "at least 1"),
        ({"shard_size": 0}, "at least 1"),
        ({"format": "csv"}, "unknown format 'csv'"),
        ({"options": {"levl": "easy"}}, "unknown option 'levl'"),
        ({"options": {"level": "impossible"}}, "unknown level"),
        ({"options": {"sufficient": -0.5}}, "share of sufficient"),
        ({"options": {"outcome_values": 7}}, "2 to 3 values"),
    ],
)
def test_a_mistake_in_the_request(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Request(**{"suites": ("base",), "n": 7, **settings})


def test_mistakes_about_the_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="is a file"):
        write_folder(tmp_path / "file", REQUEST)
    with pytest.raises(UserError, match="at least 1"):
        write_folder(tmp_path / "out", REQUEST, workers=0)
    with pytest.raises(UserError, match="unknown engine 'spark'"):
        write_folder(tmp_path / "out", REQUEST, engine="spark")
    assert not (tmp_path / "out").exists()


def test_a_full_disk_loses_nothing(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("only root may mount a small disk")
    try:
        command = [sys.executable, "-m", "rungwise.cli", "generate", "base", "--n", "300", "--shard-size", "40"]
        found = subprocess.run([*command, "--out", str(disk / "out")], capture_output=True, text=True)
        assert (found.returncode, found.stdout) == (2, "")
        assert found.stderr.startswith("error: No space left on device: ")
        assert re.search(r"/out/base/test-0000\d-of-00008.jsonl; make room there, then the same command", found.stderr)
        assert found.stderr.count("\n") == 1
        kept = sorted(p.name for p in (disk / "out" / "base").iterdir())
        assert kept  # finished shards stay, the one that did not fit is gone
        assert all(name.startswith("test-") for name in kept)
        subprocess.run(["mount", "-o", "remount,size=8m", str(disk)], check=True)
        again = subprocess.run([*command, "--out", str(disk / "out")], capture_output=True, text=True)
        assert again.returncode == 0, again.stderr
        assert verify_folder(disk / "out")["items"] == 300
        write_folder(tmp_path / "whole", Request(("base",), 300, shard_size=40))
        assert contents(disk / "out") == contents(tmp_path / "whole")
    finally:
        subprocess.run(["umount", str(disk)], check=True)


LIMITED = """
import resource, signal, sys
from rungwise.cli import run
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
sys.exit(run(sys.argv[2:]))
"""


@pytest.mark.parametrize(
    ("options", "limit", "message"),
    [
        ([], "20000", r"File too large: out/base/test-0000\d-of-00002.jsonl; raise the limit on the size of files"),
        (["--workers", "2"], "20000", r"File too large: out/base/test-0000\d-of-00002.jsonl; raise the limit"),
        (["--format", "parquet"], "4000", r"File too large: out/base/test-0000\d-of-00002.parquet; raise the limit"),
        ([], "100", r"out can't be written: File too large; choose another --out"),
    ],
)
def test_a_limit_on_the_size_of_files_loses_nothing(
    tmp_path: Path, options: list[str], limit: str, message: str
) -> None:
    command = ["generate", "base", "--n", "40", "--shard-size", "20", *options, "--out"]

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, *arguments], cwd=tmp_path, capture_output=True, text=True)

    found = run("-c", LIMITED, limit, *command, "out")
    assert (found.returncode, found.stdout) == (2, "")
    assert re.match("error: " + message, found.stderr)
    assert found.stderr.count("\n") == 1
    assert [name for name in contents(tmp_path) if name != "out/.progress.jsonl"] == []
    for out in ("out", "whole"):
        again = run("-m", "rungwise.cli", *command, out)
        assert again.returncode == 0, again.stderr
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_memory_does_not_grow_with_the_number_of_items(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rungwise.problems.sampler.POOL", 300)
    peaks = []
    for n in (3000, 800, 3200):  # the first one fills the caches
        request = Request(("base",), n, shard_size=n)
        (shard,) = request.shards()
        tracemalloc.start()
        make_shard(request, shard, "canary", tmp_path)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < 1.5 * peaks[1]


def test_a_request_makes_its_shards_again(made: Path) -> None:
    assert remade(made, REQUEST, None) == []
    other = Request(("base", "decisive"), 25, seed=2, view="slots", shard_size=10)
    assert remade(made, other, 1) == ["base/test-00000-of-00003.jsonl"]
