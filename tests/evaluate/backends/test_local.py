"""Local models: which one it is, LoRA adapters in folders and on the hub, and chat templates."""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path
from typing import Any

import caugym_rows as rows
import pytest

from rungwise.evaluate.backends import apart, split_name
from rungwise.evaluate.backends.local import model_version
from rungwise.evaluate.questions import load_suite
from rungwise.evaluate.results import written_row
from rungwise.evaluate.run import evaluate
from rungwise.language_models import Completion, load_model, render

REPOSITORY = "somebody/an-adapter"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def adapter(tiny: tuple[Any, Any], tiny_folder: Path, tmp_path: Path) -> Path:
    """A LoRA adapter of the tiny model that changes what it writes."""
    peft, torch = pytest.importorskip("peft"), pytest.importorskip("torch")
    torch.manual_seed(0)
    lora = peft.LoraConfig(r=2, target_modules=["query_key_value"], task_type="CAUSAL_LM", init_lora_weights=False)
    tuned = peft.get_peft_model(load_model(tiny_folder)[0], lora)
    tuned.peft_config["default"].base_model_name_or_path = str(tiny_folder)
    folder = tmp_path / "adapter"
    tuned.save_pretrained(folder)
    return folder


def texts(model: str, out: Path) -> list[str]:
    evaluate(model, "base", view="slots", n=3, max_new_tokens=12, out=out)
    return [json.loads(line)["text"] for line in (out / "predictions.jsonl").read_text().splitlines()]


def test_an_adapter_in_a_folder_and_on_the_hub(
    adapter: Path, tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = pytest.importorskip("huggingface_hub")
    cache = tmp_path / "hub"
    stored = cache / f"models--{REPOSITORY.replace('/', '--')}"
    shutil.copytree(adapter, stored / "snapshots" / COMMIT)
    (stored / "refs").mkdir()
    (stored / "refs" / "main").write_text(COMMIT)
    monkeypatch.setattr(hub.constants, "HF_HUB_CACHE", str(cache))
    monkeypatch.setattr(hub.HfApi, "model_info", _silent)
    in_folder = texts(str(adapter), tmp_path / "a")
    assert in_folder != texts(str(tiny_folder), tmp_path / "b"), "the adapter changes something"
    assert texts(REPOSITORY, tmp_path / "c") == in_folder
    assert json.loads((tmp_path / "c" / "settings.json").read_text())["model_version"] == COMMIT


def _silent(*_: Any, **__: Any) -> Any:
    raise OSError("no network here")


def test_a_version_is_of_what_decides(adapter: Path, tiny_folder: Path, tmp_path: Path) -> None:
    base = tmp_path / "base"
    shutil.copytree(tiny_folder, base)
    assert model_version(str(base)) == model_version(str(tiny_folder)), "the same content is the same model"
    config = json.loads((adapter / "adapter_config.json").read_text())
    (adapter / "adapter_config.json").write_text(json.dumps({**config, "base_model_name_or_path": str(base)}))
    before = model_version(str(adapter))
    (adapter / "notes.md").write_text("nothing")
    assert model_version(str(adapter)) == before
    weights = bytearray((base / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (base / "model.safetensors").write_bytes(weights)
    assert model_version(str(adapter)) != before, "of an adapter, its base decides too"


def test_names(tiny_folder: Path) -> None:
    assert split_name("exact") == ("own", "exact")
    assert split_name(str(tiny_folder)) == ("local", str(tiny_folder))
    assert split_name("endpoint:org/m:free") == ("endpoint", "org/m:free")
    assert split_name("inspect:openai/gpt") == ("inspect", "openai/gpt")


def test_conversations_by_template_and_without_one(tiny: tuple[Any, Any]) -> None:
    turns = [
        {"role": "user", "content": "One?"},
        {"role": "assistant", "content": "1"},
        {"role": "user", "content": "Two?\n"},
    ]
    plain = copy.deepcopy(tiny[1])
    assert render(plain, turns) == "One?\n1\n\nTwo?\n"
    assert render(plain, "Two?\n") == "Two?\n"
    plain.chat_template = (
        "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}{% if add_generation_prompt %}[a]{% endif %}"
    )
    assert render(plain, turns) == "[user]One?[assistant]1[user]Two?\n[a]"
    assert render(plain, "x") == "[user]x[a]"


@pytest.mark.parametrize(
    ("text", "answer", "thinking"),
    [
        ("<think>a</think>\n\nb", "\n\nb", "<think>a</think>"),
        ("a</think>b", "b", "a</think>"),
        ("<think>a</think>b<think>c</think>d", "d", "<think>a</think>b<think>c</think>"),
        ("<think>a", "<think>a", ""),
        ("b", "b", ""),
    ],
)
def test_thinking_is_kept_apart(text: str, answer: str, thinking: str) -> None:
    found = apart(Completion(text, True, "", 3, 4))
    assert (found.text, found.thinking, found.cut_off) == (answer, thinking, True)
    assert (found.prompt_tokens, found.completion_tokens) == (3, 4)
    own = Completion("b</think>c", False, "a")
    assert apart(own) == own


def test_a_benchmarks_own_rule_sees_what_the_text_held(tmp_path: Path) -> None:
    file = rows.write(tmp_path / "a.json", [rows.ATE])
    (question,) = load_suite(f"caugym:{file}").questions
    thought = 'It is "PROB": "0.5000".'
    for thinking, official in ((f"<think>{thought}</think>", 1), (thought, 0)):
        row = written_row(question, '{"ANSWER": "No", "PROB": "0.1"}', 0, thinking, False)
        assert (row["official"], row["score"], row["thinking"]) == (official, 0, thinking)
        assert row["text"] == '{"ANSWER": "No", "PROB": "0.1"}'
