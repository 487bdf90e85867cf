"""How many samples fit a GPU at once, by what a step keeps in its memory.

For the backward pass a block keeps, a token: of its width (hidden size) its input and what is between attention and
the rest, both normalized, each norm's input and output in float32, query, key and value with as many heads as the
query, and attention's output: 16 in all, counted in half precision's 2 bytes. Of the feed-forward part's width it keeps
the gate, its activation, what it is multiplied with, and the product: 4. Compiled blocks keep 8 and 3. The output layer
takes, for each token that is learnt, 16 bytes an entry of the vocabulary: logits in half precision and in float32,
their softmax, and two gradients.

So the samples at once are what is left of the memory beside the base, less a tenth, over

    length x layers x (16 hidden + 4 feed-forward) x 2 bytes  +  learnt x 16 x vocabulary

`docs/production.md` has the figures for a T4.
"""

from typing import Any

BYTES = 2  # of half precision; float32 takes twice as much
OF_HIDDEN, OF_FEED_FORWARD = 16, 4
OF_VOCABULARY = 16  # bytes, whatever the precision
USED = 0.9  # of the memory: allocations leave gaps
CPU_TOKENS = 4096  # at once on a CPU: more do not make its products faster


def bytes_a_sample(config: Any, length: int, learnt: int, precision: str) -> int:
    """What a step keeps in memory for each sample at once.

    Args:
        config: the base's.
        length: tokens of a row.
        learnt: those of them that carry loss.
        precision: `fp32`, `fp16` or `bf16`.
    """
    text = config.get_text_config(decoder=True)
    hidden = text.hidden_size
    width = OF_HIDDEN * hidden + OF_FEED_FORWARD * getattr(text, "intermediate_size", 4 * hidden)
    kept = length * text.num_hidden_layers * width * BYTES * (2 if precision == "fp32" else 1)
    return int(kept + learnt * OF_VOCABULARY * text.vocab_size)


def samples_at_once(free_bytes: int, config: Any, length: int, learnt: int, precision: str) -> int:
    """How many samples a micro-batch can have, from 1; see above.

    Args:
        free_bytes: of the GPU, with the base on it.
        config: the base's.
        length: tokens of the longest sample.
        learnt: tokens that carry loss, of the sample with the most.
        precision: of the base.
    """
    return max(1, int(USED * free_bytes) // bytes_a_sample(config, length, learnt, precision))
