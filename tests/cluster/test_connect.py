"""Clusters that are not there."""

import pytest

from housebrain.cluster.connect import connected
from housebrain.errors import UserError


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
