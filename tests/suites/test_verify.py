"""Every planted defect is found and named; a clean folder has none."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import caugym_rows
import pytest

from rungwise.causal.graph import DAG, bits, mask_of
from rungwise.causal.scm import SCM
from rungwise.cli import run
from rungwise.errors import UserError
from rungwise.problems.polarity import twin_id
from rungwise.problems.problem import LACK_CONDITION, Fact, Problem
from rungwise.problems.roads import model_value
from rungwise.problems.worked import worked_steps
from rungwise.suites.folder import write_folder
from rungwise.suites.items import Item, to_text
from rungwise.suites.rows import read_rows
from rungwise.suites.shards import Request, row_of
from rungwise.suites.verify import verify_folder

Row = dict[str, Any]
BASE, TRAIN = "base/test-00000-of-00001.jsonl", "train/train-00000-of-00001.jsonl"
LACK = "insufficient/test-00000-of-00001.jsonl"
DECISIVE = "decisive/test-00000-of-00001.jsonl"


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("clean") / "made"
    write_folder(out, Request(("base", "train", "insufficient", "decisive"), 42, seed=2))
    return out


@pytest.fixture
def made(clean: Path, tmp_path: Path) -> Path:
    shutil.copytree(clean, tmp_path / "made")
    return tmp_path / "made"


def rewrite(folder: Path, name: str, change: Callable[[list[Row]], object]) -> None:
    """Change the rows of a file, and the manifest with it, so that only the items themselves can tell."""
    file = folder / name
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    change(rows)
    data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    file.write_text(data)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"][name] |= {"items": len(rows), "sha256": hashlib.sha256(data.encode()).hexdigest()}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def with_problem(change: Callable[[dict[str, Any]], object], number: int = 3) -> Callable[[list[Row]], None]:
    """Change the certificate of a row."""

    def changed(rows: list[Row]) -> None:
        certificate = json.loads(rows[number]["problem"])
        change(certificate)
        rows[number]["problem"] = json.dumps(certificate)

    return changed


def remade(change: Callable[[Problem], Problem], number: int = 3) -> Callable[[list[Row]], None]:
    """Change a problem and write the row anew, consistent in every column."""

    def changed(rows: list[Row]) -> None:
        row = rows[number]
        problem = change(Problem.from_dict(json.loads(row["problem"])))
        rows[number] = row_of(Item(problem, row["view"], to_text(problem, row["view"])), row["suite"], row["canary"])

    return changed


def first_effect(rows: list[Row]) -> int:
    return next(i for i, row in enumerate(rows) if row["task"] == "ATE" and row["value"])


def wrong_truth(problem: Problem) -> Problem:
    assert problem.truth is not None
    assert problem.truth.value is not None
    return problem.with_(truth=problem.truth.__class__(problem.truth.value + 0.01, problem.truth.answer))


def another_digit(problem: Problem) -> Problem:
    first, *rest = problem.facts
    return problem.with_(facts=(Fact(first.term, round(first.value + 0.0002, 4)), *rest))


def reversed_edge(problem: Problem) -> Problem:
    (a, b), *rest = problem.graph.edges
    graph = DAG.from_edges(problem.graph.n, [(b, a), *rest] if not problem.graph.has_path(a, b) else rest)
    return problem.with_(graph=graph, model=SCM(graph, problem.model.tables) if problem.model else None)


def renumbered(problem: Problem) -> Problem:
    """The same problem with its nodes renamed: another id, the same content."""
    n = problem.graph.n
    to = [*range(1, n), 0]

    def nodes(mask: int) -> int:
        return mask_of(to[v] for v in bits(mask))

    def pairs(given: Any) -> Any:
        return tuple(sorted((to[v], value) for v, value in given))

    parents, tables = [0] * n, [None] * n
    assert problem.model is not None
    for v in range(n):
        parents[to[v]] = nodes(problem.graph.parents[v])
        old = [to[u] for u in bits(problem.graph.parents[v])]
        axes = sorted(range(len(old)), key=old.__getitem__)
        tables[to[v]] = problem.model.tables[v].transpose([*axes, len(old)])
    q, graph = problem.query, DAG(tuple(parents))
    back = [to.index(v) for v in range(n)]
    meta = dict(problem.meta)
    meta |= {
        "right": [nodes(m) for m in meta["right"]] if meta["right"] else None,
        "readings": [[nodes(m) for m in r] for r in meta["readings"]],
        "letters": [meta["letters"][v] for v in back],
    }
    new = problem.with_(
        graph=graph,
        variables=tuple(problem.variables[v] for v in back),
        query=q.__class__(**{
            **{k: getattr(q, k) for k in ("task", "x", "x_ref", "y", "bound", "direction")},
            "treatment": to[q.treatment], "outcome": to[q.outcome], "held": pairs(q.held),
        }),
        facts=tuple(Fact(f.term.__class__(pairs(f.term.target), pairs(f.term.given)), f.value) for f in problem.facts),
        model=SCM(graph, tuple(tables)),
        meta=meta,
    )  # fmt: skip
    new = new.with_(meta={**meta, "twin": twin_id(new)})
    return new.with_(steps=worked_steps(new, tuple(meta["right"]) if meta["right"] else None))


def flip(certificate: dict[str, Any]) -> None:
    said = certificate["truth"]["answer"]
    certificate["truth"]["answer"] = "No" if said == "Yes" else "Yes"


def flipped(problem: Problem) -> Problem:
    assert problem.truth is not None
    other = {"Yes": "No", "No": "Yes"}[str(problem.truth.answer)]
    changed = problem.with_(truth=problem.truth._replace(answer=other))
    return changed.with_(steps=worked_steps(changed, tuple(problem.meta["right"])))


def add_false_twin(rows: list[Row]) -> None:
    """Another problem called an item's polarity twin, on both sides."""
    i, row = first_effect(rows), rows[first_effect(rows)]
    twin = next(r for r in rows if r["task"] == row["task"] and r["value"] and r is not row)
    rows[i] = {**row, "twin": twin["id"]}
    with_problem(lambda p: p["meta"].update(twin=twin["id"]), i)(rows)


def witness_that_is_the_model(rows: list[Row]) -> None:
    for i, row in enumerate(rows):
        if row["answer"] == LACK_CONDITION:
            problem = Problem.from_dict(json.loads(row["problem"]))
            assert problem.model is not None
            same = {**problem.model.to_dict(), "value": model_value(problem.model, problem.query)}
            with_problem(lambda p, same=same: p["meta"].update(witness=same), i)(rows)


def add_renumbered(rows: list[Row]) -> None:
    i = first_effect(rows)
    rows.append(dict(rows[i]))
    remade(renumbered, len(rows) - 1)(rows)


def one_sided(rows: list[Row]) -> None:
    rows[:] = [row for row in rows if row["task"] != "ATE" or "Yes" in row["answer"]]


DEFECTS: dict[str, tuple[str, Callable[[list[Row]], object], str]] = {
    "wrong truth": (BASE, lambda rows: remade(wrong_truth, first_effect(rows))(rows), "truth"),
    "wrong answer": (BASE, with_problem(lambda p: p["truth"].update(answer="Maybe")), "answer"),
    "a digit changed": (BASE, remade(another_digit), "fact"),
    "an edge reversed or removed": (BASE, remade(reversed_edge), "certificate"),
    "an edge added": (BASE, with_problem(lambda p: p["edges"].append([0, 0])), "certificate"),
    "a step changed": (BASE, with_problem(lambda p: p["steps"][0].update(content="edge A->B: maybe")), "steps"),
    "the text of another item": (BASE, lambda rows: rows[3].update(text=rows[4]["text"]), "text"),
    "a reference answer that is wrong": (BASE, lambda rows: rows[3].update(answer='{"PROB": "0.5"}'), "answer"),
    "an item twice": (BASE, lambda rows: rows.append(rows[2]), "duplicate"),
    "an item twice with its nodes renamed": (BASE, add_renumbered, "duplicate"),
    "the twin's id": (BASE, lambda rows: rows[first_effect(rows)].update(twin="0" * 16), "twin"),
    "the id": (BASE, lambda rows: rows[3].update(id="0" * 16), "id"),
    "another split": (BASE, lambda rows: rows[3].update(split="train"), "split"),
    "a column missing": (BASE, lambda rows: rows[3].pop("solution"), "columns"),
    "no canary": (BASE, lambda rows: rows[3].update(canary=""), "canary"),
    "a model that is none": (BASE, with_problem(lambda p: p["model"]["tables"][0].__setitem__(0, 7)), "certificate"),
    "difficulty": (BASE, with_problem(lambda p: p["meta"]["difficulty"].update(facts=1)), "records"),
    "what the shortcuts get right": (BASE, with_problem(lambda p: p["meta"].update(shortcuts=["all"]), 0), "records"),
    "the zero flag": (BASE, with_problem(lambda p: p["meta"].update(zero=not p["meta"]["zero"])), "records"),
    "yes for no": (BASE, lambda rows: with_problem(flip, first_effect(rows))(rows), "answer"),
    "yes for no everywhere": (BASE, lambda rows: remade(flipped, first_effect(rows))(rows), "answer"),
    "another split in the certificate": (BASE, with_problem(lambda p: p["meta"].update(split="train")), "split"),
    "another shape in the certificate": (BASE, with_problem(lambda p: p["meta"].update(shape="ATE:1")), "split"),
    "a twin that gives the same answer": (BASE, add_false_twin, "twin"),
    "a reading that is none": (BASE, with_problem(lambda p: p["meta"].update(right=[65535, 65535])), "records"),
    "the solution": (BASE, lambda rows: rows[3].update(solution="trust me"), "columns"),
    "the value": (BASE, lambda rows: rows[3].update(value=0.5), "columns"),
    "an item without a truth": (BASE, with_problem(lambda p: p.pop("truth")), "problem"),
    "a witness that is the first model": (LACK, witness_that_is_the_model, "witness"),
    "not a number": (
        BASE,
        lambda rows: rows[3].update(problem=rows[3]["problem"].replace("0.", "NaN", 1)),
        "certificate",
    ),
    "nested too deeply": (BASE, lambda rows: rows[3].update(problem="[" * 100_000), "certificate"),
    "a witness of other numbers": (
        LACK,
        lambda rows: [
            with_problem(lambda p: p["meta"].update(witness={**p["model"], "value": 0.5}), i)(rows)
            for i, row in enumerate(rows)
            if row["answer"] == LACK_CONDITION
        ],
        "witness",
    ),
    "no witness": (
        LACK,
        lambda rows: [
            with_problem(lambda p: p["meta"].pop("witness", None), i)(rows) for i in range(len(rows))
        ],
        "witness",
    ),
    "a sufficient item called lacking": (
        LACK,
        lambda rows: [
            with_problem(lambda p: p.update(truth={"value": None, "answer": LACK_CONDITION}), i)(rows)
            for i, row in enumerate(rows)
            if row["value"] is not None
        ],
        "witness",
    ),
    "half of a pair with other facts": (
        DECISIVE,
        lambda rows: with_problem(lambda p: p["facts"].pop(), 0)(rows),
        "certificate",
    ),
}  # fmt: skip


def test_a_clean_folder_has_none(clean: Path) -> None:
    found = verify_folder(clean)
    assert found["violations"] == []
    assert found["items"] == 4 * 42
    assert found["suites"]["base"]["tasks"]["ATE"]["items"] == 6
    assert found["shapes"].keys() == {"test", "train"}
    assert {**verify_folder(clean, workers=2), "files": found["files"]} == found


@pytest.mark.parametrize("name", DEFECTS)
def test_each_defect_is_found_and_named(made: Path, name: str) -> None:
    file, change, kind = DEFECTS[name]
    rewrite(made, file, change)
    violations = verify_folder(made)["violations"]
    assert violations
    assert kind in {violation["kind"] for violation in violations}, violations[:3]
    assert all(file in violation["where"] for violation in violations)


def test_one_answer_more_often_than_the_other(made: Path, tmp_path: Path) -> None:
    write_folder(tmp_path / "many", Request(("base",), 280, seed=3))
    rewrite(tmp_path / "many", BASE, one_sided)
    kinds = {violation["kind"] for violation in verify_folder(tmp_path / "many")["violations"]}
    assert kinds == {"balance"}


def test_a_structure_in_two_splits(made: Path) -> None:
    moved = next(row for _, row in read_rows(made / BASE))
    rewrite(made, TRAIN, lambda rows: rows.append({**moved, "split": "train", "suite": "train"}))
    kinds = {violation["kind"] for violation in verify_folder(made)["violations"]}
    assert "split" in kinds


def test_damage_to_files(made: Path) -> None:
    whole = (made / BASE).read_bytes()
    (made / BASE).write_bytes(whole[: len(whole) // 2])
    kinds = [violation["kind"] for violation in verify_folder(made)["violations"]]
    assert {"manifest", "file"} <= set(kinds)
    (made / BASE).write_bytes(whole)
    rewrite(made, TRAIN, lambda rows: rows.pop())
    manifest = made / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"items": 41', '"items": 42'))
    assert verify_folder(made)["items"] == 4 * 42 - 1
    (made / TRAIN).unlink()
    (made / "base" / "test-00001-of-00002.jsonl").write_text("")
    whats = [violation["what"] for violation in verify_folder(made)["violations"]]
    assert "the file is missing" in whats
    assert "it is not in manifest.json" in whats
    manifest.write_text("[]")
    assert verify_folder(made)["violations"][0]["what"].startswith("it is damaged")
    manifest.unlink()
    assert verify_folder(made)["violations"][0]["what"] == "there is no manifest.json"
    assert verify_folder(made / BASE)["violations"] == []


def test_copies_of_another_set(made: Path, tmp_path: Path) -> None:
    assert verify_folder(made / "base", against=[str(made / "train")])["violations"] == []
    texts = [row["text"] for _, row in read_rows(made / "base")]
    near = texts[4].replace("A small world", "A tiny world")
    (tmp_path / "public.json").write_text(json.dumps([{"question": near}, {"question": "something else entirely"}]))
    found = verify_folder(made / "base", against=[str(tmp_path / "public.json")])
    (violation,) = found["violations"]
    assert violation["kind"] == "overlap"
    assert violation["where"].endswith("line 5")
    assert found["overlap"][str(tmp_path / "public.json")]["items"] == 2


def test_copies_in_a_file_of_the_published_format(made: Path, tmp_path: Path) -> None:
    file = tmp_path / "cladder_dataset.json"
    file.write_text(json.dumps([caugym_rows.ATE, caugym_rows.PN]))
    for spec in (str(file), f"caugym:{file}", f"caugym:{tmp_path}#cladder"):
        found = verify_folder(made / "base", against=[spec])
        assert found["violations"] == []
        assert found["overlap"] == {spec: {"items": 2, "overlapping": 0, "share": 0.0}}
    texts = [row["text"] for _, row in read_rows(made / "base")]
    copied = {**caugym_rows.ATE, "problem": f"Input Info: {texts[7]}"}
    file.write_text(json.dumps([caugym_rows.PN, copied]))
    for spec in (str(file), f"caugym:{file}"):
        (violation,) = verify_folder(made / "base", against=[spec])["violations"]
        assert violation["kind"] == "overlap"
        assert violation["where"].endswith("line 8")
        assert "100 %" in violation["what"]
        assert f"{file} item 1" in violation["what"]


def test_large_and_damaged_rows_are_refused_in_no_time(made: Path) -> None:
    """Readings that would sum over billions of cases, a shape with many symmetries, a certificate that never ends."""

    def change(rows: list[Row]) -> None:
        certificate = json.loads(rows[3]["problem"])
        n = 16
        stars = [[2, v] for v in range(3, 9)] + [[9, v] for v in range(10, 16)]
        certificate |= {"n": n, "edges": [[0, 1], *stars], "variables": [[f"v{v}", ["a", "b"]] for v in range(n)]}
        certificate["query"] |= {"task": "NDE", "treatment": 0, "outcome": 1, "held": [], "bound": None}
        certificate["facts"] = [{"target": [[v, 1]], "given": [], "value": 0.5} for v in range(n)]
        parents = [sum(b == v for _, b in certificate["edges"]) for v in range(n)]
        certificate["model"] = {"tables": [[[0.5, 0.5], [0.5, 0.5]] if own else [0.5, 0.5] for own in parents]}
        certificate["meta"] |= {"right": [65535, 65535], "readings": [[65535, 65535]] * 64, "letters": None}
        rows[3]["view"] = rows[4]["view"] = "slots"
        certificate["truth"] = {"value": None, "answer": LACK_CONDITION}
        certificate.pop("id")
        rows[3]["problem"] = json.dumps(certificate)
        certificate["meta"] |= {"right": None, "readings": []}
        rows[4]["problem"] = json.dumps(certificate)
        rows[5]["problem"] = "{" + " " * 2_000_000

    start = time.monotonic()
    rewrite(made, BASE, change)
    assert run(["verify", str(made / BASE), "--json"]) == 1
    assert time.monotonic() - start < 10
    violations = verify_folder(made / BASE)["violations"]
    said = [(violation["where"].rpartition(" ")[2], violation["kind"]) for violation in violations]
    assert said[0] == ("4", "records")
    assert ("5", "text") in said
    assert said[-1] == ("6", "certificate")
    assert {line for line, _ in said} == {"4", "5", "6"}


def test_a_test_structure_in_another_folders_training_split(made: Path, tmp_path: Path) -> None:
    rows = [row for _, row in read_rows(made / "base")]
    (tmp_path / "other.jsonl").write_text(json.dumps({**rows[0], "split": "train", "text": ""}) + "\n")
    kinds = {v["kind"] for v in verify_folder(made / "base", against=[str(tmp_path / "other.jsonl")])["violations"]}
    assert kinds == {"split"}


def test_the_command_writes_a_report(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", str(made), "--out", str(tmp_path / "report")]) == 0
    assert "No violations." in (tmp_path / "report" / "report.md").read_text()
    rewrite(made, *DEFECTS["a digit changed"][:2])
    assert run(["verify", str(made), "--out", str(tmp_path / "report")]) == 1
    text = (tmp_path / "report" / "report.md").read_text()
    assert "## fact: 1" in text
    assert json.loads((tmp_path / "report" / "report.json").read_text())["violations"]
    capsys.readouterr()


def test_nothing_to_verify(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"holds no \.jsonl or \.parquet"):
        verify_folder(tmp_path)
    with pytest.raises(UserError, match="no file or folder"):
        verify_folder(tmp_path / "none")
