"""evaluate."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rungwise.commands.endpoint import DEFAULT_KEY, key_from, make_endpoint
from rungwise.commands.invariance import show_invariance
from rungwise.commands.output import Bars, emit, ends, json_option, note, percent, show_table
from rungwise.commands.score import published_options, show_scorings
from rungwise.errors import UserError

if TYPE_CHECKING:
    from rungwise.evaluate.backends import Calls

CAPT_TIMEOUT = 60.0
"""Seconds for a reply about the events of a prompt."""
CUT_OFF_WARNING = 0.02
"""Above this share of cut-off texts the user is told: they can't be right, however good the model is."""

PRESETS = ("paper",)

OWN = "default"
"""The word for the backend's own temperature: some reasoning models allow no other."""


def _temperature(context: click.Context, parameter: click.Parameter, value: str) -> float | None:
    """A number, or None for OWN."""
    if value == OWN:
        return None
    try:
        return float(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is no number, nor {OWN!r}") from error


@click.command(
    epilog="""\b
Models:
  exact, graph-blind, ...       the solver and the shortcuts (rungwise list models)
  embedded, FOLDER, ORG/NAME    a Hugging Face model or LoRA adapter, run here
  vllm:FOLDER, vllm:ORG/NAME    the same by vLLM, on a GPU
  endpoint:NAME                 behind an OpenAI-compatible --endpoint URL
  inspect:PROVIDER/NAME         behind any provider of Inspect AI (openai, anthropic, google, together, ...)
  predictions:FILE              answers made elsewhere, in JSON, JSONL, CSV or Parquet

\b
Examples:
  rungwise evaluate --model exact --suite caugym:base_dataset.json --rounding published
  rungwise evaluate --model runs/m --suite cladder:DIR#hard --patch audit/patch.jsonl --out runs/m/cladder
  rungwise evaluate --model graph-blind --suite decisive --n 700
  rungwise evaluate --model runs/grpo/model --suite base --view slots --out runs/grpo/base
  rungwise evaluate --model runs/m/model --suite ladder-anti --capt random --out runs/m/anti
  rungwise evaluate --model ORG/MODEL --suite caugym:DIR#base --preset paper --out runs/paper
  rungwise evaluate --model endpoint:qwen3 --endpoint http://localhost:8000/v1 --suite base --shots 2 --out runs/q
  rungwise evaluate --model inspect:openai/gpt-5 --temperature default --suite base --limit 100 \\
    --price-in 1.25 --price-out 10 --dry-run
  rungwise evaluate --model predictions:outputs.jsonl --suite items --out runs/theirs
  rungwise evaluate --model runs/m --suite base --invariance nonsense,twin,percent --out runs/m/base"""
)
@click.option("--model", required=True, help="Who answers; see Models below.")
@click.option("--suite", required=True, help="A suite, a folder or file made by generate, or NAME:PATH[#SUBSET].")
@click.option("--view", help="natural, formal or slots; default natural, or the view of the file.")
@click.option("--n", type=int, help="Items to generate (suites of rungwise only; default 700).")
@click.option("--limit", type=int, help="Take only the first items.")
@click.option("--seed", default=0, show_default=True, help="For generating items and for sampling.")
@click.option(
    "--preset", type=click.Choice(PRESETS), help="paper: 5 samples, temperature 0.6, top-p 0.95, 8192 tokens, suffix."
)
@click.option("--samples", default=1, show_default=True, help="Texts an item.")
@click.option(
    "--temperature", callback=_temperature, default="0", show_default=True, help="0: greedy; default: the model's own."
)
@click.option("--top-p", default=1.0, show_default=True)
@click.option("--max-new-tokens", type=int, help="Longest text; default 256 in the slots view, else 2048.")
@click.option("--batch-size", default=64, show_default=True, help="Texts generated at once by a local model.")
@click.option("--system", default="", help="A system message.")
@click.option("--suffix", default="", help="A line after every question.")
@click.option("--instruction", default="keep", show_default=True, help="drop: without the line that names the task.")
@click.option("--shots", default=0, show_default=True, help="Worked examples of training structure before a question.")
@click.option("--shots-as", default="chat", show_default=True, help="chat: turns; text: in one message.")
@published_options
@click.option("--rounding", default="exact", show_default=True, help="exact, or published: as CauGym's labels round.")
@click.option("--capt", default="none", show_default=True, help="Names in prompts: none, order, random or original.")
@click.option("--capt-by", default="readers", show_default=True, help="Who finds them: readers, self or endpoint.")
@click.option("--capt-endpoint", metavar="URL", help="With --capt-by endpoint: an OpenAI-compatible server.")
@click.option("--capt-model", help="With --capt-by endpoint: the model's name there.")
@click.option("--endpoint", help="Base URL of an OpenAI-compatible server, as in http://localhost:8000/v1.")
@click.option("--key-env", help=f"Environment variable that holds its key.  [default: {DEFAULT_KEY}]")
@click.option("--concurrency", default=16, show_default=True, help="Requests at a time at most; fewer where refused.")
@click.option("--timeout", default=600.0, show_default=True, help="Seconds for a reply.")
@click.option("--tries", default=6, show_default=True, help="Requests for a sample, beside those refused for the rate.")
@click.option("--missing-as-wrong", is_flag=True, help="Samples that get no answer count as wrong, and are no error.")
@click.option("--price-in", type=float, help="For a million tokens of the prompt.")
@click.option("--price-out", type=float, help="For a million tokens of the answer.")
@click.option("--max-cost", type=float, help="Stop before more is spent; the same command goes on with more.")
@click.option("--dry-run", is_flag=True, help="Ask nothing: say how many tokens there are to ask, and what they cost.")
@click.option("--cache", type=click.Path(path_type=Path), help="Folder of known answers; default the user's cache.")
@click.option("--no-cache", is_flag=True, help="Neither use nor keep answers there.")
@click.option("--invariance", metavar="all|NAME,NAME", help="Ask every question another way too: docs/comparing.md.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for predictions.jsonl and results.json.")
@json_option
def evaluate(model: str, suite: str, as_json: bool, preset: str | None, invariance: str | None, **given: Any) -> None:
    """Run a model on a suite and score it.

    With --out, the same command goes on where it was stopped. No answer is asked for twice: they are kept in a cache,
    by model, version, settings, prompt and sample.
    """
    from rungwise.evaluate.cache import user_cache
    from rungwise.evaluate.invariance import evaluate_with_variants
    from rungwise.evaluate.protocol import PRESETS as SETTINGS
    from rungwise.evaluate.run import evaluate as run_one

    if preset is not None:
        source = click.get_current_context().get_parameter_source
        unset = click.core.ParameterSource.DEFAULT
        given |= {name: value for name, value in SETTINGS[preset].items() if source(name) is unset}
    capt_url, capt_model = given.pop("capt_endpoint"), given.pop("capt_model")
    if (capt_url is None) != (capt_model is None):
        raise UserError("--capt-endpoint and --capt-model go together")
    if capt_url is not None:
        given["capt_endpoint"] = make_endpoint(capt_url, capt_model, None, CAPT_TIMEOUT, None)
    calls = _calls(given)
    no_cache, dry_run = given.pop("no_cache"), given["dry_run"]
    given["cache"] = None if no_cache else given["cache"] or user_cache()
    run: Callable[..., dict[str, Any]] = run_one
    if invariance is not None:
        run, given["variants"] = evaluate_with_variants, invariance
    with Bars() as bars:
        results = run(
            model,
            suite,
            calls=calls,
            progress=lambda done, of, accuracy: bars.update("evaluate", done, of, f"{100 * accuracy:.1f} % right"),
            **given,
        )
    emit(results, as_json, lambda: (_show_estimate if dry_run else _show)(results))
    if dry_run:
        return
    for miss in results.get("misses", ()):
        note(f"miss: {json.dumps(miss, ensure_ascii=True)}")
    if results["cut_off"] > CUT_OFF_WARNING:
        note(f"{100 * results['cut_off']:.0f} % of the texts were cut off; raise --max-new-tokens")
    if results.get("capt", {}).get("not_abstracted"):
        note(f"{results['capt']['not_abstracted']} prompts had no faultless abstraction and were asked as they are")
    if results.get("skipped"):
        note(f"{results['skipped']} damaged rows were passed over")
    if results.get("missing"):
        note(f"{results['missing']} outputs are missing; they count as wrong")
    if results["unread"]:
        note(f"{100 * results['unread']:.1f} % of the items were not read; they count as wrong")
    if results.get("cached"):
        note(f"{results['cached']} answers came from the cache")
    if "cost" in results:
        note(f"cost {results['cost']:.4f}")
    seconds = max(results["seconds"], 1e-3)
    note(f"{results['n']} items in {seconds:.2f} s ({results['n'] / seconds:.0f} a second)")


def _calls(given: dict[str, Any]) -> Calls:
    """Takes the options that say how a server is asked out of the others."""
    from rungwise.evaluate.backends import Calls

    url, key_env = given.pop("endpoint"), given.pop("key_env")
    if key_env and url is None:
        raise UserError("--key-env is for an --endpoint")
    names = ("concurrency", "timeout", "tries", "price_in", "price_out", "max_cost")
    key = None if url is None else key_from(key_env)
    return Calls(url=url, key=key, **{name: given.pop(name) for name in names})


def _show_estimate(found: dict[str, Any]) -> None:
    click.echo(f"{found['items']} items, {found['samples']} samples, {found['to_ask']} of them to ask")
    click.echo(f"{found['prompt_tokens']:,} tokens in, {found['completion_tokens_at_most']:,} tokens out at most")
    if "cost_at_most" in found:
        click.echo(f"cost at most {found['cost_at_most']:.2f}")


def _show(results: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table("", "items", "right", "95 %", "value right", "95 %", "answer right", "unparsed", title_style="bold")
    table.title = f"{results['model']} on {results['suite']} ({results['view']} view)"
    for name, cell in [*results["by_task"].items(), ("all", results)]:
        if name == "all":
            table.add_section()
        table.add_row(
            name,
            str(cell["n"]),
            percent(cell["accuracy"]),
            ends(cell["interval"]),
            percent(cell["value_accuracy"]),
            ends(cell["value_interval"]),
            percent(cell["answer_accuracy"]),
            percent(cell["unparsed"]),
        )
    show_table(table)
    shortcuts = ", ".join(f"{name} {percent(value)}" for name, value in results["baselines"].items())
    click.echo(f"value right by shortcuts: {shortcuts}")
    if "scorings" in results:
        show_scorings(results["scorings"])
    if "strict_corrected" in results:
        corrected = results["strict_corrected"]
        click.echo(
            f"right with the answers that the set's own sign rule gives: {percent(corrected['accuracy'])}"
            f" ({corrected['changed']} published answers contradict it)"
        )
    if "invariance" in results:
        show_invariance(results["invariance"])
