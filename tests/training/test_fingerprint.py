"""Tests for housebrain.training.fingerprint: which settings make a training another one."""

from pathlib import Path
from typing import Any

import pytest

from conftest import REPOSITORY
from housebrain.params import Params, Platform, Train, load_params
from housebrain.shard import Shard
from housebrain.training import fingerprint
from housebrain.training.fingerprint import result_key, training_key

# By setting: a value that is not the one in params.yaml.
WEIGHTLESS = {"validity_samples": 9, "keep_checkpoints": 9, "log_steps": 9, "eval_steps": 9, "save_steps": 9}
DECISIVE = {
    "codec": "coordinates",
    "seed": 9,
    "batch_size": 9,
    "gradient_accumulation": 9,
    "epochs": 9,
    "learning_rate": 9.0,
    "warmup_share": 0.9,
    "max_length": 9,
    "max_samples": 9,
    "precision": "bf16",
    "quantize_4bit": True,
}


@pytest.fixture
def made_from(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The fingerprint of shard 1 under some settings, with made-up data."""
    for name in ("sha256_file", "tokenizer_hash", "verified_init"):
        monkeypatch.setattr(fingerprint, name, lambda path: Path(path).name)

    def of(params: Params) -> dict[str, Any]:
        return fingerprint.fingerprint(Shard(1), params)

    return of


def changed(**values: Any) -> Params:
    """params.yaml with other values in `train` and `platforms.local`."""
    params = load_params(REPOSITORY / "params.yaml")
    train = params.train.model_copy(update={k: v for k, v in values.items() if k in Train.model_fields})
    local = params.platforms["local"].model_copy(update={k: v for k, v in values.items() if k in Platform.model_fields})
    return params.model_copy(update={"train": train, "platforms": params.platforms | {"local": local}})


def test_every_setting_of_a_training_is_decided_on() -> None:
    assert WEIGHTLESS.keys() | DECISIVE.keys() == Train.model_fields.keys() | Platform.model_fields.keys()


@pytest.mark.parametrize("name", WEIGHTLESS)
def test_what_changes_no_weight_finds_the_checkpoints_and_makes_another_result(name: str, made_from: Any) -> None:
    before, after = made_from(changed()), made_from(changed(**{name: WEIGHTLESS[name]}))
    assert training_key(before) == training_key(after)
    assert result_key(before) != result_key(after)


@pytest.mark.parametrize("name", DECISIVE)
def test_what_changes_the_weights_makes_another_training(name: str, made_from: Any) -> None:
    before, after = made_from(changed()), made_from(changed(**{name: DECISIVE[name]}))
    assert training_key(before) != training_key(after)


def test_names_and_other_workers_settings_are_in_no_key(made_from: Any) -> None:
    params = changed()
    workers = {key: worker.model_copy(update={"name": f"new {key}"}) for key, worker in params.workers.items()}
    colab = params.platforms["colab"].model_copy(update={"epochs": 9})
    other = params.model_copy(update={"workers": workers, "platforms": params.platforms | {"colab": colab}})
    assert training_key(made_from(params)) == training_key(made_from(other))
    assert result_key(made_from(params)) == result_key(made_from(other))
