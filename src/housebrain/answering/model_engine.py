"""Houses by a model: answered under the brief's grammar, finished to the rules, ranked by score."""

from collections.abc import Callable
from typing import Any

from housebrain.answering.alternatives import topology
from housebrain.answering.designer import Designer
from housebrain.answering.engine import SPREAD, Changed, House
from housebrain.house.brief import Brief
from housebrain.rules.score import score

TRIES = 2  # answers for each house wanted: some come out alike


class ModelEngine:
    """A model that answers, by whatever library.

    Args:
        designer: the model.
        about: what it is: see `Engine`.
    """

    def __init__(self, designer: Designer, about: dict[str, Any]) -> None:
        self.designer = designer
        self.name = designer.writer.name
        self.about = {"engine": self.name, **about}

    def houses(self, brief: Brief, count: int, seed: int, temperature: float, check: Callable[[], None]) -> list[House]:
        found: dict[str, House] = {}
        for number in range(count * TRIES if count > 1 else 1):
            check()
            heat = temperature if number == 0 else max(temperature, SPREAD)
            designed = self.designer.design(brief, heat, seed + number, check)
            finished = designed.finished
            house = House(
                finished.design,
                score(finished.design, brief),
                "solver" if finished.replaced else "model",
                Changed(finished.replaced, finished.edits, finished.moved_ft, finished.too_small),
                designed.tokens,
            )
            found.setdefault(topology(finished.design), house)
            if len(found) == count:
                break
        return sorted(found.values(), key=lambda house: -house.score.total)
