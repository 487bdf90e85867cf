"""The ways to merge: a file a family, all of them in one registry."""

# Importing a family registers its strategies. They are listed, and tried, in this order: simple ones first.
# isort: off
from housebrain.merging.strategies.base import REGISTRY, Metrics, Strategy, about, strategy
from housebrain.merging.strategies.means import Average
from housebrain.merging.strategies.searched import Searched
from housebrain.merging.strategies.slerp import Slerp, inner_products
from housebrain.merging.strategies.aligned import Dare, Della, Ties
# isort: on

__all__ = [
    "REGISTRY",
    "Average",
    "Dare",
    "Della",
    "Metrics",
    "Searched",
    "Slerp",
    "Strategy",
    "Ties",
    "about",
    "inner_products",
    "strategy",
]
