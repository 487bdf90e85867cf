"""Models asked on a real Ray cluster: the same answers and losses as here, each asked for once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cluster.nodes import nodes
from conftest import REPOSITORY, MakeSamples
from evaluation.conftest import adapter_like
from housebrain.cluster.answers import elsewhere
from housebrain.cluster.losses import validation_losses
from housebrain.evaluation.cache import Answers, Cache, Loss
from housebrain.evaluation.evaluate import Asked, Evaluator, evaluate
from housebrain.evaluation.names import BASE, MERGED, OF_THE_MACHINE
from housebrain.language.samples import load_samples
from housebrain.model.base import ensure_base
from housebrain.model.preflight import examine
from housebrain.params import Params, load_params
from project import TINY, put_base

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.alone]


class Nobody:
    """Machines that must not be asked."""

    device = "cpu"

    def replies(self, asked: list[Asked]) -> Iterator[tuple[Asked, Loss | Answers]]:
        assert not asked
        return iter(())


@pytest.fixture
def params(tmp_path: Path, tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> Params:
    """The shipped settings, shrunk, in a folder with the tiny model as the base."""
    put_base(tmp_path, tiny_base)
    examine(tmp_path / "models/base/tiny")  # as `housebrain base` does: what it finds is among the base's files
    monkeypatch.chdir(tmp_path)
    shipped = load_params(REPOSITORY / "params.yaml")
    changed = {"briefs": 5, "guided_briefs": 3, "max_new_tokens": 24, "batch_size": 2}
    evaluation = shipped.evaluate.model_copy(update=changed)
    return shipped.model_copy(update={"base": "tiny", "bases": {"tiny": TINY}, "evaluate": evaluation})


def on_ray(params: Params) -> Params:
    return params.model_copy(update={"evaluate": params.evaluate.model_copy(update={"engine": "ray"})})


def measured(evaluated: dict[str, Any]) -> Any:
    """All but what differs from one measurement to the next."""
    return {
        name: (
            {key: value for key, value in one.metrics.items() if key not in OF_THE_MACHINE},
            [(answer.loss, answer.answer) for answer in one.answers],
            [(guided.sample.id, guided.answer) for guided in one.guided],
        )
        for name, one in evaluated.items()
    }


def test_a_cluster_answers_as_this_machine_does_and_once(
    params: Params, tiny_init: Path, make_samples: MakeSamples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["shard 1", "shard 2", MERGED]
    adapters = {name: adapter_like(tiny_init, tmp_path / "models" / name, seed) for seed, name in enumerate(names)}
    test = make_samples(tmp_path / "test.parquet", 6)
    cache = Cache(tmp_path / "answers")
    samples = load_samples(make_samples(tmp_path / "validation.parquet", 7, first=8))
    with nodes(2) as cluster:
        monkeypatch.setenv("RAY_ADDRESS", cluster.address)
        with elsewhere(on_ray(params)) as machines:
            found = evaluate(Evaluator(params, test, cache, machines), adapters)
        with validation_losses(on_ray(params), ensure_base(params), samples) as losses_of:
            losses = losses_of(adapters[MERGED])
    assert measured(evaluate(Evaluator(params, test, cache, Nobody()), adapters)) == measured(found)
    here = evaluate(Evaluator(params, test, Cache(tmp_path / "here")), adapters)
    assert measured(here) == measured(found)
    assert len({one.metrics["eval_loss"] for one in found.values()}) == len([BASE, *adapters])
    with validation_losses(params, ensure_base(params), samples) as losses_of:
        assert losses_of(adapters[MERGED]) == losses
    assert len(losses) == 7
