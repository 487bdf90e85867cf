"""Proof that a merged adapter works: loaded by plain PEFT on the base, finite, of sane loss, and asked for a design."""

import math
from pathlib import Path
from typing import Any

from peft import PeftModel

from housebrain.errors import UserError
from housebrain.language.answer import Codec, DecodeError, read
from housebrain.language.prompt import prompt
from housebrain.language.samples import Sample
from housebrain.language.tokens import tokenize
from housebrain.model.generation import generate_answers
from housebrain.model.loading import load_base, load_tokenizer
from housebrain.model.loss import mean_loss
from housebrain.model.tensors import is_finite


def validate(adapter: str | Path, base: str | Path, samples: list[Sample], codec: Codec) -> dict[str, Any]:
    """Loads `adapter` on `base` and tries it on `samples`.

    Returns:
        `loss` and `base_loss` (nats a token, on the samples, with and without the adapter) and `answer` to the first
        of them: `design`, or what it is not (`no valid json`, `schema`, `layout`). An answer that isn't a design is
        reported, not refused: a model trained on little can't do better, and `evaluate` measures it.

    Raises:
        UserError: a weight is not finite, or the loss is not below that of the base alone.
    """
    tokenizer = load_tokenizer(base)
    model = PeftModel.from_pretrained(load_base(base), adapter)
    for name, weight in model.named_parameters():
        if "lora_" in name and not is_finite(weight):
            raise UserError(f"{adapter}: {name} is not finite. Merge again; if it stays, train the shards again.")
    tokens = [tokenize(tokenizer, sample, codec) for sample in samples]
    loss = mean_loss(model, tokens)
    with model.disable_adapter():
        base_loss = mean_loss(model, tokens)
    if not (math.isfinite(loss) and loss < base_loss):
        raise UserError(
            f"{adapter}: its validation loss of {loss:.3f} is no better than that of the base alone, {base_loss:.3f}. "
            "Look at the shards' curves; merge.strategy best takes the best of them."
        )
    model.merge_adapter()  # without work for the adapter a token takes two thirds of the time
    reference = len(tokens[0].input_ids) - tokens[0].prompt_length
    answer = generate_answers(model, tokenizer, [prompt(tokenizer, samples[0].brief, codec)], reference * 5 // 4, 1)[0]
    try:
        read(answer, codec)
        verdict = "design"
    except DecodeError as error:
        verdict = f"no valid {error.kind}"
    return {"loss": loss, "base_loss": base_loss, "answer": verdict}
