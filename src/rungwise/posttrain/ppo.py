"""Proximal policy optimisation (Schulman et al. 2017, arXiv 1707.06347), on TRL's GRPOTrainer.

Objective: over the completions' tokens, the mean of min(r A, clip(r, 1 - ``clip``, 1 + ``clip``) A), where r is the
probability of the token over the one it was sampled with (equation 7), and A its advantage: generalised advantage
estimation (arXiv 1506.02438) from a critic's values, shifted and scaled to mean 0 and variance 1 over the tokens of a
generation step. Reward: what GRPO is paid, at a completion's last token, less ``beta`` times log p - log p_start of
the sampled token at each (arXiv 2203.02155, equation 2). The model sees questions and final answers only.

Differences from the paper's PPO:
- The critic is a network of its own on the policy's hidden states, without gradient to the policy (``critic`` says why
  and what it costs), with its own optimizer; it is trained right after each generation step, on values clipped around
  those before. So there is one loss for each, instead of a weighted sum.
- No entropy bonus. Each completion is used for one update of the policy; with ``updates`` > 1 a generation step's
  completions are divided among several, and the later ones are off-policy and clipped.
- The KL to the start model is in the reward, where the critic sees it; the paper has none to a fixed model.
- Completions that ran into ``max_completion`` count for nothing, in the policy's update, the values and the moments of
  the advantages: they have no final answer, and there is no value to bootstrap the rest from.
- The loss is TRL's "dapo": every token of a generation step weighs the same, whatever part of it the token falls in.
- Several completions of a question, as in GRPO, so that both see the same data and share its reading; here they are
  not compared with each other. Of groups whose advantages are small only some take part in the update, with weights
  that leave its mean what it is (``thin``): GRPO's groups without spread cost nothing either.

A subclass and not a loop of its own: TRL's loss takes advantages for each token, so all that PPO adds is where they
are made; sampling (vLLM too), several processes, adapters, logging and checkpoints stay the same code as GRPO's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
from trl import GRPOConfig

from rungwise.posttrain.advantages import explained_variance, gae, moments, thin, token_rewards, whiten
from rungwise.posttrain.common import Clock, Run, last_checkpoint, run_trainer, save_trained
from rungwise.posttrain.critic import Critic, CriticLearner
from rungwise.posttrain.data import questions
from rungwise.posttrain.grpo import make_reward, online_settings, question_rows
from rungwise.posttrain.settings import PPOSettings
from rungwise.posttrain.shared_prompts import SharedPromptGRPOTrainer, distinct
from rungwise.posttrain.symbols import rows
from rungwise.posttrain.watch import Watcher


def train(run: Run) -> dict[str, Any]:
    """Train (or resume), leave the model in ``out/model`` and the critic in ``out/critic``; returns steps, seconds and
    facts about CAPT."""
    settings = run.recipe.ppo
    clock = Clock(run.out, settings.seconds, run.progress)
    resume = last_checkpoint(run.out)
    shown = rows(run.recipe, "questions", questions(run.recipe, settings), solutions=False)
    watcher = Watcher(run, settings, make_reward(run, settings))
    trainer = PPOTrainer(
        settings=settings,
        model=run.model,
        processing_class=run.tokenizer,
        reward_funcs=watcher.causal_reward,
        train_dataset=question_rows(run, shown),
        args=GRPOConfig(**online_settings(run, settings), beta=settings.beta),
        callbacks=[watcher, clock],
    )
    run_trainer(trainer, resume)
    save_trained(trainer, run.out / "model")
    if trainer.accelerator.is_main_process:
        trainer.learner.save(run.out / "critic")
    return {"steps": trainer.state.global_step, "seconds": clock.seconds, **shown.facts}


class PPOTrainer(SharedPromptGRPOTrainer):
    """GRPO's trainer with a critic's advantages, one for each token, instead of those of the group."""

    beta: float

    def __init__(self, *, settings: PPOSettings, **trainer: Any) -> None:
        super().__init__(**trainer)
        self.settings = settings
        critic = Critic(self.model.config.get_text_config().hidden_size, self.args.seed).to(self.accelerator.device)
        self.learner = CriticLearner(
            critic, settings.critic_lr, settings.critic_clip, settings.critic_epochs, self._total
        )
        self._rewards_B = torch.zeros(0)
        self._read: list[torch.Tensor] = []
        self._sampled: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = []
        self._last_state = torch.zeros(0)
        self._note = self._keep_token

    def _total(self, tensor: torch.Tensor) -> torch.Tensor:
        summed: torch.Tensor = self.accelerator.reduce(tensor, "sum")
        return summed

    def _calculate_rewards(self, inputs: Any, prompts: list[Any], *others: Any) -> torch.Tensor:
        """The parent's, of all processes; keeps the rewards of this one's completions, nan where there is none."""
        rewards_A_F: torch.Tensor = super()._calculate_rewards(inputs, prompts, *others)
        first = self.accelerator.process_index * len(prompts)
        own_B_F = rewards_A_F[first : first + len(prompts)]
        weighted_B = (own_B_F * self.reward_weights.to(own_B_F.device)).nansum(1)
        self._rewards_B = weighted_B.masked_fill(own_B_F.isnan().all(1), torch.nan)
        return rewards_A_F

    def _generate_single_turn(self, *given: Any, **more: Any) -> Any:
        """The parent's; where prompts are shared, the states from which it samples are kept."""
        self._sampled = []

        def keep(_: Any, given: Any, out: Any) -> None:
            self._last_state = out.last_hidden_state[:, -1]

        with hooked(self.model, keep) if self._shares else nullcontext():
            return super()._generate_single_turn(*given, **more)

    def _keep_token(self, place: int, rows_B: torch.Tensor, read_B: torch.Tensor, logps_B: torch.Tensor) -> None:
        self._sampled.append((rows_B, self._last_state[read_B], logps_B))

    def _get_per_token_logps_and_entropies(
        self, model: Any, input_ids: torch.Tensor, attention_mask: torch.Tensor, logits_to_keep: int, *o: Any, **m: Any
    ) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor | None]:
        """The parent's; where it reads the policy without gradients, the states before each token are kept."""
        kept: list[torch.Tensor] = []

        def keep(_: Any, given: Any, out: Any) -> None:
            kept.append(out.last_hidden_state[:, -logits_to_keep - 1 : -1].clone())

        watched = model is self.model and not torch.is_grad_enabled() and not self._shares
        with hooked(model, keep) if watched else nullcontext():
            found = super()._get_per_token_logps_and_entropies(
                model, input_ids, attention_mask, logits_to_keep, *o, **m
            )
        if kept:
            self._read.append(torch.cat(kept))
        return found

    def _policy_states(self, rows: dict[str, Any]) -> tuple[torch.Tensor, torch.Tensor]:
        """The policy's hidden states before the completions' tokens, (B, T, width), and the log-probabilities of these
        tokens, (B, T)."""
        batch, tokens = rows["completion_ids"].shape
        if self._shares:
            states_B_H = self._sampled[0][1]
            states_B_T_H = states_B_H.new_zeros(batch, tokens, states_B_H.shape[1])
            logps_B_T = torch.zeros(batch, tokens, device=states_B_H.device)
            for place, (rows_B, states, logps) in enumerate(self._sampled[:tokens]):
                states_B_T_H[rows_B, place], logps_B_T[rows_B, place] = states, logps
            return states_B_T_H, logps_B_T
        if rows.get("old_per_token_logps") is not None:
            return self._read[0], rows["old_per_token_logps"]  # a second read is the reference's: without adapters
        ids, mask = (torch.cat([rows[f"prompt_{k}"], rows[f"completion_{k}"]], dim=1) for k in ("ids", "mask"))
        with torch.no_grad():
            found, _, _ = self._get_per_token_logps_and_entropies(
                self.model, ids, mask, tokens, self.args.per_device_train_batch_size
            )
        return self._read[-1], found

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        """The parent's rows, with advantages of shape (B, T); trains the critic on them."""
        self._read = []
        rows: dict[str, Any] = super()._generate_and_score_completions(inputs)
        reference_B_T = rows.pop("ref_per_token_logps", None)
        features_B_T_H, logps_B_T = self._policy_states(rows)
        self._read, self._sampled = [], []
        mask_B_T = (rows["completion_mask"] * ~self._rewards_B.isnan().unsqueeze(1)).float()
        kl_B_T = torch.zeros_like(logps_B_T) if reference_B_T is None else logps_B_T - reference_B_T
        rewards_B_T = token_rewards(self._rewards_B.nan_to_num(0.0), kl_B_T, mask_B_T, self.beta)
        with torch.no_grad():
            values_B_T = self.learner.critic(features_B_T_H)
        gamma = self.settings.gamma
        advantages_B_T = gae(rewards_B_T, values_B_T, mask_B_T, gamma, self.settings.lam)
        rows["advantages"] = whiten(advantages_B_T, mask_B_T, self._total)
        if self._shares:  # else no row is left out of the update, and nothing is gained
            _, _, group_B = distinct(rows["prompt_ids"], rows["prompt_mask"])
            draws_P = torch.rand(int(group_B.max()) + 1, device=group_B.device)
            rows["advantages"] = thin(rows["advantages"], mask_B_T, group_B, draws_P)

        shown = mask_B_T.bool()
        returns_B_T = values_B_T + advantages_B_T
        loss = self.learner.fit(
            features_B_T_H[shown],
            values_B_T[shown],
            returns_B_T[shown],
            ("critic", self.args.seed, self.state.global_step, self.accelerator.process_index),
        )
        sampled_B_T = values_B_T + gae(rewards_B_T, values_B_T, mask_B_T, gamma, 1.0)
        completions = self._total(shown.any(1).sum()).clamp(min=1)
        found = {
            "value_loss": loss,
            "explained_variance": explained_variance(values_B_T, sampled_B_T, mask_B_T, self._total),
            "return": float(self._total(rewards_B_T.sum()) / completions),
            **({} if reference_B_T is None else {"kl": float(moments(kl_B_T, mask_B_T, self._total)[0])}),
        }
        for name, value in found.items():
            self._metrics["train"][name].append(value)
        return rows

    def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> torch.Tensor:
        """The parent's clipped surrogate; the KL is in the rewards already."""
        beta, self.beta = self.beta, 0.0
        try:
            return super()._compute_loss(model, inputs)
        finally:
            self.beta = beta

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        super()._save_checkpoint(model, trial)
        if self.args.should_save:
            self.learner.save(Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}")

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        super()._load_optimizer_and_scheduler(checkpoint)
        if checkpoint is not None:
            self.learner.load(Path(checkpoint))


@contextmanager
def hooked(model: Any, keep: Callable[[Any, Any, Any], None]) -> Iterator[None]:
    """While the block runs, show ``keep`` what comes out of the model's trunk: all but its head."""
    causal = model.get_base_model() if hasattr(model, "peft_config") else model
    hook = causal.base_model.register_forward_hook(keep)
    try:
        yield
    finally:
        hook.remove()
