"""Asking a model for designs: batched, greedy, and stopped as soon as every answer has closed its JSON object."""

from typing import Any

import torch
from transformers import StoppingCriteria, StoppingCriteriaList

from housebrain.language.prompt import end_of_turn
from housebrain.model.growing_cache import growing_cache


class _AllClosed(StoppingCriteria):
    """Stops a batch once each row's brackets are balanced; what a row says after that is cut off anyway."""

    def __init__(self, tokenizer: Any, prompt_tokens: int) -> None:
        self.tokenizer = tokenizer
        self.prompt_tokens = prompt_tokens

    def __call__(self, input_ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
        texts = self.tokenizer.batch_decode(input_ids[:, self.prompt_tokens :], skip_special_tokens=True)
        return torch.tensor([closed_object(text) is not None for text in texts], device=input_ids.device)


def closed_object(text: str) -> str | None:
    """The text up to where its first JSON object ends; None while it is open or has not begun."""
    depth, quoted, escaped = 0, False, False
    for index, character in enumerate(text):
        if quoted:
            quoted = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            quoted = True
        elif character in "{[":
            depth += 1
        elif character in "}]":
            depth -= 1
            if depth <= 0:
                return text[: index + 1]
    return None


def _ends(model: Any, tokenizer: Any) -> list[int]:
    """The tokens that end an answer: the model's own, and what it is trained to end with."""
    own = model.generation_config.eos_token_id
    own = own if isinstance(own, list) else [] if own is None else [own]
    trained = tokenizer(end_of_turn(tokenizer), add_special_tokens=False)["input_ids"][-1]
    return sorted({*own, trained})


def generate_answers(model: Any, tokenizer: Any, prompts: list[str], max_new_tokens: int, batch_size: int) -> list[str]:
    """Greedy answers to chat prompts.

    Args:
        model: a causal language model, in evaluation mode afterwards.
        tokenizer: pads on the left.
        prompts: rendered chats, up to where the answer starts.
        max_new_tokens: where an answer that doesn't end is cut.
        batch_size: prompts at once.

    Returns:
        The answers, each up to the end of its first JSON object where it has one.
    """
    model.eval()
    device = next(model.parameters()).device
    ends = _ends(model, tokenizer)
    answers: list[str] = []
    for first in range(0, len(prompts), batch_size):
        batch = tokenizer(
            prompts[first : first + batch_size], return_tensors="pt", padding=True, add_special_tokens=False
        ).to(device)
        prompt_tokens = batch["input_ids"].shape[1]
        with torch.inference_mode():
            output = model.generate(
                **batch,
                past_key_values=growing_cache(model.config),
                cache_implementation=None,  # some bases ask for another
                max_new_tokens=max_new_tokens,
                do_sample=False,
                temperature=None,
                top_p=None,
                top_k=None,
                repetition_penalty=1.0,  # some bases set another in their generation config, greedy or not
                eos_token_id=ends,
                pad_token_id=tokenizer.pad_token_id,
                stopping_criteria=StoppingCriteriaList([_AllClosed(tokenizer, prompt_tokens)]),
            )
        texts = tokenizer.batch_decode(output[:, prompt_tokens:], skip_special_tokens=True)
        answers += [closed_object(text) or text for text in texts]
    return answers
