"""Rewording a folder by a model that is sometimes wrong, slow or away: only faithful rewordings get through."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rungwise import cli
from rungwise.errors import UserError
from rungwise.suites import endpoint, rephrase
from rungwise.suites.endpoint import Endpoint
from rungwise.suites.folder import write_folder
from rungwise.suites.rephrase import Rephrasing, estimate
from rungwise.suites.rows import COLUMNS, read_rows
from rungwise.suites.shards import Request
from rungwise.suites.verify import verify_folder
from suites.chat_server import KEY, MODEL, TROUBLES, ChatServer, chat_server

pytest.importorskip("openai")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1]), "PARROT_KEY": KEY}


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("items") / "items"
    write_folder(out, Request(("base", "decisive"), 28))
    return out


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with chat_server() as found:
        yield found


def job(items: Path, server: ChatServer, timeout: float = 20.0, **options: Any) -> Rephrasing:
    return Rephrasing(items, Endpoint(server.url, MODEL, timeout, key=KEY), **options)


def rows_of(folder: Path) -> list[dict[str, Any]]:
    return [row for _, row in read_rows(folder)]


def everything_in(folder: Path) -> str:
    return "\n".join(file.read_text() for file in folder.rglob("*") if file.is_file())


def test_a_good_model(items: Path, server: ChatServer, tmp_path: Path) -> None:
    manifest = rephrase.rephrase(job(items, server), tmp_path / "out")
    counts = manifest["rephrased"]
    assert (counts["items"], counts["accepted"], counts["retried"], counts["dropped"]) == (56, 56, 0, {})
    assert (counts["requests"], counts["prompt_tokens"], counts["completion_tokens"]) == (56, 5600, 2800)
    assert verify_folder(tmp_path / "out")["violations"] == []
    for before, after in zip(rows_of(items), rows_of(tmp_path / "out"), strict=True):
        assert list(after) == list(COLUMNS)
        same = set(COLUMNS) - {"text", "problem"}
        assert {name: before[name] for name in same} == {name: after[name] for name in same}
        assert after["text"] != before["text"]
        assert json.loads(after["problem"])["meta"]["reworded"] == {"model": MODEL}
        for pattern in (r"\d\.\d{4}", r"LACK_CONDITION", r"(?:more|less) likely|(?:upper|lower) bound"):
            assert sorted(re.findall(pattern, after["text"])) == sorted(re.findall(pattern, before["text"]))
    assert all(request["max_tokens"] < 10_000 for request in server.requests)
    assert KEY not in everything_in(tmp_path / "out")
    assert "path: base/test-*.jsonl" in (tmp_path / "out/README.md").read_text()

    asked, stamps = len(server.requests), {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")}
    assert rephrase.rephrase(job(items, server), tmp_path / "out") == manifest
    assert len(server.requests) == asked
    assert {file: file.stat().st_mtime_ns for file in tmp_path.rglob("*")} == stamps


def test_a_model_that_is_often_wrong(items: Path, server: ChatServer, tmp_path: Path) -> None:
    server.share, server.pause = 0.6, 0.5
    manifest = rephrase.rephrase(job(items, server, timeout=0.3, concurrency=8), tmp_path / "out")
    counts = manifest["rephrased"]
    assert set(server.did) == {*TROUBLES, "none"}
    assert counts["accepted"] + sum(counts["dropped"].values()) == 56
    assert counts["accepted"] > 20
    assert counts["retried"] > 5
    rows = rows_of(tmp_path / "out")
    assert len(rows) == counts["accepted"]
    assert len(server.spoiled) > 20
    # A cause with its effect exchanged may be right in another item; a number is at home in one.
    facts = [wording for wording in server.spoiled if re.search(r"\d\.\d{4}", wording)]
    assert facts
    for row in rows:
        assert not any(wording in row["text"] for wording in facts)
    assert verify_folder(tmp_path / "out")["violations"] == []
    assert KEY not in everything_in(tmp_path / "out")


def test_the_model_is_told_why_and_asked_again_for_what_was_refused(
    items: Path, server: ChatServer, tmp_path: Path
) -> None:
    server.share, server.troubles = 1.0, ("numbers",)
    with pytest.raises(UserError, match=r"not one of 1 items was reworded faithfully \(numbers 1\); try another model"):
        rephrase.rephrase(job(items, server, limit=1, tries=2), tmp_path / "out")
    first, again = (request["messages"][-1]["content"] for request in server.requests)
    facts = [line for line in first.splitlines() if re.search(r" is \d\.\d{4}\.", line)]
    assert "refused" not in first
    assert again.count("Your last wording was refused: its numbers must be exactly these: 0.") == len(facts)
    assert again.splitlines()[-1] == f"Reply with a JSON list of {len(facts)} strings."


def test_dropped_items_leave_the_answers_in_balance(items: Path, server: ChatServer, tmp_path: Path) -> None:
    write_folder(tmp_path / "many", Request(("base",), 126))
    manifest = rephrase.rephrase(job(tmp_path / "many", server, concurrency=8), tmp_path / "out")
    assert manifest["rephrased"]["dropped"] == {}
    log = tmp_path / "out/.progress.jsonl"
    first, *lines = log.read_text().splitlines()
    records = [json.loads(line) for line in lines]
    for record in records:
        if record["answer"] == "Yes" and record["task"] == "ATE":
            record.update(text=None, code="names")
    log.write_text("\n".join([first, *(json.dumps(record) for record in records)]) + "\n")
    counts = rephrase.rephrase(job(tmp_path / "many", server), tmp_path / "out")["rephrased"]
    assert counts["dropped"]["balance"] > 0
    assert counts["accepted"] + sum(counts["dropped"].values()) == 126
    assert verify_folder(tmp_path / "out")["violations"] == []


def test_a_changed_job_is_refused_by_name(items: Path, server: ChatServer, tmp_path: Path) -> None:
    rephrase.rephrase(job(items, server, limit=2), tmp_path / "out")
    with pytest.raises(UserError, match="begun with another source, limit;"):
        rephrase.rephrase(job(items, server, limit=3), tmp_path / "out")
    with pytest.raises(UserError, match="begun with another tries;"):
        rephrase.rephrase(job(items, server, limit=2, tries=1), tmp_path / "out")
    other = Rephrasing(items, Endpoint(server.url, "cockatoo", temperature=0.5, key=KEY), limit=2)
    with pytest.raises(UserError, match="begun with another model, temperature;"):
        rephrase.rephrase(other, tmp_path / "out")
    with pytest.raises(UserError, match="choose another --out"):
        rephrase.rephrase(job(items, server), items)


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_stops_at_once(items: Path, server: ChatServer, tmp_path: Path, status: int) -> None:
    server.refuse = status
    with pytest.raises(UserError, match=f"fails: HTTP {status}") as found:
        rephrase.rephrase(job(items, server), tmp_path / "out")
    assert len(server.requests) <= 4
    assert KEY not in str(found.value)
    assert KEY not in everything_in(tmp_path / "out")
    server.refuse = None
    assert rephrase.rephrase(job(items, server), tmp_path / "out")["rephrased"]["accepted"] == 56


def test_nobody_there(items: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "REPEATS", 0)
    with chat_server() as server:
        gone = job(items, server)
    with pytest.raises(UserError, match=r"fails on 20 items in a row: .*; the same command goes on"):
        rephrase.rephrase(gone, tmp_path / "out")
    assert not (tmp_path / "out/manifest.json").exists()


def test_items_that_the_endpoint_failed_on_are_tried_again(
    items: Path, server: ChatServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "REPEATS", 0)
    server.share, server.troubles = 0.3, ("500",)
    counts = rephrase.rephrase(job(items, server), tmp_path / "out")["rephrased"]
    assert counts["dropped"]["endpoint"] > 3
    assert counts["accepted"] + counts["dropped"]["endpoint"] == 56
    few = counts["dropped"]["endpoint"]
    server.share = 1.0
    counts = rephrase.rephrase(job(items, server), tmp_path / "out")["rephrased"]  # again in vain, and no mistake
    assert counts["dropped"] == {"endpoint": few}
    server.share = 0.0
    counts = rephrase.rephrase(job(items, server), tmp_path / "out")["rephrased"]
    assert (counts["accepted"], counts["dropped"]) == (56, {})
    assert counts["requests"] == 56 + 2 * few
    assert verify_folder(tmp_path / "out")["violations"] == []


def test_a_reply_without_end(items: Path, server: ChatServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "MAX_BYTES", 100)
    with pytest.raises(UserError, match="fails on 3 items in a row: there was no text"):
        rephrase.rephrase(job(items, server, limit=3), tmp_path / "out")


def test_only_the_plain_natural_wording(items: Path, server: ChatServer, tmp_path: Path) -> None:
    write_folder(tmp_path / "formal", Request(("base",), 7, view="formal"))
    with pytest.raises(UserError, match="plain wording of the natural view"):
        rephrase.rephrase(job(tmp_path / "formal", server), tmp_path / "out")
    rephrase.rephrase(job(items, server, limit=7), tmp_path / "out")
    with pytest.raises(UserError, match="plain wording of the natural view"):
        rephrase.rephrase(job(tmp_path / "out", server), tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_an_estimate_sends_nothing(items: Path, server: ChatServer) -> None:
    found = estimate(job(items, server, tries=4, limit=10))
    assert (found["items"], found["requests"], found["requests_at_most"]) == (10, 10, 40)
    assert 3_000 < found["completion_tokens"] < found["prompt_tokens"] < 20_000
    assert server.requests == []


def command(items: Path, server: ChatServer, out: Path) -> list[str]:
    return [
        *("rephrase", str(items), "--endpoint", server.url, "--model", MODEL, "--out", str(out)),
        *("--key-env", "PARROT_KEY", "--concurrency", "2"),
    ]


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGINT])
def test_a_blow_in_the_middle_loses_nothing(
    items: Path,
    tmp_path: Path,
    blow: signal.Signals,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PARROT_KEY", KEY)
    out = tmp_path / "out"
    log = out / ".progress.jsonl"
    with chat_server(delay=0.05) as server:
        line = [sys.executable, "-m", "rungwise.cli", *command(items, server, out)]
        process = subprocess.Popen(
            line,
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        give_up = time.monotonic() + 60
        while not (log.exists() and log.read_text().count("\n") > 8):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < give_up
            time.sleep(0.01)
        process.send_signal(blow)
        said = process.communicate(timeout=30)
        assert process.returncode == (-signal.SIGKILL if blow == signal.SIGKILL else 130)
        assert blow == signal.SIGKILL or said[1].strip() == "stopped; the same command resumes"
        assert not (out / "manifest.json").exists()
        with log.open("a") as file:
            file.write('{"index": 3, "te')  # as if it had died over a line
        before = len(server.requests)
        server.delay = 0.0
        assert cli.run([*command(items, server, out), "--json"]) == 0
        found = capsys.readouterr()
        assert 40 < len(server.requests) - before < 50  # not those that were done
    counts = json.loads(found.out)
    assert (counts["items"], counts["accepted"]) == (56, 56)
    assert [row["id"] for row in rows_of(out)] == [row["id"] for row in rows_of(items)]
    assert verify_folder(out)["violations"] == []
    for text in (*said, *found, everything_in(out)):
        assert KEY not in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--endpoint", "localhost:8000"], "--endpoint must be a URL"),
        (["--endpoint", f"http://me:{KEY}@localhost/v1"], "must hold no password or key"),
        (["--endpoint", f"http://localhost/v1?key={KEY}"], "must hold no password or key"),
        (["--key-env", "NO_SUCH_KEY"], "variable NO_SUCH_KEY is not set"),
        (["--concurrency", "0"], "--concurrency must be from 1"),
        (["--tries", "0"], "--tries must be from 1"),
        (["--timeout", "0"], "--timeout must be more than 0"),
        (["--temperature", "3"], "--temperature must be in"),
        (["--limit", "0"], "--limit must be at least 1"),
    ],
)
def test_a_mistake_is_one_clear_line(
    items: Path, server: ChatServer, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch, options: list[str], message: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("PARROT_KEY", KEY)
    assert cli.run([*command(items, server, tmp_path / "out"), *options]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert message in err
    assert KEY not in err
    assert not (tmp_path / "out").exists()


def test_a_dry_run(
    items: Path, server: ChatServer, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARROT_KEY", KEY)
    assert cli.run([*command(items, server, tmp_path / "out"), "--dry-run"]) == 0
    assert capsys.readouterr().out.startswith("56 items in 56 to 168 requests, about ")
    assert server.requests == []
    assert not (tmp_path / "out").exists()


def test_without_the_package(items: Path, server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(UserError, match=r"pip install 'rungwise\[api\]'"):
        rephrase.rephrase(job(items, server), Path("nowhere"))
