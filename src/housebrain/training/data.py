"""What a shard's training reads: its samples as tokens, laid in rows, in the order in which they are read."""

from typing import Any, NamedTuple

from accelerate import PartialState
from tqdm import tqdm

from housebrain.errors import UserError
from housebrain.language.samples import load_samples
from housebrain.language.tokens import Tokens, tokenize
from housebrain.params import Params
from housebrain.shard import Shard
from housebrain.training.packing import fit, pack
from housebrain.training.schedule import Part, part_of_round, row_order


class ShardData(NamedTuple):
    """A shard, ready to be trained on.

    Attributes:
        samples: the training samples that fit `max_length`.
        left_out: how many do not.
        validation: the validation samples that fit.
        validation_left_out: how many do not.
        rows: how many rows all samples make.
        part: the optimizer steps of this round.
        read: the numbers of the samples in each row that this round reads, one row after the other.
        tokens: of all samples.
        learnt: those of them that carry loss.
        response_tokens: tokens that carry loss in `read`.
    """

    samples: list[Tokens]
    left_out: int
    validation: list[Tokens]
    validation_left_out: int
    rows: int
    part: Part
    read: list[list[int]]
    tokens: int
    learnt: int
    response_tokens: int


def read_shard(shard: Shard, params: Params, tokenizer: Any) -> ShardData:
    """Reads a shard and lays it in rows.

    Raises:
        UserError: a file can't be read, is empty or has no sample that fits, or a round would have no step.
    """
    settings, codec = params.platform(shard), params.train.codec
    samples, left_out = _tokens(params, tokenizer, shard)
    validation = load_samples(shard.data / "validation.parquet", codec)
    validation_tokens = fit([tokenize(tokenizer, sample, codec) for sample in validation], settings.max_length)
    lengths = [len(sample.input_ids) for sample in samples]
    learnt = [len(sample.input_ids) - sample.prompt_length for sample in samples]
    rows = pack(lengths, settings.max_length) if params.train.packing else [[i] for i in range(len(samples))]
    part = part_of_round(len(rows), settings, params)
    order = row_order(len(rows), settings.epochs, params.train.seed)
    read = [rows[number] for number in order[part.first * settings.rows_a_step : part.end * settings.rows_a_step]]
    return ShardData(
        samples=samples,
        left_out=left_out,
        validation=validation_tokens,
        validation_left_out=len(validation) - len(validation_tokens),
        rows=len(rows),
        part=part,
        read=read,
        tokens=sum(lengths),
        learnt=sum(learnt),
        response_tokens=sum(learnt[number] for row in read for number in row),
    )


def _tokens(params: Params, tokenizer: Any, shard: Shard) -> tuple[list[Tokens], int]:
    """The shard's training samples that fit, and how many were left out."""
    settings = params.platform(shard)
    samples = load_samples(shard.data / "train.parquet", params.train.codec, settings.max_samples)
    if not samples:
        raise UserError(f"{shard.data}/train.parquet: the shard is empty. Prepare more briefs.")
    silent = not PartialState().is_main_process
    progress = tqdm(samples, desc=f"{shard.data}", unit=" samples", delay=5, disable=silent)  # a minute for 80,000
    tokens = [tokenize(tokenizer, sample, params.train.codec) for sample in progress]
    kept = fit(tokens, settings.max_length)
    return kept, len(tokens) - len(kept)
