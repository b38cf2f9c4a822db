"""The command line: what it prints, its exit codes, and one clear line for every mistake."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import caugym_rows as rows
import pytest

from rungwise import __version__, cli

COMMANDS = (
    "generate", "show", "list", "verify", "reveal", "export", "rephrase", "solve", "pretrain", "train", "evaluate",
    "study", "score", "compare", "report", "general", "audit", "reword", "quickstart",
)  # fmt: skip
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1])}


class Shell:
    """Runs command lines in this process and keeps what they printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """(exit code, stdout, stderr)."""
        code = cli.run(arguments)
        return code, *self.capsys.readouterr()

    def json(self, *arguments: str, code: int = 0) -> Any:
        """The one JSON object on stdout."""
        found, out, _ = self(*arguments, "--json")
        assert found == code
        assert out.count("\n") == 1
        return json.loads(out)


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A shell in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return Shell(capsys)


def test_help_with_examples_everywhere(shell: Shell) -> None:
    code, out, _ = shell("--help")
    assert code == 0
    assert all(f"  {name} " in out for name in COMMANDS)
    assert shell()[:2] == (0, out)
    assert shell("--version")[1] == f"{__version__}\n"
    for name in COMMANDS:
        code, out, _ = shell(name, "--help")
        assert code == 0
        assert f"rungwise {name}" in out.partition("Examples:")[2]


def test_generate_prints_readable_items(shell: Shell) -> None:
    code, out, err = shell("generate", "base", "decisive", "--n", "2")
    assert (code, err) == (0, "")
    assert out.count(">>> {") == 4
    found = shell.json("generate", "base", "--n", "2", "--view", "slots", "--names", "nonsense")
    assert [sorted(item) for item in found["items"]] == [["answer", "id", "suite", "text"]] * 2


def test_generate_show_verify_evaluate_a_folder(shell: Shell) -> None:
    code, out, err = shell("generate", "base", "--n", "7", "--out", "items")
    assert (code, out, err) == (0, "", "7 items in items\n")
    assert (
        shell.json("generate", "base", "--n", "7", "--out", "items")["files"]["base/test-00000-of-00001.jsonl"]["items"]
        == 7
    )
    assert shell("verify", "items")[:2] == (0, "7 items (1 thoroughly): no violations\n")
    results = shell.json("evaluate", "--model", "exact", "--suite", "items", "--out", "run")
    assert results == json.loads(Path("run/results.json").read_text())
    assert results["accuracy"] == 1

    second = json.loads(Path("items/base/test-00000-of-00001.jsonl").read_text().splitlines()[1])
    for name in ("items#1", f"items#{second['id']}", f"items/base#{second['id'][:6]}", second["id"]):
        assert shell.json("show", name)["id"] == second["id"]
    shown = shell.json("show", "items#1")
    assert shown["text"] == second["text"]
    assert shown["solved"] == shown["truth"]
    assert shell.json("show", "base#1")["id"] == second["id"]
    assert second["text"] in shell("show", "items#1")[1]

    lines = Path("items/base/test-00000-of-00001.jsonl").read_text().splitlines()
    Path("items/base/test-00000-of-00001.jsonl").write_text("\n".join([*lines[1:], lines[1]]) + "\n")
    code, out, _ = shell("verify", "items")
    assert code == 1
    assert "sha256" in out
    assert "the same problem stands at" in out
    assert len(shell.json("verify", "items", code=1)["violations"]) == 2


def test_list(shell: Shell) -> None:
    code, out, _ = shell("list")
    assert code == 0
    for word in ("base", "decisive", "ETT", "exact", "caugym:"):
        assert word in out
    assert list(shell.json("list", "tasks")["tasks"]) == ["ATE", "CDE", "ETT", "NDE", "NIE", "PN", "PS", "PNS"]


def test_list_recipes(shell: Shell) -> None:
    pytest.importorskip("trl")
    assert "tiny" in shell.json("list", "recipes")["recipes"]


def test_solve_reads_text_files_pipes_and_json(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    text = rows.ATE["problem"]
    Path("question.txt").write_text(text)
    found = shell.json("solve", "question.txt")
    assert (found["task"], found["value"], found["answer"]) == ("ATE", 0.5, "Yes")
    assert shell.json("solve", text) == found
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    assert shell.json("solve", "-") == found
    code, out, err = shell("solve", "question.txt")
    assert (code, err) == (0, "")
    assert "substitution: 0.8000-0.3000" in out
    assert out.endswith("value 0.5000, answer Yes\n")

    problem = shell.json("show", "base#0")["problem"]
    for stored in (problem, {"problem": problem}):
        Path("problem.json").write_text(json.dumps(stored))
        assert shell.json("solve", "problem.json")["value"] == pytest.approx(problem["truth"]["value"])
    assert "do not determine" in shell("solve", rows.LACK["problem"])[1]


def test_evaluate_for_people(shell: Shell) -> None:
    rows.write(Path("a.json"), [rows.ATE, rows.ETT, rows.PN, rows.WRONG_LABEL, rows.UNREADABLE])
    code, out, err = shell("evaluate", "--model", "exact", "--suite", "caugym:a.json", "--rounding", "published")
    assert code == 0
    assert "graph-blind" in out
    assert "1 published answers contradict it" in out
    assert err.count("miss: ") == 2
    assert '"substitution": "0.8000-0.3000"' in err
    assert "20.0 % of the items were not read" in err
    assert "items in" in err


CYCLE = rows.ATE["problem"].replace("Rain has a direct effect on mud.", "Rain has a direct effect on mud. Mud has a "
                                    "direct effect on rain.", 1)  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["solve", "none.txt"], "No such file or directory: none.txt"),
        (["solve", "."], "Is a directory"),
        (["solve", "{}"], "not a problem"),
        (["solve", "{"], "the problem is not JSON"),
        (["solve", '{"a":' * 50_000], "the problem is nested too deeply"),
        (["solve", ""], "the text is empty"),
        (["solve", CYCLE], "cycle"),
        (["solve", rows.ATE["problem"].replace("0.8", "1.8")], "1.8"),
        (["solve", "What is the weather like today?"], "can't read"),
        (["solve", rows.ATE["problem"], "--rounding", "up"], "unknown rounding"),
        (["generate", "bsae"], "unknown suite 'bsae'; did you mean 'base'?"),
        (["generate"], "Missing argument 'SUITE...'"),
        (["generate", "base", "--n", "-5"], "--n must be at least 1, got -5"),
        (["generate", "base", "--n", "0"], "--n must be at least 1, got 0"),
        (["generate", "base", "--n", "-5", "--out", "x"], "--n must be at least 1, got -5"),
        (["generate", "base", "--shard-size", "0", "--out", "x"], "--shard-size must be at least 1, got 0"),
        (["generate", "base", "--workers", "0", "--out", "x"], "--workers must be at least 1, got 0"),
        (["generate", "base", "--n", "many"], "'many' is not a valid integer"),
        (["generate", "base", "--view", "slot"], "unknown view 'slot'"),
        (["generate", "base", "--view", "slots", "--annotate", "--out", "x"], "annotating is for the natural view"),
        (["generate", "base", "--names", "rael"], "kinds are real, commonsense"),
        (["generate", "base", "--wording", "rephrasd", "--out", "x"], "wordings are plain, rephrased, omitted"),
        (["generate", "base", "--format", "jsn", "--out", "x"], "formats are jsonl, parquet"),
        (["generate", "base", "--out", "file/x"], "file/x can't be written: Not a directory; choose another --out"),
        (["generate", "base", "--out", "/proc/nope/x"], "/proc/nope/x can't be written: No such file or directory"),
        (["generate", "base", "--out", "file"], "file is a file"),
        (["generate", "base", "--n", "0", "--out", "x"], "at least 1"),
        (["generate", "insufficient", "--sufficient", "-0.2"], "from 0 to 1; got -0.2"),
        (["generate", "insufficient", "--sufficient", "1.5", "--out", "x"], "from 0 to 1; got 1.5"),
        (["generate", "insufficient", "--sufficient", "half"], "'half' is not a valid float"),
        (["generate", "base", "--sufficient", "0.3"], "is for insufficient alone, not for base"),
        (["generate", "base", "--distinct", "--n", "733"], "ask for at most 732 items"),
        (["generate", "base", "omitted", "--distinct", "--n", "9999", "--out", "x"], "ask for at most 732 items"),
        (["generate", "hard", "--distinct", "--out", "x"], "at most 5 nodes; choose another suite"),
        (["generate", "decisive", "--distinct"], "leave out --distinct"),
        (["generate", "base", "--distinct", "--twins"], "leave out --distinct"),
        (["generate", "base", "--level", "esay"], "unknown level"),
        (["generate", "base", "--commit"], "add --out"),
        (["export", "none", "--to", "caugym", "--out", "x"], "no file or folder none"),
        (["generate", "base", "--ot", "x"], "No such option"),
        (["genrate", "base"], "No such command 'genrate'"),
        (["verify", "none"], "no file or folder none"),
        (["verify", "."], "holds no .jsonl or .parquet files"),
        (["show", "none#1"], "unknown suite 'none'"),
        (["show", "base#x"], "named by their number"),
        (["show", "0123456789abcdef"], "name its place"),
        (["list", "suits"], "there is no list of 'suits'"),
        (["evaluate", "--model", "exact"], "Missing option '--suite'"),
        (["evaluate", "--model", "exact", "--suite", "bse"], "did you mean 'base'?"),
        (["evaluate", "--model", "exact", "--suite", "caugym:none.json"], "there is no file or folder none.json"),
        (["evaluate", "--model", "exact", "--suite", "caugym:broken.json"], "broken.json item 0 is not JSON"),
        (["evaluate", "--model", "exact", "--suite", "broken.json"], "broken.json line 1 is not JSON"),
        (["evaluate", "--model", "./none", "--suite", "base"], "there is no model folder ./none"),
        (["evaluate", "--model", "exact", "--suite", "base", "--out", "file"], "File exists: file"),
        (["pretrain", "--out", "run", "--recipe", "broken.json"], "broken.json is not JSON"),
        (["pretrain", "--out", "run", "--recipe", "wrong.json"], "unknown setting or wrong type: ['batchs']"),
        (["train", "--out", "run", "--recipe", "tinny", "--method", "sft"], "unknown recipe 'tinny'"),
        (["train", "--out", "run", "--method", "sftt"], "unknown method 'sftt'"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_clear_line_and_leaves_nothing(shell: Shell, arguments: list[str], message: str) -> None:
    if arguments[0] == "train":
        pytest.importorskip("trl")
    Path("broken.json").write_text('[{"problem": ')
    Path("wrong.json").write_text('{"batchs": 3}')
    Path("file").write_text("")
    for extra in ([], ["--json"]):
        code, out, err = shell(*arguments, *extra)
        assert (code, out) == (2, "")
        assert err.count("\n") == 1
        assert err.startswith("error: ")
        assert message in err
    assert sorted(p.name for p in Path().iterdir()) == ["broken.json", "file", "wrong.json"]


@pytest.mark.parametrize("file_format", ["jsonl", "parquet"])
def test_a_shard_cut_in_half_is_noticed_and_made_again(shell: Shell, file_format: str) -> None:
    if file_format == "parquet":
        pytest.importorskip("pyarrow")
    command = ["generate", "base", "--n", "20", "--shard-size", "10", "--format", file_format, "--out", "items"]
    assert shell(*command)[0] == 0
    cut = Path(f"items/base/test-00001-of-00002.{file_format}")
    whole = cut.read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    code, out, _ = shell("verify", "items")
    assert code == 1
    assert f"{cut.relative_to('items')}: manifest: it is not the file" in " ".join(out.split())
    for arguments in (["show", "items#19"], ["evaluate", "--model", "exact", "--suite", "items", "--out", "run"]):
        code, out, err = shell(*arguments)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert str(cut) in err
    assert shell(*command)[2] == f"{cut} is cut or changed; it is made again\n20 items in items\n"
    assert cut.read_bytes() == whole


def test_a_file_that_may_not_be_read(shell: Shell) -> None:
    Path("secret.json").write_text("[]")
    Path("secret.json").chmod(0)
    if os.access("secret.json", os.R_OK):
        pytest.skip("this user may read everything")
    code, _, err = shell("solve", "secret.json")
    assert (code, err) == (2, "error: Permission denied: secret.json\n")


def test_a_preflight_says_what_a_run_needs_and_trains_nothing(shell: Shell) -> None:
    pytest.importorskip("trl")
    found = shell.json("train", "--method", "grpo", "--preflight")
    assert (found["rows"], found["prompts"], found["group"], found["warnings"]) == (256, 32, 8, [])
    assert found["total"] < found["free"]
    code, out, err = shell("train", "--method", "sft", "--set", "sft.accumulate=3", "--out", "run")
    assert (code, out) == (2, "")
    assert err == "error: 32 rows a step can't be divided into 3 equal parts (accumulate x processes)\n"
    assert shell("train", "--method", "sft")[2] == "error: name the run's folder with --out\n"
    assert not list(Path().iterdir())


def test_a_short_pretraining(shell: Shell) -> None:
    pytest.importorskip("torch")
    settings = {"hidden": 32, "layers": 1, "heads": 2, "batch": 2, "questions": 2}
    Path("recipe.json").write_text(json.dumps(settings))
    found = shell.json("pretrain", "--recipe", "recipe.json", "--batches", "2", "--out", "run")
    assert (found["model"], found["batch"]) == (str(Path("run/model")), 2)
    assert Path("run/model/config.json").exists()


def heed_interrupts() -> None:
    """What a shell starts in the background ignores Ctrl-C, and so would our process, its grandchild."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "rungwise.cli", "generate", "base", "--n", "1000000", "--workers", "2", "--out", "out"],
        cwd=tmp_path,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=heed_interrupts,
    )
    for _ in range(600):
        if list((tmp_path / "out").glob("base/.test-*.tmp")):
            break
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    # The empty line is click's: a terminal has just shown ^C there.
    assert (process.returncode, out, err) == (130, "", "\nstopped; the same command resumes\n")
    assert list((tmp_path / "out").glob("base/*")) == []


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    command = f"{sys.executable} -m rungwise.cli generate base --n 2000 | head -1"
    found = subprocess.run(command, shell=True, capture_output=True, cwd=tmp_path, env=ENVIRONMENT)
    assert found.stdout.startswith(b"--- base ")
    assert found.stderr == b""
