"""Packed rows: several samples in one row of tokens, none of which sees another.

A micro-batch is one row `[1, tokens]` without padding. What all its prompts begin with, such as the system message, is
laid once, and every sample goes on from there: with the same weights it comes to the same keys and values. So positions
run through the prefix and the first sample, and start again after the prefix at each further one.
"""

from itertools import pairwise, takewhile
from typing import Any, NamedTuple

import torch
from torch.nn.functional import scaled_dot_product_attention
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
    **options: Any,
) -> tuple[torch.Tensor, None]:
    """Attention for a packed row, one sample with the prefix at a time: small causal squares instead of a masked one.

    Args:
        module: the attention layer.
        query: [1, heads, tokens, d].
        key: [1, key heads, tokens, d].
        value: like `key`.
        attention_mask: of rows that are not packed.
        packed: the row's `layout`; without one this is transformers' own `sdpa`.
        scaling: of the products.
        dropout: of the weights.
        options: for `sdpa`.

    Returns:
        [1, tokens, heads, d], and no weights.
    """
    if packed is None:
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, scaling=scaling, dropout=dropout, **options
        )
    groups = module.num_key_value_groups
    # Split once, not sliced: the gradients of the parts are laid together in one pass.
    parts = [x.split(packed, dim=2) for x in (query, repeat_kv(key, groups), repeat_kv(value, groups))]
    prefix, *samples = zip(*parts, strict=True)
    outputs = []
    for sample in samples:
        q, k, v = (torch.cat(pair, dim=2) for pair in zip(prefix, sample, strict=True))
        outputs.append(scaled_dot_product_attention(q, k, v, dropout_p=dropout, is_causal=True, scale=scaling))
    # The prefix comes out the same from every sample: the first's is kept.
    output = torch.cat([outputs[0], *(x[:, :, packed[0] :] for x in outputs[1:])], dim=2)
    return output.transpose(1, 2).contiguous(), None


AttentionInterface.register(ATTENTION, packed_attention)
AttentionMaskInterface.register(ATTENTION, sdpa_mask)
