"""The loss of a model on samples: cross entropy in nats, over the tokens of the answers alone."""

from typing import Any

import torch
from torch.nn.functional import cross_entropy

from housebrain.language.tokens import Tokenized
from housebrain.model.packed import IGNORED, Batch, Rows, apart, collate, is_packing, layout


def token_losses(
    model: torch.nn.Module, input_ids: torch.Tensor, position_ids: torch.Tensor, labels: torch.Tensor
) -> torch.Tensor:
    """Cross entropy, in nats, of every token that carries loss, float32 [n].

    Logits are computed only where there is a label: the output layer is a fifth of a small model's work, and more
    than half of the tokens are prompt. A model that would mix the samples of a row gets each in a row of its own.

    Args:
        model: loaded by `load_base`, with or without an adapter. It is called once: processes that train together
            wait for each other in every call.
        input_ids: of a batch, as the others.
        position_ids: tell where samples begin.
        labels: [1, tokens].
    """
    packed = layout(position_ids)
    if not is_packing(model):
        return _losses_apart(model, apart(input_ids, packed, 0), apart(labels, packed, IGNORED))
    targets = (labels[0] != IGNORED).nonzero()[:, 0]
    logits = model(
        input_ids=input_ids,
        position_ids=position_ids,
        # A mask in four dimensions is handed on as it is. Of no size, it fails wherever it would be used.
        attention_mask=position_ids.new_empty(1, 1, 0, 0),
        packed=packed,
        use_cache=False,
        logits_to_keep=targets - 1,
    ).logits[0]
    return cross_entropy(logits.float(), labels[0, targets], reduction="none")


def row_losses(model: torch.nn.Module, rows: Rows) -> torch.Tensor:
    """Cross entropy, in nats, of every place of `rows.labels`, float32 [rows x learnt]; 0 where none is learnt.

    Nothing here waits for a GPU: all sizes are known before the model is called.
    """
    logits = model(
        input_ids=rows.input_ids,
        # Of no size, as for a packed row: a mask is what would make transformers look into the tokens.
        attention_mask=rows.input_ids.new_empty(1, 1, 0, 0) if is_packing(model) else None,
        use_cache=False,
        logits_to_keep=rows.places,
    ).logits
    return cross_entropy(logits.flatten(0, 1).float(), rows.labels.flatten(), ignore_index=IGNORED, reduction="none")


def batch_losses(model: torch.nn.Module, batch: Batch | Rows) -> torch.Tensor:
    """`token_losses` or `row_losses`, as the batch is laid out."""
    if isinstance(batch, Rows):
        return row_losses(model, batch)
    return token_losses(model, batch.input_ids, batch.position_ids, batch.labels)


def _losses_apart(model: torch.nn.Module, input_ids: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """As `token_losses`, of samples in rows of their own.

    Args:
        model: causal, so that it needs no mask for what follows a sample's end.
        input_ids: [samples, tokens], filled up on the right.
        labels: [samples, tokens].
    """
    sample, place = (labels != IGNORED).nonzero(as_tuple=True)
    kept, index = (place - 1).unique(return_inverse=True)
    logits = model(input_ids=input_ids, use_cache=False, logits_to_keep=kept).logits[sample, index]
    return cross_entropy(logits.float(), labels[sample, place], reduction="none")


def mean_loss(model: Any, samples: Tokenized) -> float:
    """Cross entropy in nats over all answer tokens of `samples`, each token counting the same."""
    total, count = summed_loss(model, samples)
    return total / count


def summed_loss(model: Any, samples: Tokenized) -> tuple[float, int]:
    """The sum of the cross entropy in nats over all answer tokens of `samples`, and their number."""
    was_training = model.training
    model.eval()
    total, count = 0.0, 0
    device = next(model.parameters()).device
    with torch.inference_mode():
        for number in range(len(samples)):
            batch = collate(samples, [[number]])
            losses = token_losses(
                model, batch.input_ids.to(device), batch.position_ids.to(device), batch.labels.to(device)
            )
            total += losses.sum().item()
            count += len(losses)
    model.train(was_training)
    return total, count
