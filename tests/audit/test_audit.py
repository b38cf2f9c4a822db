"""Audits: verdicts, classes, proofs, corrections, and what they leave."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import caugym_rows as rows
import pytest

from rungwise.audit.corrections import changes
from rungwise.audit.moves import moves
from rungwise.audit.report import summary, write
from rungwise.audit.run import audit
from rungwise.errors import UserError
from rungwise.evaluate.rescore import rescore
from rungwise.suites.published import benchmark
from rungwise.suites.published.item import KINDS, Finding
from rungwise.suites.published.patch import as_patch

ETT_STEPS = {"Step 1": "The path exists.", "Step 2": "ETT=0.8-0.3=0.5000>0 so the answer is No."}
TWIN = rows.row(
    "ATE",
    rows.fact(0.2, "mud being low", "rain being high") + rows.fact(0.7, "mud being low", "rain being low"),
    "average treatment effect (ATE) of rain on mud",
    "If rain is changed to be high, will mud be more likely to be low?",
    rows.said("-0.5000", "No"),
)
TINY = rows.fact(0.001, "mud being high", "rain being high") + rows.fact(0.0004, "mud being high", "rain being low")
PN_TINY = rows.row(  # the denominator has three digits: one unit in the last moves the value by more than a tenth
    "PN",
    TINY + rows.fact(0.0008, "mud being high") + rows.fact(0.0005, "rain being high and mud being high"),
    "probability of necessity (PN) of rain on mud",
    "Given that rain was high and mud was high, what is the lower bound of the probability of mud would have been low "
    "if rain had been low?",
    rows.said("0.8500"),  # (0.0008 - 0.0004) / 0.0005 = 0.8
)


def judged(tmp_path: Path, *given: dict[str, Any]) -> list[Finding]:
    found = audit(f"caugym:{rows.write(tmp_path / 'set.json', list(given))}")
    return [j.finding for j in found.judged]


def test_a_label_that_is_exact(tmp_path: Path) -> None:
    (finding,) = judged(tmp_path, rows.ATE)
    assert (finding.outcome, finding.kinds) == ("confirmed", ())
    assert finding.proof == "ATE = P(B=1|A=1)-P(B=1|A=0) = 0.8000-0.3000 = 0.5000"
    assert finding.truth == finding.second


def test_an_answer_that_contradicts_its_own_worked_solution(tmp_path: Path) -> None:
    (finding,) = judged(tmp_path, {**rows.ETT, "Reason": ETT_STEPS})
    assert (finding.outcome, finding.kinds) == ("wrong", ("own-solution", "exact"))
    assert finding.why == "the value is right, but by its sign the answer is No, not Yes"
    assert "its own worked solution ends with 0.5000 and No, the label is Yes" in finding.proof


def test_a_label_that_no_digits_reach(tmp_path: Path) -> None:
    (finding,) = judged(tmp_path, rows.WRONG_LABEL)
    assert (finding.outcome, finding.kinds) == ("wrong", ("exact", "unreachable"))
    assert "give 0.4999 to 0.5001, the nearest is 0.4999" in finding.proof


def test_a_label_that_undisplayed_digits_reach(tmp_path: Path) -> None:
    (finding,) = judged(tmp_path, PN_TINY)
    assert (finding.outcome, finding.kinds) == ("rounding", ("rounding",))
    # (0.00085 - 0.00035) / 0.00045 = 1.11 and (0.00075 - 0.00045) / 0.00055 = 0.5455
    assert "give 0.5455 to 1.1111" in finding.proof
    assert judged(tmp_path, {**PN_TINY, "answer": rows.said("0.5")})[0].kinds == ("exact", "unreachable")


def test_a_sign_that_undisplayed_digits_can_turn(tmp_path: Path) -> None:
    near = {**rows.ATE, "problem": rows.ATE["problem"].replace("0.8", "0.3001"), "answer": rows.said("0.0001", "No")}
    small = {**near, "problem": near["problem"].replace("0.3001", "0.3009"), "answer": rows.said("0.0009", "No")}
    first, second = judged(tmp_path, near, small)
    assert (first.outcome, first.kinds) == ("rounding", ("rounding",))
    assert "give 0.000000 to 0.000200" in first.proof
    assert (second.outcome, second.kinds) == ("wrong", ("exact",))
    assert second.why.endswith("so small an effect may have been taken for none")


def test_what_is_displayed_does_not_decide(tmp_path: Path) -> None:
    (lack,) = judged(tmp_path, rows.LACK)
    assert (lack.outcome, lack.kinds) == ("confirmed", ())
    claim = {**rows.LACK, "answer": rows.said("0.5", "Yes")}
    claimed, denied = judged(tmp_path, claim, {**rows.ATE, "answer": "LACK_CONDITION"})
    assert (claimed.outcome, claimed.kinds) == ("undetermined", ("undetermined",))
    assert (denied.outcome, denied.kinds) == ("wrong", ("exact",))


def test_zero_unread_duplicate_and_twin(tmp_path: Path) -> None:
    again = {**rows.ATE, "problem": rows.ATE["problem"] + "\n"}
    zero, unread, one, two, twin = judged(tmp_path, rows.ZERO, rows.UNREADABLE, rows.ATE, again, TWIN)
    assert (zero.outcome, zero.kinds) == ("confirmed", ("zero",))
    assert (unread.outcome, unread.kinds, unread.truth) == ("unread", ("unread",), None)
    assert "Nobody knows" not in unread.why
    assert one.kinds == two.kinds == ("duplicate", "twin")
    assert (twin.outcome, twin.kinds) == ("confirmed", ("twin",))


def test_a_type_that_the_text_contradicts(tmp_path: Path) -> None:
    (finding,) = judged(tmp_path, {**rows.ATE, "Type": "CDE"})
    assert finding.outcome == "unread"
    assert "the text asks for ATE, the item's type is CDE" in finding.why


def test_a_reworded_set_beside_its_original(tmp_path: Path) -> None:
    before = [rows.ATE, rows.ATE, rows.ATE, rows.ZERO]
    opposite = {**rows.ATE, "problem": rows.ATE["problem"].replace("more likely", "less likely")}
    number = {**rows.ATE, "problem": rows.ATE["problem"].replace("0.3", "0.35")}
    renamed = {**rows.ATE, "problem": rows.ATE["problem"].replace("mud", "dirt").replace("Mud", "Dirt")}
    specs = [
        f"caugym:{rows.write(tmp_path / name, given)}"
        for name, given in (("before.json", before), ("after.json", [opposite, number, renamed, rows.ZERO]))
    ]
    found = [j.finding for j in audit(specs[1], original=specs[0]).judged]
    expected = [{"exact", "reworded"}, {"exact", "unreachable", "drift"}, {"renamed"}, {"zero"}]
    assert [set(f.kinds) for f in found] == expected
    assert "numbers lost: 0.3, new: 0.35" in found[1].proof
    with pytest.raises(UserError, match="is no counterpart"):
        audit(specs[1], original=f"caugym:{rows.write(tmp_path / 'short.json', before[:2])}")


def test_what_an_audit_leaves(tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    path = rows.write(tmp_path / "set.json", [rows.ATE, {**rows.ETT, "Reason": ETT_STEPS}, rows.WRONG_LABEL, rows.ZERO])
    texts = [{"index": i, "text": json.dumps({"ANSWER": "Yes", "PROB": "0.5"})} for i in range(4)]
    (tmp_path / "model.json").write_text(json.dumps(texts))
    found = audit(f"caugym:{path}")
    moved = moves(found, benchmark("caugym"), as_patch(changes(found)), [tmp_path / "model.json"])
    result = summary(found, moved)
    assert result["outcomes"] == {"confirmed": 2, "wrong": 2}
    assert (result["values_reproduced"], result["answers_reproduced"], result["roads_agree"]) == (3, 3, 4)
    assert (result["values"], result["answers"]) == (4, 4)
    assert result["shortcuts"] == {"constant": 0.25, "unadjusted": 0.5, "graph-blind": 0.75, "lookup": 0.75}
    # Published: ATE and ETT right; corrected: ETT's answer is No, the wrong label becomes 0.5.
    assert moved[0]["strict"]["published"] == moved[0]["strict"]["corrected"] == 0.5
    assert moved[0]["official"]["published"] == 0.5
    assert moved[0]["official"]["corrected"] == 0.75

    out = tmp_path / "out"
    write(found, result, out)
    table = pq.read_table(out / "audit.parquet").to_pylist()
    assert [row["outcome"] for row in table] == ["confirmed", "wrong", "wrong", "confirmed"]
    assert table[1]["exact"] == {"value": 0.5, "answer": "No", "shares": None}
    patch = [json.loads(line) for line in (out / "patch.jsonl").read_text().splitlines()]
    assert [(c["id"], c["field"], c["old"], c["new"]) for c in patch] == [
        ("1", "answer", "Yes", "No"),
        ("2", "value", 0.4321, 0.5),
    ]
    assert rescore(f"caugym:{path}", tmp_path / "model.json", patch=out / "patch.jsonl")["official"] == 0.75
    report = (out / "audit.md").read_text()
    assert str(tmp_path) not in report
    for kind in ("own-solution", "unreachable", "zero"):
        assert f"## {kind}: {KINDS[kind]}" in report
    sentences = {s for row in (rows.ATE, rows.ZERO) for s in row["problem"].split(". ") if len(s) > 30}
    kept = report + json.dumps(table) + json.dumps(patch)
    assert not any(sentence in kept for sentence in sentences)


def test_any_number_of_processes_comes_to_the_same(tmp_path: Path) -> None:
    given = [rows.ATE, rows.ETT, rows.PN, rows.ZERO, rows.LACK, rows.WRONG_LABEL, rows.UNREADABLE] * 20
    spec = f"caugym:{rows.write(tmp_path / 'set.json', given)}"
    told: list[tuple[int, int]] = []
    assert audit(spec, workers=2, progress=lambda *done: told.append(done)) == audit(spec, workers=1) == audit(spec)
    assert told[-1] == (140, 140)


def test_damaged_rows(tmp_path: Path) -> None:
    path = rows.write(tmp_path / "set.json", [rows.ATE, {**rows.ATE, "Type": 7}, rows.PN])
    with pytest.raises(UserError, match="item 1: 'Type'"):
        audit(f"caugym:{path}")
    found = audit(f"caugym:{path}", skip_bad=True)
    assert len(found.judged) == 2
    assert len(found.skipped) == 1
    with pytest.raises(UserError, match="holds no items that can be used"):
        audit(f"caugym:{rows.write(tmp_path / 'none.json', [{}])}", skip_bad=True)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("caugim:x", "did you mean 'caugym'"),
        ("x", "unknown benchmark 'x'; there are caugym, calm"),
        ("caugym:", "name the file or folder, as in caugym:PATH"),
        ("caugym:none.json", "there is no file or folder none.json; CauGym's files"),
    ],
)
def test_slips(spec: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        audit(spec)
