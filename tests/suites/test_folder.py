"""Generated folders: the same bytes however they are made, and every change is found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rungwise.errors import UserError
from rungwise.suites import folder
from rungwise.suites.folder import verify_folder, write_folder

Row = dict[str, Any]


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """A folder of 14 base and 14 decisive items."""
    write_folder(tmp_path / "made", ["base", "decisive"], 14, seed=1, view="slots")
    return tmp_path / "made"


def contents(path: Path) -> dict[str, bytes]:
    """File name -> bytes."""
    return {file.name: file.read_bytes() for file in path.iterdir()}


def test_a_folder_holds_what_its_manifest_says(made: Path) -> None:
    files = contents(made)
    assert sorted(files) == ["base.jsonl", "decisive.jsonl", "manifest.json"]
    manifest = json.loads(files["manifest.json"])
    assert (manifest["n"], manifest["seed"], manifest["view"]) == (14, 1, "slots")
    for name, entry in manifest["files"].items():
        assert entry == {"items": 14, "sha256": hashlib.sha256(files[name]).hexdigest()}
    first = json.loads(files["base.jsonl"].splitlines()[0])
    assert list(first) == ["id", "view", "text", "answer", "problem"]
    found = verify_folder(made)
    assert found == {"items": 28, "files": ["base.jsonl", "decisive.jsonl"], "thorough": 28, "violations": []}


def test_the_number_of_workers_changes_no_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "CHUNK", 3)
    calls: list[tuple[int, int]] = []
    for workers in (1, 2):
        write_folder(
            tmp_path / str(workers), ["base"], 8, workers=workers, progress=lambda done, of: calls.append((done, of))
        )
    assert contents(tmp_path / "1") == contents(tmp_path / "2")
    assert calls == [(3, 8), (6, 8), (8, 8)] * 2


def test_the_same_request_again_is_fine_and_another_is_refused(made: Path) -> None:
    before = contents(made)
    write_folder(made, ["base", "decisive"], 14, seed=1, view="slots")
    assert contents(made) == before
    with pytest.raises(UserError, match=r"another request \(seed\)"):
        write_folder(made, ["base", "decisive"], 14, seed=2, view="slots")
    (made / "manifest.json").unlink()
    with pytest.raises(UserError, match="no manifest"):
        write_folder(made, ["base"], 14, seed=1, view="slots")
    assert (made / "base.jsonl").read_bytes() == before["base.jsonl"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"suites": ["base", "bse"]}, "did you mean 'base'"),
        ({"view": "slot"}, "unknown view"),
        ({"names": "silly"}, "unknown kind of names"),
        ({"n": 0}, "at least 1"),
        ({"workers": 0}, "at least 1"),
    ],
)
def test_a_mistake_leaves_no_file(tmp_path: Path, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        write_folder(tmp_path / "out", **{"suites": ["base"], "n": 7, **settings})
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_a_failure_on_the_way_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = folder._lines

    def fail_on_the_second(piece: tuple[str, int, int, str, str, int]) -> str:
        if piece[0] == "decisive":
            raise RuntimeError("power cut")
        return original(piece)

    monkeypatch.setattr(folder, "_lines", fail_on_the_second)
    with pytest.raises(RuntimeError, match="power cut"):
        write_folder(tmp_path, ["base", "decisive"], 7)
    assert list(tmp_path.iterdir()) == []


def rewrite(path: Path, change: Callable[[list[Row]], object]) -> None:
    """Change the rows of a file, and the manifest with it, so that only the items themselves can tell."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    change(rows)
    data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(data)
    manifest = json.loads((path.parent / "manifest.json").read_text())
    manifest["files"][path.name] = {"items": len(rows), "sha256": hashlib.sha256(data.encode()).hexdigest()}
    (path.parent / "manifest.json").write_text(json.dumps(manifest))


def test_nothing_changed_is_nothing_found(made: Path) -> None:
    rewrite(made / "base.jsonl", lambda rows: None)
    assert verify_folder(made)["violations"] == []


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda rows: rows[3].update(text="nothing"), "the text is not the problem's"),
        (lambda rows: rows[3].update(answer='{"PROB": "v1"}'), "the reference answer"),
        (lambda rows: rows[3].update(id="0" * 16), "the id 0000000000000000 is not"),
        (lambda rows: rows[3].pop("problem"), "not an item"),
        (lambda rows: rows[3]["problem"]["facts"][0].update(value=0.5), "was changed after it was made"),
        (lambda rows: rows[3]["problem"]["truth"].update(value=0.123), "0.123"),
        (lambda rows: rows[3]["problem"].pop("truth"), "no truth"),
        (lambda rows: rows.__setitem__(3, rows[2]), "the same problem stands at"),
        (lambda rows: rows[3]["problem"]["meta"].update(split="train"), "split"),
    ],
)
def test_every_change_is_found(made: Path, change: Callable[[list[Row]], object], what: str) -> None:
    rewrite(made / "base.jsonl", change)
    found = verify_folder(made)["violations"]
    assert found
    assert all("base.jsonl line 4" in violation["where"] for violation in found)
    assert any(what in violation["what"] for violation in found), found


def test_damage_to_files_is_found(made: Path) -> None:
    whole = (made / "base.jsonl").read_bytes()
    (made / "base.jsonl").write_bytes(whole[:-100])
    whats = [violation["what"] for violation in verify_folder(made)["violations"]]
    assert any(what.startswith("not JSON") for what in whats)
    assert any("sha256" in what for what in whats)
    (made / "base.jsonl").write_bytes(whole)
    (made / "other.jsonl").write_bytes(b"")
    (made / "decisive.jsonl").unlink()
    whats = [violation["what"] for violation in verify_folder(made)["violations"]]
    assert whats == ["other.jsonl is not in manifest.json", "decisive.jsonl is missing"]
    (made / "manifest.json").write_text("[]")
    assert "is damaged" in verify_folder(made)["violations"][0]["what"]
    (made / "manifest.json").unlink()
    assert verify_folder(made)["violations"][0]["what"] == "there is no manifest.json"
    assert verify_folder(made / "base.jsonl")["violations"] == []


def test_nothing_to_verify(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"holds no \.jsonl file"):
        verify_folder(tmp_path)
    with pytest.raises(FileNotFoundError):
        verify_folder(tmp_path / "none")
