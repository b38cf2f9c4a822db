"""The export command: what it writes, refuses and says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from caugym_rows import ATE

from rungwise.adapters import export as module
from rungwise.adapters.export import TARGETS, Request, export
from rungwise.cli import run
from rungwise.errors import UserError
from rungwise.suites.folder import write_folder
from rungwise.suites.shards import Request as Items


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.mark.parametrize("target", TARGETS)
def test_a_folder_and_its_suite_give_the_same_rows(target: str, tmp_path: Path) -> None:
    write_folder(tmp_path / "base", Items(("base",), 14, seed=3))
    export(Request("base", target, n=14, seed=3), tmp_path / "a")
    export(Request(str(tmp_path / "base"), target, seed=3), tmp_path / "b")
    a, b = files(tmp_path / "a"), files(tmp_path / "b")
    assert a.pop("export.json") != b.pop("export.json")
    assert a == b
    assert "$" not in a["README.md"].decode().replace("$PWD", "")
    export(Request("base", target, n=14, seed=3), tmp_path / "a")  # again: the same
    del b
    again = files(tmp_path / "a")
    again.pop("export.json")
    assert again == a


def test_what_is_refused(tmp_path: Path) -> None:
    export(Request("base", "inspect", n=2), tmp_path / "out")
    with pytest.raises(UserError, match=r"another|other settings \(n\)"):
        export(Request("base", "inspect", n=3), tmp_path / "out")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "README.md").write_text("mine")
    with pytest.raises(UserError, match="holds something else"):
        export(Request("base", "inspect", n=2), tmp_path / "mine")
    for request, message in (
        (Request("base", "tlr"), "unknown target 'tlr'; targets are trl"),
        (Request("bose", "trl"), "did you mean 'base'"),
        (Request("base", "trl", prefill="<thonk>"), "--prefill is what"),
        (Request("base", "trl", n=1), "give more of them"),
    ):
        with pytest.raises(UserError, match=message):
            export(request, tmp_path / "new")


def test_published_sets_are_for_judging(tmp_path: Path) -> None:
    (tmp_path / "rows.json").write_text(json.dumps([ATE]))
    spec = f"caugym:{tmp_path / 'rows.json'}"
    assert export(Request(spec, "lm-eval"), tmp_path / "a")["items"] == 1
    with pytest.raises(UserError, match="no worked solutions"):
        export(Request(spec, "trl"), tmp_path / "b")


def test_many_rows_are_written_block_by_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK", 7)
    for target, rows in (("trl", "dpo/train.jsonl"), ("openrlhf", "rows.jsonl")):
        assert export(Request("train", target, n=22), tmp_path / target)["items"] == 22
        assert len((tmp_path / target / rows).read_text().splitlines()) == 22


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["export", "base", "--n", "7", "--to", "openrlhf", "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == {
        "suite": "base", "target": "openrlhf", "view": "natural", "items": 7, "test_items": 7, "left_out": 0,
        "out": "base-openrlhf",
    }  # fmt: skip
    assert "can't be measured by them" in said.err
    assert run(["export", "base", "--to", "caugym", "--out", "x"]) == 2
    assert "rungwise generate base --out DIR" in capsys.readouterr().err
