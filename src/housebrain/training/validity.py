"""What a model answers at the end of its training: how much of it can be read."""

from typing import Any

from housebrain.language.answer import Codec, DecodeError, read
from housebrain.language.prompt import prompt
from housebrain.language.samples import Sample
from housebrain.model.generation import generate_answers

ANSWERED_AT_ONCE = 8  # validation briefs


def json_validity(
    model: Any, tokenizer: Any, samples: list[Sample], codec: Codec, max_new_tokens: int
) -> dict[str, float]:
    """Greedy answers to validation briefs: the share that is JSON, and the share that can be laid out."""
    prompts = [prompt(tokenizer, sample.brief, codec) for sample in samples]
    answers = generate_answers(model, tokenizer, prompts, max_new_tokens, ANSWERED_AT_ONCE)
    valid_json = valid_design = 0
    for answer in answers:
        try:
            read(answer, codec)
            valid_json += 1
            valid_design += 1
        except DecodeError as error:
            valid_json += error.kind != "json"
    return {"json_validity": valid_json / len(samples), "design_validity": valid_design / len(samples)}
