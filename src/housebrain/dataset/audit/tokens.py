"""How many tokens a sample takes, by the way it is written."""

import json
from typing import Any, NamedTuple

import numpy as np

from housebrain.dataset.v5 import parse_record
from housebrain.house.brief import Brief, Rejected
from housebrain.language.designs import encode
from housebrain.language.prompt import end_of_turn, prompt_of
from housebrain.language.samples import Sample
from housebrain.language.tokens import tokenize
from housebrain.solver.solve import solve

SOLVED = 400  # records at most: solving takes longer than counting
INSTRUCTION = "Design a house for this brief. Answer with JSON.\n"


class Lengths(NamedTuple):
    """Token counts [n] of a way to write samples: prompt, answer, and the part of the answer that copies the prompt."""

    name: str
    prompt: np.ndarray
    answer: np.ndarray
    echo: np.ndarray


def _count(tokenizer: Any, texts: list[str]) -> np.ndarray:
    return np.array([len(ids) for ids in tokenizer(texts, add_special_tokens=False)["input_ids"]])


def token_lengths(sample: list[dict[str, Any]], tokenizer: Any) -> list[Lengths]:
    """Lengths of the dataset's own texts, indented and compact, with and without the echo, and of HouseBrain's."""
    records = [record for record in sample if isinstance(record.get("output"), dict)]
    ways: list[Lengths] = []
    styles: list[tuple[str, dict[str, Any]]] = [("indent=2", {"indent": 2}), ("compact", {"separators": (",", ":")})]
    for style, how in styles if records else []:
        prompts = [
            prompt_of(tokenizer, [{"role": "user", "content": INSTRUCTION + json.dumps(record["input"], **how)}])
            for record in records
        ]
        answers = [json.dumps(record["output"], **how) + end_of_turn(tokenizer) for record in records]
        without = [
            json.dumps({key: value for key, value in record["output"].items() if key != "input"}, **how)
            + end_of_turn(tokenizer)
            for record in records
        ]
        prompt, answer, rest = (_count(tokenizer, texts) for texts in (prompts, answers, without))
        ways.append(Lengths(f"dataset, json {style}", prompt, answer, answer - rest))
        ways.append(Lengths(f"dataset, json {style}, echo left out", prompt, rest, np.zeros_like(rest)))
    solved = [tokens for record in sample[:SOLVED] if (tokens := _solved_lengths(record, tokenizer))]
    if solved:
        prompt, answer = np.array(solved).T
        ways.append(Lengths("HouseBrain, slicing tree", prompt, answer, np.zeros_like(answer)))
    return ways


def _solved_lengths(record: dict[str, Any], tokenizer: Any) -> tuple[int, int] | None:
    brief: Brief
    try:
        record_id, brief = parse_record(record)
        answer = encode(solve(brief, 0))
    except Rejected:
        return None
    tokens = tokenize(tokenizer, Sample(record_id, brief, answer), "tree")
    return tokens.prompt_length, len(tokens.input_ids) - tokens.prompt_length
