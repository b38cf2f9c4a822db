"""Commit and reveal."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from rungwise.cli import run
from rungwise.errors import UserError
from rungwise.suites.commitment import revealed_request

COMMAND = ["generate", "base", "--n", "14", "--shard-size", "7", "--commit", "--out"]


def test_the_seed_is_bound_and_told_later(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exam = tmp_path / "exam"
    assert run([*COMMAND, str(exam)]) == 0
    secret = tmp_path / "exam.secret.json"
    assert os.stat(secret).st_mode & 0o777 == 0o600
    seed = str(json.loads(secret.read_text())["seed"])
    assert len(seed) > 19  # more than 64 bits
    published = "".join(p.read_text() for p in exam.rglob("*") if p.is_file()) + "".join(capsys.readouterr())
    assert seed not in published
    assert json.loads((exam / "manifest.json").read_text())["seed"] is None
    assert run([*COMMAND, str(exam)]) == 0  # the same command goes on with the same secret
    assert run(["reveal", str(exam), "--check"]) == 2
    assert "is not revealed" in capsys.readouterr().err
    assert run(["reveal", str(exam)]) == 0
    secret.unlink()
    assert run(["reveal", str(exam), "--check", "--all"]) == 0
    assert "as committed" in capsys.readouterr().out

    told = json.loads((exam / "reveal.json").read_text())
    (exam / "reveal.json").write_text(json.dumps({**told, "seed": told["seed"] + 1}))
    with pytest.raises(UserError, match="not the one that was committed to"):
        revealed_request(exam)


def test_other_items_than_those_committed_to(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exam = tmp_path / "exam"
    assert run([*COMMAND, str(exam)]) == 0
    manifest = json.loads((exam / "manifest.json").read_text())
    manifest["files"]["base/test-00001-of-00002.jsonl"]["sha256"] = "0" * 64
    (exam / "manifest.json").write_text(json.dumps(manifest))
    assert run(["reveal", str(exam)]) == 0
    assert run(["reveal", str(exam), "--check"]) == 0  # the first shard alone
    capsys.readouterr()
    assert run(["reveal", str(exam), "--check", "--all", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["different"] == ["base/test-00001-of-00002.jsonl"]


def test_mistakes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, message in (
        (["reveal", str(tmp_path)], "no commitment.json"),
        (["generate", "base", "--commit"], "add --out"),
    ):
        assert run(arguments) == 2
        assert message in capsys.readouterr().err
    assert run([*COMMAND, str(tmp_path / "exam"), "--seed", "5"]) == 0
    assert run([*COMMAND, str(tmp_path / "exam"), "--seed", "6"]) == 2
    assert "another seed" in capsys.readouterr().err
