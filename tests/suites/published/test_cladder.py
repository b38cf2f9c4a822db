"""CLadder: reading its files, scoring completions, and what the audit says beside its verdict."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from rungwise.errors import UserError
from rungwise.suites.published import cladder
from rungwise.suites.published.cladder_read import INSTRUCTION, literal, split
from rungwise.suites.published.item import PublishedItem, Truth, refuse
from suites.published import cladder_rows as rows

READ, AUDIT = cladder.BENCHMARK.read, cladder.BENCHMARK.audit
ATE = rows.row("ate", "mediation", 6)
NIE = rows.row("nie", "mediation", 0)


def joined(row: dict[str, Any]) -> dict[str, Any]:
    """A row of a table that has the whole prompt in one field and dictionaries as texts."""
    prompt = f"{row['entry']['background']}\n        \n\n\n{row['given_info']}\n\n\n\n{row['question']}"
    fields = {"question_id": str(row["question_id"]), "prompt": prompt, "answer": row["answer"]}
    return fields | {"meta": str(row["meta"]), "reasoning": str(row["reasoning"])}


def item(label: str = "Yes") -> PublishedItem:
    return PublishedItem("1", "ate", "Will it?", Truth(answer=label))


def test_a_question_file_takes_its_background_from_the_model_file(tmp_path: Path) -> None:
    ate, nie = READ(rows.write(tmp_path, [ATE, NIE]), None, refuse)
    assert (ate.id, ate.task, nie.id, nie.task) == ("6", "ate", "0", "nie")
    parts = (ATE["entry"]["background"], ATE["given_info"], ATE["question"])
    assert ate.text == " ".join(parts) + f"\n\n{INSTRUCTION}"
    assert ate.label == Truth(answer=ATE["answer"].capitalize())
    assert ate.where.endswith("item 0")


def test_a_question_file_without_its_model_file_says_what_is_missing(tmp_path: Path) -> None:
    path = rows.write(tmp_path, [ATE])
    (tmp_path / "own-model-meta.json").unlink()
    with pytest.raises(UserError, match=r"own-questions-easy\.json needs its model file .* found: none"):
        list(READ(path, None, refuse))


def test_a_model_that_is_not_in_the_model_file_is_named(tmp_path: Path) -> None:
    path = rows.write(tmp_path, [ATE, {**NIE, "meta": {**NIE["meta"], "model_id": 77}}])
    with pytest.raises(UserError, match="item 1: model 77 is not in the model file"):
        list(READ(path, None, refuse))


def test_a_folder_has_files_and_query_types_as_subsets(tmp_path: Path) -> None:
    rows.write(tmp_path, [ATE], "own-questions-easy.json")
    rows.write(tmp_path, [NIE], "own-questions-hard.json")
    (tmp_path / "own-model-meta.json").write_text(json.dumps([ATE["entry"], NIE["entry"]]))
    (tmp_path / "answers.jsonl").write_text(json.dumps({"prompt": "?", "raw_inference_result": "Yes"}))
    both = list(READ(tmp_path, None, refuse))
    assert [i.id for i in both] == ["own-questions-easy/6", "own-questions-hard/0"]
    assert [i.id for i in READ(tmp_path, "hard", refuse)] == ["0"]
    assert [i.task for i in READ(tmp_path, "nie", refuse)] == ["nie"]
    with pytest.raises(UserError, match="no subset 'odd'; there are own-questions-easy, own-questions-hard"):
        list(READ(tmp_path, "odd", refuse))


@pytest.mark.parametrize("ending", ["jsonl", "json", "csv", "parquet"])
def test_a_joined_table_is_read_in_every_form(tmp_path: Path, ending: str) -> None:
    table, path = [joined(ATE), joined(NIE)], tmp_path / f"table.{ending}"
    if ending == "jsonl":
        path.write_text("".join(json.dumps(r) + "\n" for r in table))
    elif ending == "json":
        path.write_text(json.dumps(table))
    elif ending == "csv":
        import csv

        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(table[0]))
            writer.writeheader()
            writer.writerows(table)
    else:
        pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        pq.write_table(pa.Table.from_pylist(table), path)
    items = list(READ(path, None, refuse))
    assert [(i.id, i.task) for i in items] == [("6", "ate"), ("0", "nie")]
    assert items[0].given["meta"] == ATE["meta"]
    assert [AUDIT(i).outcome for i in items] == ["confirmed", "confirmed"]


def test_a_table_with_labels_and_nothing_but_prompts_is_enough(tmp_path: Path) -> None:
    row = joined(ATE)
    path = tmp_path / "table.jsonl"
    path.write_text(json.dumps({"id": 5, "prompt": row["prompt"], "label": row["answer"]}))
    (only,) = READ(path, None, refuse)
    assert (only.id, only.task) == ("5", "ate")
    assert AUDIT(only).outcome == "confirmed"


def test_damaged_rows_are_named_and_the_others_read(tmp_path: Path) -> None:
    good = joined(ATE)
    damaged: list[Any] = [
        {**good, "answer": "maybe"},
        {**good, "prompt": 7},
        {**good, "prompt": good["prompt"].replace("?", "")},
        {**good, "question": good["answer"], "given_info": ATE["question"]},
        {**good, "meta": "{'query_type': 'unheard of'}"},
        {**good, "meta": "{" * 50},
        {**good, "meta": "{'query_type': __import__('os')}"},
        {"prompt": "?", "raw_inference_result": "Yes"},
        {**good, "prompt": good["prompt"] * 200},
        [good],
    ]
    path = tmp_path / "table.jsonl"
    path.write_text("".join(json.dumps(r) + "\n" for r in [*damaged, good, good]) + '{"cut')
    bad: list[UserError] = []
    first, second = READ(path, None, bad.append)
    assert len(bad) == len(damaged) + 1
    assert all(f"table.jsonl line {n} " in f"{error} ".replace(":", " ") for n, error in enumerate(bad[:-1], 1))
    assert [first.id, second.id] == ["6", "item-10"]


def test_texts_of_dictionaries_are_read_within_bounds() -> None:
    assert literal("{'a': [1, True, None]}", "here") == {"a": [1, True, None]}
    assert literal('{"a": null}', "here") == {"a": None}
    for hostile in ("[" * 100_000, "{'a': " + "9" * 30_000 + "}", "().__class__", "{'a': 9**9**9}", "{1:"):
        with pytest.raises(UserError):
            literal(hostile, "here")


def test_the_question_is_the_last_sentence_that_asks() -> None:
    assert split("A causes B. Is it? For X, 3%. Will it rain?\n\nStart with Yes.") == (
        "A causes B. Is it? For X, 3%. ".rstrip(),
        "Will it rain?",
    )
    with pytest.raises(UserError, match="asks no question"):
        split("Nothing.")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Yes", "Yes"),
        ("  yes, because", "Yes"),
        ('"No."', "No"),
        ("not sure", "No"),
        ("Normally, yes", "No"),
        ("None of these", None),
        ("Neither way", None),
        ("I'm sorry I can't", None),
        ("As a language model, yes", None),
        ("**Yes**", None),
        ("The answer is yes", None),
        ("", None),
    ],
)
def test_the_official_rule_looks_at_the_beginning(text: str, said: str | None) -> None:
    assert [cladder.official(text, item(label)) for label in ("Yes", "No")] == [said == "Yes", said == "No"]


def test_strict_wants_one_final_answer() -> None:
    right = cladder.strict("P is 0.4, so **no**.\n\nThe answer is **Yes**.", item())
    assert (right.score, right.answer, right.status) == (1, "Yes", "parsed")
    assert cladder.strict("No.", item()).reason.startswith("wrong_answer: ")
    assert cladder.strict("Yes or no", item()).status == "unparsed"
    assert cladder.strict("", item()).status == "unparsed"


@pytest.mark.parametrize("label", ["Yes", "No"])
def test_what_is_written_is_right_for_both_scorings(label: str) -> None:
    text = cladder.write(item(label), Truth(answer=label))
    assert cladder.official(text, item(label)) == cladder.strict(text, item(label)).score == 1
    undecided = cladder.write(item(label), Truth())
    assert cladder.official(undecided, item(label)) == cladder.strict(undecided, item(label)).score == 0


def test_a_wrong_label_is_found_and_proved(tmp_path: Path) -> None:
    wrong = {**ATE, "answer": "no" if ATE["answer"] == "yes" else "yes"}
    (found,) = READ(rows.write(tmp_path, [wrong]), None, refuse)
    finding = AUDIT(found)
    assert (finding.outcome, finding.kinds) == ("wrong", ("own-solution", "exact"))
    assert finding.truth == finding.second == Truth(answer=ATE["answer"].capitalize())
    assert "P(Y=1|X=1) - P(Y=1|X=0)" in finding.proof
    assert "the label is wrong for the model" in finding.proof


def test_a_worked_solution_is_checked(tmp_path: Path) -> None:
    given = json.dumps(ATE["given_info"])
    low, high = (float(f"0.{part.split('%')[0]}") for part in given.split("is ")[1:])
    right = f"{high:.2f} - {low:.2f} = {high - low:.2f}"
    for worked, kinds in (
        (right, ()),
        (f"{high:.2f} - {low:.2f} = {high - low + 0.1:.2f}", ("own-solution",)),
        (f"{high:.2f} {low:.2f} = 0.10", ("own-solution",)),
    ):
        row = {**ATE, "reasoning": {**ATE["reasoning"], "step5": worked}}
        (found,) = READ(rows.write(tmp_path, [row]), None, refuse)
        assert AUDIT(found).kinds == kinds


def test_a_published_value_is_compared_with_the_model(tmp_path: Path) -> None:
    row = {**NIE, "meta": {**NIE["meta"], "groundtruth": 0.9}}
    (found,) = READ(rows.write(tmp_path, [row]), None, refuse)
    finding = AUDIT(found)
    assert finding.outcome == "confirmed"
    assert "published value 0.9000: no numbers that round to the displayed ones give it" in finding.proof
    exact = rows.value("nie", "mediation", rows.model("mediation", 0))
    assert (
        f"exact value {exact:.4f}, published value 0.9000 is wrong, displayed numbers are the model's" in finding.proof
    )


def test_displayed_numbers_that_are_not_the_models_are_noticed(tmp_path: Path) -> None:
    other = {**ATE, "given_info": rows.facts("mediation", rows.model("mediation", 9), ("Y|X",))}
    (found,) = READ(rows.write(tmp_path, [other]), None, refuse)
    assert "displayed numbers are not the model's" in AUDIT(found).proof


def test_polarity_twins_have_one_key() -> None:
    def twin(**changed: Any) -> str:
        row = joined({**ATE, **changed})
        return AUDIT(PublishedItem("1", "ate", row["prompt"], None)).twin

    assert twin() == twin(question=rows.question("ate", "mediation", up=False))
    assert twin() != twin(given_info=rows.facts("mediation", rows.model("mediation", 9), ("Y|X",)))
    assert twin() != twin(question=rows.question("ett", "mediation"))


def test_rows_with_the_background_inside_need_no_model_file() -> None:
    """As CaLM has CLadder's items."""
    given = {"given_info": f"{ATE['entry']['background']}\n{ATE['given_info']}", "question": ATE["question"]}
    text = f"{given['given_info']}\nQuestion: {given['question']}"
    found = PublishedItem(
        "1", "ate", text, Truth(answer=ATE["answer"].capitalize()), given={**given, "meta": ATE["meta"]}
    )
    assert AUDIT(found).outcome == "confirmed"
    assert AUDIT(PublishedItem("1", "ate", f"{text}\n\nAnswer with Yes or No.", found.label)).outcome == "confirmed"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Will it rain?",
        "Rain has a direct effect on mud. Will it rain?",
        "Rain has a direct effect on mud. Mud has a direct effect on rain. Will rain increase the chance of mud?",
        "Rain has a direct effect on mud. Will rain increase the chance of mud?",
        "A has a direct effect on B. We know that . Would B if A instead of C?",
    ],
)
def test_what_can_not_be_read_is_unread(text: str) -> None:
    finding = AUDIT(PublishedItem("1", "ate", text, Truth(answer="Yes")))
    assert (finding.outcome, finding.truth, finding.second) == ("unread", None, None)
    assert finding.why


@pytest.mark.parametrize("shown", ["101%", "nan%", "1e9%", "-3%", "0.5"])
def test_a_number_that_is_no_percentage_is_unread(shown: str) -> None:
    body = f"Rain has a direct effect on mud. The overall probability of mud is {shown}. "
    text = body + "Will rain increase the chance of mud?"
    finding = AUDIT(PublishedItem("1", "ate", text, Truth(answer="Yes")))
    assert "a displayed probability is not of a known form" in finding.why


def test_no_text_makes_the_audit_raise() -> None:
    draw = random.Random(0)
    texts = [joined(rows.row(kind, graph, 1))["prompt"] for kind in rows.FACTS for graph in rows.FACTS[kind]]
    pieces = ["and", "or", "not", "is", "For", "100%.", "0%.", "the probability of", "causes", "?", ".", "if", "lurn"]
    for text in texts * 8:
        words = text.split(" ")
        for _ in range(draw.randint(1, 4)):
            at = draw.randrange(len(words))
            words[at : at + draw.randint(0, 2)] = draw.sample(pieces, draw.randint(0, 2))
        finding = AUDIT(PublishedItem("1", "ate", " ".join(words), Truth(answer="Yes")))
        assert finding.truth == finding.second
