"""What a house costs to build: its quantities at the rates of its region, by trade.

A design keeps the sum of each trade only; `bill.py` has every line of it, floor by floor.
"""

from typing import NamedTuple

from housebrain.house.brief import Brief
from housebrain.house.design import Cost, CostLine, Design, Level, Materials, Quality, Site
from housebrain.rules.quantities import ITEMS, Quantities, measure, total
from housebrain.rules.rates import QUALITIES, Rates, factors, rates_of

OVERHEADS, SERVICES, CONTINGENCY = "overheads", "services", "contingency"


class Shares(NamedTuple):
    """What comes on top of the items: site set-up, fees, and what nobody foresaw; in the currency of the items."""

    overheads: float
    services: float
    contingency: float


def on_top(items: float, rates: Rates) -> Shares:
    """The shares of a sum of items."""
    overheads = items * rates.overheads
    services = (items + overheads) * rates.services
    return Shares(overheads, services, (items + overheads + services) * rates.contingency)


def trade_sums(whole: Quantities, rates: Rates, factor_of: dict[str, float], quality: Quality) -> dict[str, float]:
    """What each trade costs in the region's currency; overheads, services and contingency last."""
    unit = rates.unit[quality]
    sums: dict[str, float] = {}
    for item, (trade, _) in ITEMS.items():
        amount = whole[item] * unit[item] * factor_of.get(item, 1.0)
        sums[trade] = sums.get(trade, 0.0) + amount
    return sums | on_top(sum(sums.values()), rates)._asdict()


def priced(design: Design, brief: Brief) -> Design:
    """A design with the cost of its own quality, whatever cost it came with."""
    own = brief.model_copy(update={"choices": {**brief.choices, "quality": design.quality}})
    _, cost = choose_quality(design.levels, design.materials, design.site, own)
    return design.model_copy(update={"cost": cost})


def choose_quality(levels: tuple[Level, ...], materials: Materials, site: Site, brief: Brief) -> tuple[Quality, Cost]:
    """The quality that the brief chose, or the best that its budget pays for, and its cost.

    It is `basic` where the budget pays for none.
    """
    whole = total(measure(levels))
    rates = rates_of(brief.region, brief.city)
    factor_of = factors(rates, materials, site, len(levels) - 1)
    qualities = [quality for quality in QUALITIES if brief.choices.get("quality", quality) == quality]
    for quality in reversed(qualities):
        sums = trade_sums(whole, rates, factor_of, quality)
        usd = {trade: round(amount / rates.per_usd, 2) for trade, amount in sums.items()}
        # As the design has it: a house is within a budget that is its own price.
        total_usd = round(sum(usd.values()), 2)
        if total_usd <= brief.budget_usd:
            break
    lines = tuple([CostLine(item=trade, usd=amount) for trade, amount in usd.items()])
    return quality, Cost(total_usd=total_usd, currency=rates.currency, per_usd=rates.per_usd, lines=lines)
