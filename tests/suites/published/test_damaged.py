"""Files of other people, read past what is damaged."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rungwise.errors import UserError
from rungwise.suites.published import damaged
from rungwise.suites.published.damaged import rows
from rungwise.suites.published.item import refuse


def found(path: Path, data: bytes) -> tuple[list[Any], list[str]]:
    path.write_bytes(data)
    told: list[str] = []
    return [row for _, row in rows(path, lambda error: told.append(str(error)))], told


@pytest.mark.parametrize(
    ("data", "kept", "told"),
    [
        (b'[{"a": 1}, {"a": 2}]', [1, 2], []),
        (b"[]", [], []),
        (b'\xef\xbb\xbf [{"a": 1}]', [1], []),
        (b'[{"a": 1}, {"a": NaN}, {"a": 3}]', [1, 3], ["item 1 holds NaN"]),
        (b'[{"a": 1}, {"a": -Infinity}]', [1], ["item 1 holds -Infinity"]),
        (b'[{"a": 1}, {"a": "\xff"}, {"a": 3}]', [1, 3], ["item 1 is not UTF-8"]),
        (b'[{"a": 1}, {"a": 2}, {"a": ', [1, 2], ["item 2 is not JSON"]),
        (b'[{"a": 1}, {"a": 2}', [1], ["item 1 is followed by neither"]),
        (b'[{"a": 1},', [1], ["is cut off after item 0"]),
        (b'[{"a": 1}, {"a": , "b": 2}, {"a": 3}, {"a": 4}]', [1, 3, 4], ["item 1 is not JSON"]),
        (b'[{"a": 1} {"a": 2}, {"a": 3}]', [2, 3], ["item 0 is followed by neither"]),
        (b'[{"a": 1}, 7, {"a": 3}]', [1, 3], ["item 1 is no object"]),
        (b"[" * 100_000, [], ["item 0 is nested too deeply"]),
        (b'[{"a": 1}, {"a": %s}, {"a": 3}]' % (b"9" * 5000), [1, 3], ["item 1 holds a number of too many digits"]),
    ],
)
def test_a_list(tmp_path: Path, data: bytes, kept: list[int], told: list[str]) -> None:
    got, errors = found(tmp_path / "a.json", data)
    assert [row["a"] for row in got] == kept
    assert len(errors) == len(told)
    for error, part in zip(errors, told, strict=True):
        assert error.startswith(f"{tmp_path / 'a.json'} ")
        assert part in error


@pytest.mark.parametrize(
    ("data", "kept", "told"),
    [
        (b'{"a": 1}\n\n{"a": 2}\n', [1, 2], []),
        (b'\xef\xbb\xbf{"a": 1}\r\n{"a": 2}', [1, 2], []),
        (b'{"a": 1}\n{"a": \n{"a": 3}', [1, 3], ["line 2 is not JSON"]),
        (b'{"a": 1}\n{"a": 2} {"a": 3}\n{"a": 4}', [1, 4], ["line 2 is not JSON: something follows"]),
        (b'{"a": 1}\n{"a": "\xff\xfe"}\n{"a": 3}', [1, 3], ["line 2 is not UTF-8"]),
        (b'{"a": 1}\n{"a": NaN}\n[1]\n{"a": 4}', [1, 4], ["line 2 holds NaN", "line 3 is no object"]),
    ],
)
def test_lines(tmp_path: Path, data: bytes, kept: list[int], told: list[str]) -> None:
    got, errors = found(tmp_path / "a.jsonl", data)
    assert [row["a"] for row in got] == kept
    assert len(errors) == len(told)
    assert all(part in error for error, part in zip(errors, told, strict=True))


def test_a_line_too_long_is_never_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(damaged, "MAX_ROW", 100_000)
    path = tmp_path / "a.jsonl"
    with path.open("wb") as file:
        file.write(b'{"a": 1}\n{"a": "')
        for _ in range(300):
            file.write(b"x" * 100_000)
        file.write(b'"}\n{"a": 3}\n')
    told: list[str] = []
    tracemalloc.start()
    got = [row["a"] for _, row in rows(path, lambda error: told.append(str(error)))]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert got == [1, 3]
    assert told == [f"{path} line 2 has more than 100,000 bytes"]
    assert peak < 2_000_000
    monkeypatch.setattr(damaged, "MAX_ROW", 50)
    got, told = found(tmp_path / "b.json", json.dumps([{"a": 1}, {"a": "x" * 100}, {"a": 3}]).encode())
    assert [row["a"] for row in got] == [1, 3]
    assert "item 1 has more than 50" in told[0]


def test_tables(tmp_path: Path) -> None:
    got, told = found(tmp_path / "a.csv", b'a,b\n1,2\n1\n1,2,3\n"x\ny",4\n')
    assert got == [{"a": "1", "b": "2"}, {"a": "x\ny", "b": "4"}]
    assert [error.partition(" line ")[2].split()[0] for error in told] == ["3", "4"]
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table({"a": list(range(1000))}), tmp_path / "a.parquet")
    assert [(row["a"], where) for where, row in rows(tmp_path / "a.parquet", refuse)][-1] == (
        999,
        f"{tmp_path / 'a.parquet'} row 999",
    )
    (tmp_path / "b.parquet").write_bytes((tmp_path / "a.parquet").read_bytes()[:200])
    with pytest.raises(UserError, match=r"b\.parquet is no Parquet file"):
        list(rows(tmp_path / "b.parquet", refuse))
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(UserError, match="which must be"):
        list(rows(tmp_path / "a.txt", refuse))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_whatever_happens_to_a_list_the_rest_is_read_or_named(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """One byte changed, or the end cut off: every item that still stands there unharmed is had, or an error is told."""
    items = [{"a": i, "text": f"item {i}"} for i in range(6)]
    raw = bytearray(json.dumps(items).encode())
    at = data.draw(st.integers(1, len(raw) - 1))
    if data.draw(st.booleans()):
        raw[at] = data.draw(st.integers(0, 255))
    else:
        del raw[at:]
    got, told = found(tmp_path_factory.mktemp("damaged") / "a.json", bytes(raw))
    unharmed = [row for row in got if row in items]
    assert len(unharmed) == len(items) or told or len(got) == len(items)
    assert len(unharmed) >= len(items) - 2 or len(raw) < len(json.dumps(items))
