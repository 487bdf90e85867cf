"""Losses on validation samples for what `merge` tries out, by actors of a cluster: the samples are dealt among them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from housebrain.cluster.actors import Files, OnNode, files_of, folders_of, start_actors
from housebrain.cluster.connect import address_given, connected
from housebrain.language.answer import Codec
from housebrain.language.samples import Sample
from housebrain.merging.choose import LossOf, Validation
from housebrain.params import Params


class _Measuring(OnNode):
    """An actor that measures losses on validation samples; the other arguments are those of `OnNode`."""

    def __init__(self, params: Params, sent_from: Path, samples: list[Sample], codec: Codec) -> None:
        super().__init__(params, sent_from)
        self.validation = Validation(self.base, samples, codec)

    def losses(self, adapter: Files, which: slice) -> list[float]:
        """On some of the samples."""
        with folders_of([adapter]) as (folder,):
            assert folder is not None
            return self.validation.losses(folder, which)


@contextmanager
def validation_losses(params: Params, base: Path, samples: list[Sample]) -> Iterator[LossOf]:
    """The losses of adapters on samples, computed where `evaluate.engine` says: on a cluster, or here.

    Args:
        params: of the pipeline.
        base: the base model's folder.
        samples: from the validation split.
    """
    codec = params.train.codec
    if params.evaluate.engine == "local":
        yield Validation(base, samples, codec).losses
        return
    with connected(address_given()):
        import ray

        actors, _ = start_actors(_Measuring, params, samples, codec)
        size = -(-len(samples) // len(actors))
        parts = [slice(first, first + size) for first in range(0, len(samples), size)]

        def losses(adapter: Path) -> list[float]:
            files = ray.put(files_of(adapter))
            asked = [actor.losses.remote(files, which) for actor, which in zip(actors, parts, strict=False)]
            return [loss for part in ray.get(asked) for loss in part]

        yield losses
