"""Tests for housebrain.supervision.rates: hours come from measurements, or there are none."""

from typing import Any

import pytest

from conftest import REPOSITORY
from housebrain.files import read_json
from housebrain.params import Params, load_params
from housebrain.shard import Shard
from housebrain.supervision.rates import RATES, hours

H100 = "NVIDIA H100 80GB HBM3"


def planned(card: str = H100, base: str = "smollm2-135m", **platform: Any) -> Params:
    """The project's settings, with worker 1 on a platform of that card."""
    params = load_params(REPOSITORY / "params.yaml")
    settings = params.platforms["colab"].model_copy(update={"precision": "bf16"} | platform)
    return params.model_copy(
        update={
            "base": base,
            "platforms": {"gpu": settings},
            "workers": {"1": params.workers["1"].model_copy(update={"platform": "gpu"})},
            "supervision": params.supervision.model_copy(update={"cards": {"gpu": card}}),
        }
    )


def test_rates_are_those_that_were_measured() -> None:
    for rate in RATES:
        measured = read_json(REPOSITORY / rate.source)
        setting, result = measured["setting"], measured["results"]["graphed"]
        assert rate.card == setting["card"]
        assert rate.tokens_per_second == pytest.approx(result["tokens_per_second"], rel=1e-4)
        assert rate.tokens_a_sample == pytest.approx(setting["tokens"] / setting["samples"], rel=1e-3)


def test_a_measured_card_has_hours() -> None:
    assert hours(5120, Shard(1), planned()) == pytest.approx(12.84 / 3600, rel=1e-3)


@pytest.mark.parametrize(
    "params",
    [
        planned(card="Tesla T4"),
        planned(base="qwen2.5-1.5b-instruct"),
        planned(precision="fp16"),
        planned(quantize_4bit=True),
        load_params(REPOSITORY / "params.yaml"),
    ],
    ids=["card", "base", "precision", "4 bits", "no card"],
)
def test_what_was_not_measured_has_none(params: Params) -> None:
    assert hours(5120, Shard(1), params) is None
