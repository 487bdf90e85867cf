"""Actors' own side, without a cluster."""

from pathlib import Path

import pytest

from conftest import REPOSITORY
from housebrain.cluster import actors
from housebrain.cluster.actors import OnNode
from housebrain.params import Params, load_params


def test_a_node_makes_its_own_base_where_it_may_not_look_at_the_drivers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is too long is refused by the system as a closed folder is, to root too."""

    def made(params: Params) -> Path:
        return Path("models/base/made")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(actors, "SCRATCH", str(tmp_path / "scratch"))
    monkeypatch.setattr(actors, "ensure_base", made)
    node = OnNode(load_params(REPOSITORY / "params.yaml"), tmp_path / ("closed" * 100))
    assert node.base == tmp_path / "scratch/models/base/made"
