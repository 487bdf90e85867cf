"""Answers that keep to a grammar, many at once, by PyTorch: at each step only tokens count that the grammar allows.

Text that must follow is appended, not sampled, in one pass with the token before it. So a batch's rows grow by
different numbers of tokens a pass. Shorter ones are padded on the left, and the padding stays masked.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from transformers import DynamicCache

from housebrain.language.grammar import State
from housebrain.model.guide import Row, Vocabulary


def generate_guided(
    model: Any,
    vocabulary: Vocabulary,
    prompts: list[str],
    starts: list[State],
    batch_size: int,
    temperature: float = 0.0,
    seed: int = 0,
    check: Callable[[], None] = lambda: None,
) -> list[str]:
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

    Returns:
        The answers.
    """
    model.eval()
    generator = np.random.default_rng(seed)
    answers: list[str] = []
    for first in range(0, len(prompts), batch_size):
        rows = [Row(vocabulary, start) for start in starts[first : first + batch_size]]
        answers += _answer(
            model, vocabulary.tokenizer, prompts[first : first + batch_size], rows, temperature, generator, check
        )
    return answers


def _answer(
    model: Any,
    tokenizer: Any,
    prompts: list[str],
    rows: list[Row],
    temperature: float,
    generator: np.random.Generator,
    check: Callable[[], None],
) -> list[str]:
    device = next(model.parameters()).device
    unseen = [
        [*tokenizer(prompt, add_special_tokens=False)["input_ids"], *row.unseen]
        for prompt, row in zip(prompts, rows, strict=True)
    ]
    cache = DynamicCache(config=model.config)
    seen = torch.zeros(len(rows), 0, dtype=torch.long)  # 1 for tokens, 0 for padding
    with torch.inference_mode():
        while any(unseen):
            check()
            width = max(len(ids) for ids in unseen)
            ids = torch.tensor([[tokenizer.pad_token_id or 0] * (width - len(one)) + one for one in unseen])
            mask = torch.tensor([[0] * (width - len(one)) + [1] * len(one) for one in unseen])
            positions = (mask.cumsum(-1) - 1).clamp(min=0) + seen.sum(-1, keepdim=True)
            seen = torch.cat([seen, mask], -1)
            logits = model(
                input_ids=ids.to(device),
                attention_mask=seen.to(device),
                position_ids=positions.to(device),
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            ).logits
            for row, of_row in zip(rows, logits[:, -1].float().cpu().numpy(), strict=True):
                row.choose(of_row, temperature, generator)
            unseen = [row.unseen for row in rows]
    return [row.text for row in rows]
