"""What counts as shared text."""

from __future__ import annotations

import json
from pathlib import Path

from rungwise.suites.overlap import Found, Overlap

WORDS = "when the tide is high and the wind is weak the chance that the ferry sails on time is"
ENDING = 'answer in json like {"PROB": "0.1234"} and nothing else than that please and thank you very much indeed'


def compared(ours: str, theirs: str, tmp_path: Path) -> Found:
    (tmp_path / "other.jsonl").write_text(json.dumps({"text": theirs}) + "\n")
    return Overlap([ours]).with_set(str(tmp_path / "other.jsonl"))


def test_where_there_are_numbers_they_decide(tmp_path: Path) -> None:
    ours = f"{WORDS} 0.3512. {ENDING}"
    assert compared(ours, ours, tmp_path).worst[0][1] == 1.0
    assert compared(ours, f"{WORDS} 0.3513. {ENDING}", tmp_path).overlapping == 0


def test_words_count_where_there_are_none(tmp_path: Path) -> None:
    ours = f"{WORDS} not known. {ENDING}"
    assert compared(ours, ours, tmp_path).worst[0][1] == 1.0
    half = compared(ours, f"{WORDS} not known.", tmp_path).worst[0][1]
    assert 0.1 < half < 0.6


def test_short_and_empty_texts(tmp_path: Path) -> None:
    assert compared("a b 0.5", "a b 0.5", tmp_path).overlapping == 1
    assert compared("a b 0.5", "a b 0.6", tmp_path).overlapping == 0
    assert compared("", "a b 0.6", tmp_path).overlapping == 0
