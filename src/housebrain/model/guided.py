"""Answers that keep to a grammar, by transformers: see `model/writing.py`.

A batch's rows grow by different numbers of tokens a pass. Shorter ones are padded on the left, and the padding stays
masked; so does what a row has gone back from.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch

from housebrain.language.grammar import State
from housebrain.model.growing_cache import growing_cache
from housebrain.model.vocabulary import Vocabulary
from housebrain.model.writing import Critic, Logits, Written, write


class TorchRows:
    """Rows in a model's cache of keys and values.

    Args:
        model: a causal language model, in evaluation mode.
        count: how many rows.
        padding: a token that stands where a row has none.
    """

    def __init__(self, model: Any, count: int, padding: int) -> None:
        self.model, self.padding = model, padding
        self.device = next(model.parameters()).device
        self.cache = growing_cache(model.config)
        self.seen = torch.zeros(count, 0, dtype=torch.long)  # 1 for tokens, 0 for padding

    def append(self, ids: list[list[int]]) -> Logits:
        width = max(len(one) for one in ids)
        tokens = torch.tensor([[self.padding] * (width - len(one)) + one for one in ids])
        mask = torch.tensor([[0] * (width - len(one)) + [1] * len(one) for one in ids])
        positions = (mask.cumsum(-1) - 1).clamp(min=0) + self.seen.sum(-1, keepdim=True)
        self.seen = torch.cat([self.seen, mask], -1)
        with torch.inference_mode():
            logits = self.model(
                input_ids=tokens.to(self.device),
                attention_mask=self.seen.to(self.device),
                position_ids=positions.to(self.device),
                past_key_values=self.cache,
                use_cache=True,
                logits_to_keep=1,
            ).logits
        found: Logits = logits[:, -1].float().cpu().numpy()
        return found

    def copy(self, sources: list[int]) -> None:
        if sources == list(range(len(self.seen))):
            return
        which = torch.tensor(sources)
        self.seen = self.seen[which]
        with torch.inference_mode():
            self.cache.batch_select_indices(which.to(self.device))

    def back(self, lengths: list[int]) -> None:
        self.seen = self.seen * (self.seen.cumsum(-1) <= torch.tensor(lengths)[:, None])
        free = self.seen.shape[1] - 1 - int(self.seen.any(0).nonzero().max())
        if free:
            self.seen = self.seen[:, :-free]
            self.cache.crop(-free)


def generate_guided(
    model: Any,
    vocabulary: Vocabulary,
    prompts: list[str],
    starts: list[State],
    batch_size: int,
    temperature: float = 0.0,
    seed: int = 0,
    check: Callable[[], None] = lambda: None,
    critics: Sequence[Critic] | None = None,
    candidates: int = 1,
) -> list[Written]:
    """Answers to chat prompts, each of which keeps to its grammar to its end.

    Args:
        model: a causal language model, in evaluation mode afterwards.
        vocabulary: its tokenizer's.
        prompts: rendered chats, up to where the answer starts.
        starts: where each one's grammar begins.
        batch_size: prompts at once.
        temperature: 0 takes the likeliest allowed token, more samples among the allowed ones.
        seed: of the samples.
        check: called before each pass; what it raises ends the work.
        critics: of each answer's levels; None has them written without a second look.
        candidates: of each level, side by side.

    Returns:
        The answers.
    """
    model.eval()
    tokenizer = vocabulary.tokenizer
    answers: list[Written] = []
    for first in range(0, len(prompts), batch_size):
        part = slice(first, first + batch_size)
        ids = [tokenizer(prompt, add_special_tokens=False)["input_ids"] for prompt in prompts[part]]
        rows = TorchRows(model, len(ids), tokenizer.pad_token_id or 0)
        looked = critics[part] if critics else [None] * len(ids)
        answers += write(
            rows, vocabulary, ids, starts[part], looked, candidates, temperature=temperature, seed=seed, check=check
        )
    return answers
