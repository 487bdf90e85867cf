"""Clusters that are not there."""

import pytest

from housebrain.cluster.connect import connected
from housebrain.errors import IncompleteError, UserError


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("127.0.0.1:1", "127.0.0.1:1: nothing answers there"),
        ("somewhere", "somewhere: no address of a Ray cluster"),
        ("ray://127.0.0.1:", "no address of a Ray cluster"),
    ],
)
def test_an_address_without_a_cluster_is_one_line_at_once(address: str, message: str) -> None:
    with pytest.raises(UserError, match=message), connected(address):
        pass


@pytest.mark.parametrize(("kind", "status"), [(UserError, 1), (IncompleteError, 75)])
def test_what_a_node_refuses_is_said_in_its_own_words(
    kind: type[UserError], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ray hands it back as an error of both kinds, whose words are the node's traceback."""
    ray = pytest.importorskip("ray")
    monkeypatch.setattr(ray, "init", lambda **_: None)
    monkeypatch.setattr(ray, "shutdown", lambda: None)
    refused = ray.exceptions.RayTaskError("f", "Traceback ...", kind("x: no adapter. Mend it."), "ray::f", 1, "::1")
    with pytest.raises(kind) as caught, connected("local"):
        raise refused.as_instanceof_cause()
    assert str(caught.value) == "x: no adapter. Mend it."
    assert caught.value.status == status
    other = ray.exceptions.RayTaskError("f", "Traceback ...", KeyError("x"), "ray::f", 1, "::1")
    with pytest.raises(ray.exceptions.RayTaskError), connected("local"):
        raise other.as_instanceof_cause()
