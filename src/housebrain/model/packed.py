"""Packed rows: several samples in one row of tokens, none of which sees another.

A micro-batch is one row `[1, tokens]` without padding. What all its prompts begin with, such as the system message, is
laid once, and every sample goes on from there: with the same weights it comes to the same keys and values. So positions
run through the prefix and the first sample, and start again after the prefix at each further one.
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
    sliding_window: int | None = None,
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
        sliding_window: how many tokens each sees, itself among them; all before it where left out.
        options: for `sdpa`.

    Returns:
        [1, tokens, heads, d], and no weights.
    """
    if packed is None:
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, scaling=scaling, dropout=dropout, **options
        )
    groups = getattr(module, "num_key_value_groups", 1)  # models without it have as many key heads as heads
    # Split once, not sliced: the gradients of the parts are laid together in one pass.
    parts = [x.split(packed, dim=2) for x in (query, repeat_kv(key, groups), repeat_kv(value, groups))]
    prefix, *samples = zip(*parts, strict=True)
    outputs = []
    for sample in samples:
        q, k, v = (torch.cat(pair, dim=2) for pair in zip(prefix, sample, strict=True))
        mask = None
        if sliding_window is not None and q.shape[2] > sliding_window:
            square = torch.ones(q.shape[2], q.shape[2], dtype=torch.bool, device=q.device)
            mask = square.tril() & square.triu(1 - sliding_window)
        # A mask takes twice the time, and is needed only by samples that are longer than the window.
        outputs.append(
            scaled_dot_product_attention(q, k, v, mask, dropout_p=dropout, is_causal=mask is None, scale=scaling)
        )
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
