"""How fast cards train, as measured, for the plan of a round. What was not measured is not guessed."""

from typing import NamedTuple

from housebrain.params import Params
from housebrain.shard import Shard


class Rate(NamedTuple):
    """What one card of a kind was measured at.

    Attributes:
        card: its name, as `torch.cuda.get_device_name` has it.
        precision: of the training.
        base: as params.yaml names it.
        codec: of the answers.
        tokens_per_second: prompts' and answers', without what rows are filled up with and without start and compiling.
        tokens_a_sample: of the samples that were trained on, in the mean.
        source: the file with the measurement.
    """

    card: str
    precision: str
    base: str
    codec: str
    tokens_per_second: float
    tokens_a_sample: float
    source: str


RATES = (Rate("NVIDIA H100 80GB HBM3", "bf16", "smollm2-135m", "tree", 160_409, 402.3, "bench/results/gpu_speed.json"),)


def hours(samples: int, shard: Shard, params: Params) -> float | None:
    """How long one card of a worker computes for `samples`, if they are as long as those that were measured.

    Args:
        samples: counted as often as they are read.
        shard: the worker's.
        params: all of params.yaml.

    Returns:
        None where the worker's card was not measured with this base and these settings.
    """
    settings = params.platform(shard)
    if settings.quantize_4bit:
        return None
    card = params.supervision.cards.get(params.worker(shard).platform)
    asked = (card, settings.precision, params.base, params.train.codec)
    for rate in RATES:
        if asked == (rate.card, rate.precision, rate.base, rate.codec):
            return samples * rate.tokens_a_sample / rate.tokens_per_second / 3600
    return None
