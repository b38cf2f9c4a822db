"""Reports on evaluations: what is in them follows from the runs, and what models write stays text."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import caugym_rows
import pytest
from evaluated import HOSTILE, shortcut_run, write_run

from rungwise.cli import run as command
from rungwise.errors import UserError
from rungwise.evaluate.questions import load_suite
from rungwise.evaluate.rescore import rescore
from rungwise.report.evaluation import write_evaluations
from rungwise.report.evaluations import shorter


class Page(HTMLParser):
    """Tags and attributes of a page, its tables as texts, its scripts and styles."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.inside: dict[str, list[str]] = {"script": [], "style": []}
        self.rows: list[list[str]] = []
        self.text = ""
        self.open = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self.open = tag
        if tag in self.inside:
            self.inside[tag].append("")
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self.open = "" if tag in self.inside or tag in ("td", "th") else self.open

    def handle_data(self, data: str) -> None:
        if self.open in self.inside:
            self.inside[self.open][-1] += data
            return
        self.text += data
        if self.open in ("td", "th", "small") and self.rows:
            self.rows[-1][-1] += data

    @property
    def data(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.inside["script"][0])
        return found

    @property
    def policy(self) -> str:
        return next(
            value or "" for name, value in self.attributes if name == "content" and "default-src" in (value or "")
        )


def hostile_texts(samples: int = 1) -> dict[tuple[int, int], str]:
    return {(i, sample): text for i, text in enumerate(HOSTILE) for sample in range(samples)}


def test_tables_hold_models_shortcuts_solver_and_published_rows(tmp_path: Path) -> None:
    wrong = {(i, s): '{"ANSWER": "Yes", "PROB": "0.9876"}' for i in range(7) for s in range(2)}
    a = write_run(tmp_path / "a", "mine", {**wrong, (0, 1): "no idea", (8, 1): "<think>so"}, cut_off={(8, 1)})
    b = write_run(tmp_path / "b", "other", {(0, 0): "no idea"})
    c = shortcut_run(tmp_path / "c", "graph-blind")
    result = write_evaluations([a, b, c], tmp_path / "out")
    text = (tmp_path / "out" / "report.md").read_text()
    strict = text.partition("## Models by tasks")[2].partition("Value right")[0]
    names = [line.split("|")[1].strip() for line in strict.splitlines() if line.startswith("| ")]
    assert names[:9] == ["model", "---", "mine", "other", "constant", "unadjusted", "graph-blind", "lookup", "exact"]
    assert "GRPO 14B (published)" in names
    assert "another model at another scale" in strict
    assert "| exact | 100.0 (" in strict
    blind = json.loads((c / "results.json").read_text())["accuracy"]
    assert [run["accuracy"] for run in result["runs"] if run["model"] == "graph-blind"] == [blind]
    out = text.partition("## How the answers came out")[2]
    row = next(line for line in out.splitlines() if line.startswith("| mine"))
    assert [cell.strip() for cell in row.split("|")[2:4]] == ["14", "28"]
    assert f"| {100 * 2 / 28:.1f} | {100 / 28:.1f} |" in row  # unparsed and cut off
    page = Page(tmp_path / "out" / "report.html")
    assert {row[0] for row in page.rows} >= {"mine", "other", "graph-blind", "exact", "GRPO 14B (published)"}
    assert result["answers"] == result["answers_shown"] == 28 + 14 + 14
    assert result["bytes"] == (tmp_path / "out" / "report.html").stat().st_size


def test_answers_come_with_prompt_truth_reason_diagnosis_and_solution(tmp_path: Path) -> None:
    suite = load_suite("base", "natural", 14, 0)
    truth = suite.questions[0].problem.truth
    assert truth is not None
    assert truth.value
    answer = "No" if truth.answer == "Yes" else "Yes"
    text = f'<think>hm</think>So {{"ANSWER": "{answer}", "PROB": "{truth.value:.4f}"}}'
    run = write_run(tmp_path / "a", "m", {(0, 0): text}, thinking={(1, 0): "I think"}, cut_off={(2, 0)})
    write_evaluations([run], tmp_path / "out")
    data = Page(tmp_path / "out" / "report.html").data
    by_index = {data["items"][a["item"]]["id"]: a for a in data["answers"]}
    found, item = by_index[suite.questions[0].id], data["items"][by_index[suite.questions[0].id]["item"]]
    assert (found["outcome"], found["code"], found["kind"]) == ("wrong", "wrong_answer", "polarity")
    assert (found["thinking"], found["said"]) == ("<think>hm", f"{truth.value:.4f}, {answer}")
    assert item["truth"] == f"{truth.value:.4f}, {truth.answer}"
    assert item["prompt"] == suite.questions[0].prompt
    assert item["solution"].endswith(suite.questions[0].problem.answer_text("natural"))
    assert by_index[suite.questions[1].id]["thinking"] == "I think"
    assert [a["cut"] for a in data["answers"]].count(True) == 1
    assert by_index[suite.questions[2].id]["cut"]


def test_both_rules_stand_side_by_side_on_a_published_set(tmp_path: Path) -> None:
    items = [caugym_rows.ATE, caugym_rows.ETT, caugym_rows.PN, caugym_rows.UNREADABLE]
    file = caugym_rows.write(tmp_path / "base_dataset.json", items)
    outputs = tmp_path / "outputs.json"
    outputs.write_text(json.dumps([{"text": '{"ANSWER": "Yes", "PROB": "0.3"}'}] * 4))
    results = rescore(f"caugym:{file}", outputs, out=tmp_path / "run")
    write_evaluations([tmp_path / "run"], tmp_path / "out")
    text = (tmp_path / "out" / "report.md").read_text()
    assert "Right by the set's own rule, % (95 % interval)." in text
    assert "| model | items | answers | strict | official |" in text
    assert f"{100 * results['official']:.1f} (" in text
    assert "GRPO 14B (published)" in text
    data = Page(tmp_path / "out" / "report.html").data
    assert {a["official"] for a in data["answers"]} <= {True, False}
    assert all(item["prompt"] for item in data["items"])


def test_hostile_texts_stay_texts_in_the_page(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a", HOSTILE[2] + HOSTILE[1], hostile_texts())
    write_evaluations([run], tmp_path / "out")
    page = Page(tmp_path / "out" / "report.html")
    raw = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert page.tags.count("script") == 2
    assert not {"img", "iframe", "object", "link", "base", "embed"} & set(page.tags)
    assert not any(name.startswith("on") or name in ("href", "src", "style") for name, _ in page.attributes)
    assert "<!--" not in page.inside["script"][0]
    assert "<" not in page.inside["script"][0]
    assert not [c for c in raw if not (c.isprintable() or c == "\n")]
    outputs = {answer["output"] for answer in page.data["answers"]}
    assert HOSTILE[0] in outputs  # whole, as text
    assert r"red\x1b[31m nul\x00 bell\x07 right\x202eto left\x202c zero\x200bwidth line\x2028separator\x2029" in outputs
    assert r"half a pair \xd800 and \xdfff" in outputs
    assert "http" not in page.policy
    assert "unsafe" not in page.policy
    for kind, text in (("style", page.inside["style"][0]), ("script", page.inside["script"][1])):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in page.policy
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", page.inside["script"][1])


def test_hostile_names_stay_in_their_cells_of_markdown_and_latex(tmp_path: Path) -> None:
    names = [text for text in HOSTILE if "\ud800" not in text]
    runs = [write_run(tmp_path / str(k), name, {}, n=7) for k, name in enumerate(names)]
    write_evaluations(runs, tmp_path / "out")
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    assert "<script" not in text
    assert "<img" not in text
    assert "](javascript" not in text.replace(r"\](javascript", "")
    tables = [line for line in text.splitlines() if line.startswith("| ")]
    widths = {re.sub(r"\\.", "", line).count("|") for line in tables[:12]}
    assert len(widths) == 1
    tex = (tmp_path / "out" / "table.tex").read_text(encoding="utf-8")
    body = "\n".join(line for line in tex.splitlines() if not line.startswith("% "))
    commands = set(re.findall(r"\\(?:[A-Za-z]+|.)", body))
    assert commands <= {
        r"\begin", r"\end", r"\centering", r"\small", r"\caption", r"\label", r"\toprule", r"\midrule", r"\bottomrule",
        r"\\", r"\textbackslash", r"\textasciicircum", r"\textasciitilde", r"\textless", r"\textgreater", r"\textbar",
        r"\char", r"\textasciigrave", r"\textquotesingle", r"\{", r"\}", r"\$", r"\&", r"\#", r"\_", r"\%",
    }  # fmt: skip
    assert not re.search(r"(?<!\\)%", body)
    plain = re.sub(r"\\.", "", body)
    assert plain.count("{") == plain.count("}")
    assert body.count(r"\begin{tabular}") == body.count(r"\end{tabular}") == body.count(r"\begin{table*}")
    for table in re.findall(r"\\toprule\n(.*?)\\bottomrule", body, re.DOTALL):
        rows = [line for line in table.splitlines() if line.endswith(r"\\")]
        assert len({len(re.findall(r"(?<!\\)&", row)) for row in rows}) == 1


def test_long_texts_and_many_answers_are_bounded_and_it_is_said(tmp_path: Path) -> None:
    long = "a" * 500_000 + "<b>" + "z" * 500_000
    run = write_run(tmp_path / "a", "m", {(i, s): long for i in range(3) for s in range(4)})
    result = write_evaluations([run], tmp_path / "out", most=20)
    page = Page(tmp_path / "out" / "report.html")
    assert result["bytes"] < 400_000
    assert (result["answers"], result["answers_shown"]) == (56, 20)
    outcomes = [answer["outcome"] for answer in page.data["answers"]]
    assert outcomes == ["unparsed"] * 12 + ["right"] * 8
    assert "20 of 56 answers are here: 12 of the 12 that are not right and 8 of the 44 right ones" in page.text
    output = page.data["answers"][0]["output"]
    assert "[... 994,003 characters left out ...]" in output
    assert output.endswith("z" * 2000)
    tasks = {page.data["items"][answer["item"]]["task"] for answer in page.data["answers"][12:]}
    assert len(tasks) == 7  # every task has its share
    again = write_evaluations([run], tmp_path / "again", most=20)
    assert again["bytes"] == result["bytes"]
    assert (tmp_path / "again" / "report.html").read_text() == (tmp_path / "out" / "report.html").read_text()


def test_items_that_cannot_be_loaded_again_are_said_to_be_missing(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a", "m", {(0, 0): "?"}, suite_sha256="0" * 64)
    result = write_evaluations([run], tmp_path / "out")
    assert result["runs"][0]["suite_loaded"] is False
    page = Page(tmp_path / "out" / "report.html")
    assert (
        "its items could not be loaded again (made or read again, its items are not those that were evaluated)"
        in page.text
    )
    assert not any(item["prompt"] or item["solution"] for item in page.data["items"])
    assert page.data["answers"][0]["output"] == "?"
    assert [row[0] for row in page.rows if row[0] == "exact"] == []


def test_runs_of_one_model_and_questions_that_differ_are_told_apart(tmp_path: Path) -> None:
    a = write_run(tmp_path / "a", "runs/x/model", {}, temperature=0.0)
    b = write_run(tmp_path / "b", "runs/x/model", {}, temperature=0.6)
    c = write_run(tmp_path / "c", "runs/y/model", {}, n=21)
    result = write_evaluations([a, b, c], tmp_path / "out")
    assert [(run["model"], run["suite"]) for run in result["runs"]] == [
        ("x/model, temperature 0.0", "base, questions 1"),
        ("x/model, temperature 0.6", "base, questions 1"),
        ("y/model", "base, questions 2"),
    ]
    assert shorter(["caugym:/a/b.json", "caugym:/a/c.json"], 1) == {
        "caugym:/a/b.json": "caugym:b.json", "caugym:/a/c.json": "caugym:c.json"
    }  # fmt: skip


def test_what_is_no_finished_evaluation_is_refused(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a", "m", {})
    with pytest.raises(UserError, match="a run is named twice"):
        write_evaluations([run, run / ".." / "a"], tmp_path / "out")
    with pytest.raises(UserError, match="is no evaluation's folder"):
        write_evaluations([tmp_path], tmp_path / "out")
    (run / "results.json").rename(run / "kept.json")
    with pytest.raises(UserError, match="is not finished: the same 'rungwise evaluate' goes on with it"):
        write_evaluations([run], tmp_path / "out")
    for damaged in ("[]", "{}", '{"model": "m", "suite": "base", "view": "natural", "by_task": {"ATE": {}}}'):
        (run / "results.json").write_text(damaged)
        with pytest.raises(UserError, match="is not what 'rungwise evaluate' writes"):
            write_evaluations([run], tmp_path / "out")
    (run / "kept.json").rename(run / "results.json")
    (run / "predictions.jsonl").write_text('{"index": 0}\n')
    with pytest.raises(UserError, match=r"predictions\.jsonl line 1 is no prediction"):
        write_evaluations([run], tmp_path / "out")


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = write_run(tmp_path / "a", "m", {})
    assert command(["report", str(run), "--out", str(tmp_path / "out"), "--samples", "5", "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["answers_shown"] == 5
    assert "5 of 14 answers are in it; --samples sets how many" in said.err
    assert command(["report", str(tmp_path / "none"), "--out", str(tmp_path / "out")]) == 2
    assert "is no evaluation's folder" in capsys.readouterr().err
