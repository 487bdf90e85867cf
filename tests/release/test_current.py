"""Tests for housebrain.release.current: who answers where nobody is named."""

import shutil
from pathlib import Path

import pytest

from housebrain.errors import UserError
from housebrain.evaluation.names import MERGED
from housebrain.files import read_json, write_json
from housebrain.model.released import FOLDER, LINEAGE, released_adapter
from housebrain.params import Params
from housebrain.release.champion import choose
from housebrain.release.current import current
from release.conftest import register_round


@pytest.fixture
def released(evaluated_round: Path) -> Path:
    """An adapter that came with the project."""
    shutil.copytree("models/shards/1", FOLDER)
    write_json(FOLDER / LINEAGE, {"base": "nobody/tiny", "base_revision": "0", "codec": "tree"})
    return FOLDER


def test_the_champion_comes_before_the_released_adapter(released: Path, params: Params) -> None:
    version = register_round(params)[MERGED]
    assert current(params).adapter == released
    choose(MERGED, params, force=True)
    found = current(params)
    assert found.adapter == Path("models/merged")
    assert found.about == f"the champion, version {version.number} (merged)"


def test_the_champions_own_base_is_taken(released: Path, params: Params) -> None:
    register_round(params)
    choose(MERGED, params, force=True)
    other = params.bases["tiny"].model_copy(update={"revision": "1"})
    found = current(params.model_copy(update={"base": "other", "bases": {**params.bases, "other": other}}))
    assert found.params.base == "tiny"


@pytest.mark.parametrize("key", ["base", "base_revision", "codec"])
def test_a_released_adapter_for_something_else_is_not_taken(released: Path, params: Params, key: str) -> None:
    assert released_adapter(params) == released
    write_json(released / LINEAGE, read_json(released / LINEAGE) | {key: "another"})
    assert released_adapter(params) is None
    with pytest.raises(UserError, match="no released adapter"):
        current(params)


def test_a_released_adapter_that_says_nothing_of_its_base_is_an_error(released: Path, params: Params) -> None:
    write_json(released / LINEAGE, {})
    with pytest.raises(UserError, match=r"lineage\.json: it does not say for which base"):
        released_adapter(params)


def test_without_weights_there_is_none(released: Path, params: Params) -> None:
    (released / "adapter_model.safetensors").unlink()
    assert released_adapter(params) is None
