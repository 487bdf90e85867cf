"""Samples as the models see them: read from Parquet, rendered as a chat, turned into tokens."""

from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from housebrain.design.brief import Brief
from housebrain.design.text import Codec, DecodeError, decode, encode, messages
from housebrain.errors import UserError


class Sample(NamedTuple):
    """A brief with its reference answer in some codec."""

    id: str
    brief: Brief
    answer: str


class Tokens(NamedTuple):
    """A sample's token ids, prompt first; the loss is on what follows the first `prompt_length` of them."""

    id: str
    input_ids: list[int]
    prompt_length: int


def load_samples(path: str | Path, codec: Codec = "tree", limit: int = 0) -> list[Sample]:
    """Reads a Parquet file of `prepare`'s columns, answers rewritten in `codec`; at most `limit` rows where above 0.

    Raises:
        UserError: the file is missing, damaged, or lacks a column, or a row holds no brief or no design.
    """
    try:
        table = pq.read_table(path, columns=["id", "brief", "design"])
    except FileNotFoundError as error:
        raise UserError(f"{path}: the file is missing. Get it: `dvc pull`, or `dvc repro split`.") from error
    except (OSError, pa.ArrowException) as error:
        raise UserError(f"{path}: cannot be read ({error}). Get it again: `dvc pull`, or `dvc repro split`.") from error
    rows = table.slice(0, limit or None).to_pylist()
    samples = []
    for row in rows:
        try:
            brief = Brief.model_validate_json(row["brief"])
            # `prepare` writes the tree codec.
            answer = row["design"] if codec == "tree" else encode(decode(row["design"], brief), codec)
        except (ValidationError, DecodeError) as error:
            message = " ".join(str(error).split())
            raise UserError(f"{path}: sample {row['id']}: {message}. Prepare the dataset again.") from error
        samples.append(Sample(row["id"], brief, answer))
    return samples


def prompt(tokenizer: Any, brief: Brief, codec: Codec) -> str:
    """The chat up to where the assistant's answer starts, in the base model's own template."""
    text: str = tokenizer.apply_chat_template(messages(brief, codec), tokenize=False, add_generation_prompt=True)
    return text


def end_of_turn(tokenizer: Any) -> str:
    """What the chat template closes an answer with: the end-of-sequence token of every instruct model used here."""
    return str(tokenizer.eos_token)


def tokenize(tokenizer: Any, sample: Sample, codec: Codec) -> Tokens:
    """Turns a sample into tokens. Prompt and answer are encoded apart, as they are when the model answers."""
    prompt_ids = tokenizer(prompt(tokenizer, sample.brief, codec), add_special_tokens=False)["input_ids"]
    answer_ids = tokenizer(sample.answer + end_of_turn(tokenizer), add_special_tokens=False)["input_ids"]
    return Tokens(sample.id, [*prompt_ids, *answer_ids], len(prompt_ids))
