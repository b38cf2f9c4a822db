"""Loading local models and generating with them, on a real (random) model."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rungwise import language_models as models
from rungwise.errors import UserError
from rungwise.language_models import Completion, generate_batches, generate_texts, load_model, local_folder

PROMPTS = [
    f"graph A->BC B->C\nfacts {' '.join(f'P(C=1|A={k % 2})=v{k + 1}' for k in range(n))}\nask ATE A=1 A=0 C={n % 2}\n"
    for n in (1, 7, 2, 5, 3, 9, 4)
]
SAMPLED: dict[str, Any] = {"max_new_tokens": 12, "samples": 3, "temperature": 1.0, "batch_size": 6, "seed": 5}


def test_batches_give_what_one_by_one_gives(tiny: tuple[Any, Any]) -> None:
    alone = [generate_texts(*tiny, [prompt], max_new_tokens=16)[0] for prompt in PROMPTS]
    assert len({text for (text,) in alone}) > 1, "the model should not ignore its prompt"
    for batch_size in (2, 4, 64):
        assert generate_texts(*tiny, PROMPTS, max_new_tokens=16, batch_size=batch_size) == alone


def test_greedy_decoding_takes_the_likeliest_token(tiny: tuple[Any, Any]) -> None:
    import torch

    model, tokenizer = tiny
    ids = tokenizer(PROMPTS[0], return_tensors="pt")["input_ids"]
    with torch.no_grad():
        for _ in range(8):
            ids = torch.cat([ids, model(ids).logits[:, -1:].argmax(-1)], dim=1)
    text = tokenizer.decode(ids[0, -8:].tolist(), skip_special_tokens=True)
    assert generate_texts(model, tokenizer, PROMPTS[:1], max_new_tokens=8) == [[text]]


def test_sampling_is_repeatable_and_leaves_the_global_stream_alone(tiny: tuple[Any, Any]) -> None:
    import torch

    before = torch.get_rng_state()
    texts = generate_texts(*tiny, PROMPTS, **SAMPLED)
    assert torch.equal(before, torch.get_rng_state())
    assert [len(found) for found in texts] == [3] * len(PROMPTS)
    assert len({text for found in texts for text in found}) > len(PROMPTS)
    assert generate_texts(*tiny, PROMPTS, **SAMPLED) == texts
    assert generate_texts(*tiny, PROMPTS, **{**SAMPLED, "seed": 6}) != texts


def test_skipped_batches_change_nothing_in_the_others(tiny: tuple[Any, Any]) -> None:
    settings = {**SAMPLED, "top_p": 1.0}
    whole = {
        i: c for ids, found in generate_batches(*tiny, PROMPTS, **settings) for i, c in zip(ids, found, strict=True)
    }
    first, _ = next(iter(generate_batches(*tiny, PROMPTS, **settings)))
    rest = list(generate_batches(*tiny, PROMPTS, skip=set(first), **settings))
    assert sorted([*first, *(i for ids, _ in rest for i in ids)]) == list(range(len(PROMPTS)))
    for ids, found in rest:
        assert [whole[i] for i in ids] == found


def test_a_text_ends_at_the_end_token(tiny: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    model, tokenizer = tiny
    written = generate_texts(model, tokenizer, PROMPTS[:1], max_new_tokens=8)[0][0]
    ids = tokenizer(written)["input_ids"]
    cut = next(i for i, token in enumerate(ids) if token not in ids[:i] and i)
    monkeypatch.setattr(model.generation_config, "eos_token_id", ids[cut])
    ((_, ((found,),)),) = generate_batches(
        model, tokenizer, PROMPTS[:1], max_new_tokens=8, samples=1, temperature=0.0, top_p=1.0, batch_size=1, seed=0
    )
    assert found == Completion(tokenizer.decode(ids[:cut]), cut_off=False)


def test_what_the_limit_cuts_is_marked_and_the_context_is_a_limit(tiny: tuple[Any, Any]) -> None:
    model, tokenizer = tiny
    shorter = copy.deepcopy(model)
    length = len(tokenizer(PROMPTS[0])["input_ids"])
    shorter.config.max_position_embeddings = length + 3
    ((_, ((found,),)),) = generate_batches(
        shorter, tokenizer, PROMPTS[:1], max_new_tokens=50, samples=1, temperature=0.0, top_p=1.0, batch_size=1, seed=0
    )
    assert found.cut_off
    assert found.text == generate_texts(model, tokenizer, PROMPTS[:1], max_new_tokens=3)[0][0]
    shorter.config.max_position_embeddings = length
    with pytest.raises(UserError, match=f"{length} tokens and the model's context {length}"):
        generate_texts(shorter, tokenizer, PROMPTS[:1], max_new_tokens=5)


def test_a_chat_template_is_applied_and_its_open_reasoning_is_kept(tiny: tuple[Any, Any]) -> None:
    model, tokenizer = tiny
    chat = copy.deepcopy(tokenizer)
    chat.chat_template = "{% for m in messages %}ask {{ m['content'] }}{% endfor %}{{ '\n' }}"
    plain = generate_texts(model, tokenizer, [f"ask {PROMPTS[0]}\n"], max_new_tokens=6)
    assert generate_texts(model, chat, PROMPTS[:1], max_new_tokens=6) == plain
    chat.chat_template += "<think>\n"
    assert generate_texts(model, chat, PROMPTS[:1], max_new_tokens=6)[0][0].startswith("<think>")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"max_new_tokens": 0}, "max_new_tokens must be at least 1"),
        ({"samples": 2, "temperature": 0.0}, "several samples at temperature 0"),
        ({"temperature": -1.0}, "temperature must be 0 or more"),
        ({"top_p": 0.0}, "top_p in"),
        ({"batch_size": 0}, "batch_size must be"),
    ],
)
def test_settings_out_of_range(tiny: tuple[Any, Any], change: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        generate_texts(*tiny, PROMPTS, **{"max_new_tokens": 4, **change})


def test_a_folder_loads_as_it_was_saved(tiny: tuple[Any, Any], tiny_folder: Path) -> None:
    loaded = load_model(tiny_folder)
    assert generate_texts(*loaded, PROMPTS, max_new_tokens=8) == generate_texts(*tiny, PROMPTS, max_new_tokens=8)


def test_an_adapter_folder_loads_on_its_base_model(tiny: tuple[Any, Any], tiny_folder: Path, tmp_path: Path) -> None:
    import torch

    peft = pytest.importorskip("peft")
    config = peft.LoraConfig(r=2, target_modules=["query_key_value"], task_type="CAUSAL_LM", init_lora_weights=False)
    base, tokenizer = load_model(tiny_folder)
    torch.manual_seed(0)
    adapted = peft.get_peft_model(base, config)
    adapted.peft_config["default"].base_model_name_or_path = str(tiny_folder)
    adapted.save_pretrained(tmp_path)
    merged, tokenizer = load_model(tmp_path)
    ids = tokenizer(PROMPTS[0], return_tensors="pt")["input_ids"]
    with torch.no_grad():
        assert torch.allclose(merged(ids).logits, adapted(ids).logits, atol=1e-4)
        assert not torch.allclose(merged(ids).logits, tiny[0](ids).logits, atol=1e-2)
    (tmp_path / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": None}))
    with pytest.raises(UserError, match="does not name its base model"):
        load_model(tmp_path)


def test_paths_are_never_looked_for_on_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    monkeypatch.chdir(tmp_path)
    for name in (
        "/no/such",
        "./none",
        "~/none at all",
        "a/b/c",
        "runs/model",
        "file",
        "..",
        str(tmp_path / "x"),
        "a b",
    ):
        with pytest.raises(UserError, match="no model folder"):
            local_folder(name)
    with pytest.raises(UserError, match=r"it has no config\.json"):
        local_folder("empty")
    assert local_folder("gpt2") is None
    assert local_folder("org/model-1.5B") is None


def test_a_hub_model_without_a_network_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("transformers")
    monkeypatch.setattr(models, "_hub_silence", lambda name: OSError("no route to the hub\nand more"))
    with pytest.raises(UserError, match=r"can't load the model 'no-such/model': .*hub: no route to the hub$"):
        load_model("no-such/model")


def test_damaged_and_unsafe_weights_are_refused(tiny_folder: Path, tmp_path: Path) -> None:
    for file in tiny_folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    weights = tmp_path / "model.safetensors"
    weights.rename(tmp_path / "pytorch_model.bin")
    with pytest.raises(UserError, match="can't load the model"):
        load_model(tmp_path)
    weights.write_bytes(b"\x00" * 100)
    with pytest.raises(UserError, match="can't load the model"):
        load_model(tmp_path)
    safetensors = pytest.importorskip("safetensors.torch")
    kept = safetensors.load_file(tiny_folder / weights.name)
    kept.pop("gpt_neox.final_layer_norm.weight")
    safetensors.save_file(kept, weights, metadata={"format": "pt"})
    with pytest.raises(UserError, match=r"is incomplete: no weights for gpt_neox\.final_layer_norm\.weight"):
        load_model(tmp_path)


def test_importing_needs_no_extra() -> None:
    code = (
        "import sys, rungwise.cli, rungwise.evaluate.run, rungwise.evaluate.report, rungwise.evaluate.plots\n"
        "print([m for m in ('torch', 'transformers', 'matplotlib', 'peft', 'trl') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


def test_a_missing_extra_says_what_to_install() -> None:
    with pytest.raises(UserError, match=r'pip install "rungwise\[lora\]"'):
        models.require("no_such_module_at_all", "lora")
