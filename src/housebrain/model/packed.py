"""Samples laid out for the model: all in one packed row, or each in a row of its own that is filled up.

A packed micro-batch is one row `[1, tokens]` without padding, none of whose samples sees another. What all its prompts
begin with, such as the system message, is laid once, and every sample goes on from there: with the same weights it
comes to the same keys and values. So positions run through the prefix and the first sample, and start again after the
prefix at each further one. That is the least arithmetic, and so the fastest on a CPU.

Rows of their own are `[samples, width]` with few widths: a few large kernels, always of the same shapes, which is what
keeps a GPU busy.
"""

from itertools import pairwise, takewhile
from typing import Any, NamedTuple

import torch
from torch.nn.functional import scaled_dot_product_attention
from torch.nn.utils.rnn import pad_sequence
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.integrations.sdpa_attention import repeat_kv, sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from housebrain.language.tokens import Tokenized, Tokens

IGNORED = -100  # labels that carry no loss
ATTENTION = "packed_sdpa"  # the name that transformers knows `packed_attention` by


class Batch(NamedTuple):
    """A micro-batch: `input_ids`, `position_ids` and `labels`, each int64 [1, tokens]; the samples' numbers [n]."""

    input_ids: torch.Tensor
    position_ids: torch.Tensor
    labels: torch.Tensor
    samples: torch.Tensor


class Rows(NamedTuple):
    """A micro-batch with each sample in a row of its own.

    Attributes:
        input_ids: [rows, width], filled up on the right.
        places: int64 [rows, learnt], the places that the tokens which carry loss are predicted from, filled up with 0.
        labels: int64 [rows, learnt], those tokens, filled up with `IGNORED`.
    """

    input_ids: torch.Tensor
    places: torch.Tensor
    labels: torch.Tensor


def shared_prefix(samples: list[Tokens]) -> int:
    """The number of tokens that all prompts begin with; 0 for one sample alone.

    Each sample keeps a token of its prompt to itself: its first answer token is predicted from there.
    """
    if len(samples) < 2:
        return 0
    columns = zip(*(sample.input_ids[: sample.prompt_length - 1] for sample in samples), strict=False)
    return sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, columns))


def collate(samples: Tokenized, rows: list[list[int]]) -> Batch:
    """Lays the samples of all `rows` end to end, after the prefix that they share.

    Rows without a sample make a batch without loss, for a process that is left without work where others have some.
    """
    numbers = [number for row in rows for number in row]
    laid = [samples[number] for number in numbers or [0]]
    prefix = shared_prefix(laid)
    input_ids = laid[0].input_ids[:prefix]
    position_ids = list(range(prefix))
    labels = [IGNORED] * prefix
    for sample in laid:
        input_ids += sample.input_ids[prefix:]
        position_ids += range(prefix, len(sample.input_ids))
        labels += [IGNORED] * (sample.prompt_length - prefix) + sample.input_ids[sample.prompt_length :]
    if not numbers:
        labels = [IGNORED] * len(labels)
    return Batch(torch.tensor([input_ids]), torch.tensor([position_ids]), torch.tensor([labels]), torch.tensor(numbers))


def in_rows(samples: Tokenized, numbers: list[int], rows: int, width: int) -> Rows:
    """Lays samples in rows of their own; the rows that they leave carry no loss.

    Args:
        samples: tokenized.
        numbers: of the samples to lay, at most `rows`.
        rows: how many there are.
        width: of each, in tokens; no sample is longer.
    """
    laid = [samples[number] for number in numbers]
    learnt = max((len(sample.input_ids) - sample.prompt_length for sample in laid), default=1)
    input_ids = torch.zeros(rows, width, dtype=torch.int64)
    places = torch.zeros(rows, learnt, dtype=torch.int64)
    labels = torch.full((rows, learnt), IGNORED)
    for row, sample in enumerate(laid):
        ids, first = torch.tensor(sample.input_ids), sample.prompt_length
        input_ids[row, : len(ids)] = ids
        places[row, : len(ids) - first] = torch.arange(first - 1, len(ids) - 1)
        labels[row, : len(ids) - first] = ids[first:]
    return Rows(input_ids, places, labels)


def layout(position_ids: torch.Tensor) -> list[int]:
    """The tokens of the prefix, then those that each sample adds to it, from a row's positions [1, tokens]."""
    starts = (position_ids[0].diff() != 1).nonzero()[:, 0] + 1
    prefix = int(position_ids[0, starts[0]]) if len(starts) else 0
    borders = [prefix, *starts.tolist(), position_ids.shape[1]]
    return [prefix, *(end - start for start, end in pairwise(borders))]


def packed_attention(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    packed: list[int] | None = None,
    scaling: float | None = None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    **options: Any,
) -> tuple[torch.Tensor, None]:
    """Attention for a packed row, one sample with the prefix at a time: small causal squares instead of a masked one.

    Rows of their own come with a mask of no size: all their squares are one call.

    Args:
        module: the attention layer.
        query: [rows, heads, tokens, d]; of a packed row, [1, heads, tokens, d].
        key: [rows, key heads, tokens, d].
        value: like `key`.
        attention_mask: of rows as transformers pads them, for its own `sdpa`; of no size for the others.
        packed: the `layout` of a packed row.
        scaling: of the products.
        dropout: of the weights.
        sliding_window: how many tokens each sees, itself among them; all before it where left out.
        options: for `sdpa`.

    Returns:
        [rows, tokens, heads, d], and no weights.
    """
    if attention_mask is None or attention_mask.shape[-1]:
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, scaling=scaling, dropout=dropout, **options
        )
    groups = getattr(module, "num_key_value_groups", 1)  # models without it have as many key heads as heads
    key, value = repeat_kv(key, groups), repeat_kv(value, groups)

    def square(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        mask = None
        if sliding_window is not None and q.shape[2] > sliding_window:
            ones = torch.ones(q.shape[2], q.shape[2], dtype=torch.bool, device=q.device)
            mask = ones.tril() & ones.triu(1 - sliding_window)
        # A mask takes twice the time, and is needed only by samples that are longer than the window.
        return scaled_dot_product_attention(q, k, v, mask, dropout_p=dropout, is_causal=mask is None, scale=scaling)

    if packed is None:
        return square(query, key, value).transpose(1, 2).contiguous(), None
    # Split once, not sliced: the gradients of the parts are laid together in one pass.
    parts = [x.split(packed, dim=2) for x in (query, key, value)]
    prefix, *samples = zip(*parts, strict=True)
    outputs = [square(*(torch.cat(pair, dim=2) for pair in zip(prefix, sample, strict=True))) for sample in samples]
    # The prefix comes out the same from every sample: the first's is kept.
    output = torch.cat([outputs[0], *(x[:, :, packed[0] :] for x in outputs[1:])], dim=2)
    return output.transpose(1, 2).contiguous(), None


def is_packing(model: Any) -> bool:
    """Whether a model, wrapped or not, keeps the samples of a row apart: it was loaded with `packed_attention`."""
    config = getattr(model, "module", model).config  # that of processes which train together hides what it wraps
    return bool(config.get_text_config()._attn_implementation == ATTENTION)


def apart(row: torch.Tensor, packed: list[int], filling: int) -> torch.Tensor:
    """The samples of a packed row in rows of their own, [samples, tokens], each with the prefix.

    Args:
        row: [1, tokens].
        packed: its `layout`.
        filling: what shorter samples are filled up with, on the right.
    """
    prefix, *samples = row[0].split(packed)
    alone = [torch.cat([prefix, sample]) for sample in samples]
    return pad_sequence(alone, batch_first=True, padding_value=filling)


AttentionInterface.register(ATTENTION, packed_attention)
AttentionMaskInterface.register(ATTENTION, sdpa_mask)
