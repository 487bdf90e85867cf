"""Models' answers and losses for `evaluate`, by actors of a cluster.

Each is asked in the batches in which this machine would ask. Replies go into the same cache as this machine's: what was
answered before a cluster or the command died is not asked again.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

from tqdm import tqdm

from housebrain.cluster.actors import OnNode, files_of, folders_of, start_actors
from housebrain.cluster.connect import address_given, connected
from housebrain.evaluation.cache import Answers, Loss
from housebrain.evaluation.evaluate import Asked, Content, Elsewhere, load_asked, reply
from housebrain.model.loading import load_tokenizer
from housebrain.params import Params

CHUNKS = 4  # of questions for every actor, so that all end at about the same time


class _Answering(OnNode):
    """An actor that is asked for losses and answers; the arguments are those of `OnNode`."""

    def __init__(self, params: Params, sent_from: Path) -> None:
        super().__init__(params, sent_from)
        self.limit = params.evaluate.max_new_tokens
        self.tokenizer = load_tokenizer(self.base)

    def replies(self, number: int, adapters: list[Any], contents: list[Content]) -> tuple[int, list[Loss | Answers]]:
        """Of one model to each of `contents`, with the chunk's number. `adapters` are handles of their files."""
        import ray

        with folders_of(ray.get(adapters)) as folders:
            model = load_asked(self.base, folders)
            return number, [reply(model, self.tokenizer, content, self.limit) for content in contents]


class _Actors:
    """As `Elsewhere`: the actors of the cluster that this process is connected to."""

    def __init__(self, params: Params) -> None:
        self._actors, self.device = start_actors(_Answering, params)

    def replies(self, asked: list[Asked]) -> Iterator[tuple[Asked, Loss | Answers]]:
        """The questions of one model go to an actor in chunks."""
        import ray
        from ray.util import ActorPool

        size = max(1, -(-len(asked) // (CHUNKS * len(self._actors))))
        chunks: list[tuple[list[Any], list[Asked]]] = []
        for adapters, of_model in groupby(asked, key=lambda one: one.adapters):
            questions, files = list(of_model), [ray.put(files_of(adapter)) for adapter in adapters]
            chunks += [(files, questions[first : first + size]) for first in range(0, len(questions), size)]

        def start(actor: Any, number: int) -> Any:
            files, questions = chunks[number]
            return actor.replies.remote(number, files, [one.content for one in questions])

        with tqdm(total=len(asked), desc="ray", unit=" replies", leave=False, file=sys.stderr) as progress:
            for number, replies in ActorPool(self._actors).map_unordered(start, range(len(chunks))):
                progress.update(len(replies))
                yield from zip(chunks[number][1], replies, strict=True)


@contextmanager
def elsewhere(params: Params) -> Iterator[Elsewhere | None]:
    """Where models are asked as `evaluate.engine` says: on the cluster that RAY_ADDRESS names, or None for here."""
    if params.evaluate.engine == "local":
        yield None
        return
    with connected(address_given()):
        yield _Actors(params)
