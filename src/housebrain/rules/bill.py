"""The bill of a house: every quantity with its rate, by trade and by floor, held against the budget.

It is no part of a design, since it follows from one: a hundred lines would make a design's JSON twice as long, and
making them as long as solving some houses. Whoever shows a bill calls `bill`.
"""

import math

from housebrain.house.brief import Brief, Frozen
from housebrain.house.design import Design, Quality
from housebrain.rules.cost import CONTINGENCY, OVERHEADS, SERVICES, on_top, trade_sums
from housebrain.rules.plinth import plinth_cost
from housebrain.rules.quantities import ITEMS, Quantities, measure, total
from housebrain.rules.rates import QUALITIES, Rates, factors, rates_of

# A cut of area is named in these steps.
CUT_STEP_SQFT = 10
CENT = 0.01
# What of a house shrinks with its area, and what with the length of its walls.
_FLAT = (
    *("ground_slab", "frame", "floor_slab", "roof", "roof_cover", "paving"),
    *("window", "floor", "electrical", "conditioned"),
)
_UPRIGHT = (
    *("footing", "outer_wall", "inner_wall", "outer_finish", "roof_edge"),
    *("railing", "insulation", "plaster", "paint"),
)


class BillLine(Frozen):
    """One item of one floor; `floor` counts from the ground's 0, and is None for what belongs to the whole house.

    `rate` and `amount` are in the bill's currency; shares such as contingency have neither quantity nor rate.
    """

    trade: str
    floor: int | None
    item: str
    quantity: float | None = None
    unit: str = ""
    rate: float | None = None
    amount: float
    usd: float


class Bill(Frozen):
    """What a design costs, line by line.

    Attributes:
        region, city: whose rates these are; `city` is None where the region's own hold.
        currency, per_usd: of the amounts, and how much of it a US dollar buys.
        rates, year, source: the rate file, and where its rates are from.
        certainty: of `plinth` (rates by square foot), `rates` (unit rates) and `region` (its index): S read in a
            source, 2 second-hand, M estimated, unverified.
        quality: of the design.
        lines: item by item.
        total, total_usd: of all lines.
        plinth: what the plinth-area method comes to at the same rates.
        budget_usd: the brief's.
        cuts: what would bring the cost down to the budget, in words; empty where it is within.
    """

    region: str
    city: str | None
    currency: str
    per_usd: float
    rates: str
    year: int
    source: str
    certainty: dict[str, str]
    quality: Quality
    lines: tuple[BillLine, ...]
    total: float
    total_usd: float
    plinth: float
    budget_usd: float
    cuts: tuple[str, ...]

    @property
    def within_budget(self) -> bool:
        """Whether the budget pays for it. Each line is rounded, so a cent a line does not count."""
        return self.total_usd <= self.budget_usd + CENT * len(self.lines)

    def by_trade(self) -> dict[str, float]:
        """The sum of each trade's lines, in the bill's currency."""
        sums: dict[str, float] = {}
        for line in self.lines:
            sums[line.trade] = sums.get(line.trade, 0.0) + line.amount
        return sums

    def by_floor(self) -> dict[int | None, float]:
        """The sum of each floor's lines, in the bill's currency; None is what belongs to the whole house."""
        sums: dict[int | None, float] = {}
        for line in self.lines:
            sums[line.floor] = sums.get(line.floor, 0.0) + line.amount
        return sums


def bill(design: Design, brief: Brief) -> Bill:
    """Makes the bill of a design at the rates of its brief's region and city, in the design's quality."""
    rates = rates_of(brief.region, brief.city)
    factor_of = factors(rates, design.materials, design.site, len(design.levels) - 1)
    floors = measure(design.levels)
    unit = rates.unit[design.quality]
    lines = []
    for item, (trade, name) in ITEMS.items():
        rate = unit[item] * factor_of.get(item, 1.0)
        for floor, quantities in enumerate(floors):
            if quantity := quantities.get(item, 0.0):
                amount = quantity * rate
                lines.append(
                    BillLine(
                        trade=trade,
                        floor=floor,
                        item=item,
                        quantity=round(quantity, 2),
                        unit=name,
                        rate=round(rate, 4),
                        amount=round(amount, 2),
                        usd=round(amount / rates.per_usd, 2),
                    )
                )
    shares = on_top(sum(line.amount for line in lines), rates)
    for share, amount in zip((OVERHEADS, SERVICES, CONTINGENCY), shares, strict=True):
        if amount:
            usd = round(amount / rates.per_usd, 2)
            lines.append(BillLine(trade=share, floor=None, item=share, amount=round(amount, 2), usd=usd))
    total_usd = round(sum(line.usd for line in lines), 2)
    made = Bill(
        region=brief.region,
        city=rates.city,
        currency=rates.currency,
        per_usd=rates.per_usd,
        rates=rates.name,
        year=rates.year,
        source=rates.source,
        certainty=rates.certainty,
        quality=design.quality,
        lines=tuple(lines),
        total=round(sum(line.amount for line in lines), 2),
        total_usd=total_usd,
        plinth=round(plinth_cost(design, rates), 2),
        budget_usd=brief.budget_usd,
        cuts=(),
    )
    if made.within_budget:
        return made
    return made.model_copy(update={"cuts": cuts(design, brief, total(floors), rates, factor_of)})


def cuts(design: Design, brief: Brief, whole: Quantities, rates: Rates, factor_of: dict[str, float]) -> tuple[str, ...]:
    """What would bring a design that is too dear down to its budget: a cheaper quality, and if need be a smaller house.

    Args:
        design: whose cost is over the budget.
        brief: has the budget.
        whole: the quantities of the house.
        rates, factor_of: by which it is priced.
    """
    budget = brief.budget_usd * rates.per_usd
    cost_of = {quality: sum(trade_sums(whole, rates, factor_of, quality).values()) for quality in QUALITIES}
    cheaper = QUALITIES[: QUALITIES.index(design.quality)]
    found = []
    chosen = design.quality
    if cheaper:
        fitting = [quality for quality in cheaper if cost_of[quality] <= budget]
        chosen = fitting[-1] if fitting else cheaper[0]
        saved_usd = (cost_of[design.quality] - cost_of[chosen]) / rates.per_usd
        left_usd = (cost_of[chosen] - budget) / rates.per_usd
        rest = "which is within the budget" if fitting else f"which leaves {left_usd:,.0f} USD over"
        found.append(f"quality {chosen} instead of {design.quality}: {saved_usd:,.0f} USD less, {rest}")
        if fitting:
            return tuple(found)
    unit = rates.unit[chosen]
    share = _affordable_share(
        {item: whole[item] * unit[item] * factor_of.get(item, 1.0) for item in ITEMS}, rates, budget
    )
    built_sqft = design.built_area_sqft
    sqft = math.ceil((1 - share) * built_sqft / CUT_STEP_SQFT) * CUT_STEP_SQFT
    if share > 0:
        then = " besides" if cheaper else ""
        found.append(f"about {sqft:,} sqft less{then}, of {built_sqft:,.0f}, in quality {chosen}")
    else:
        found.append(f"no smaller house helps: baths, kitchen, doors and stairs alone are over it in quality {chosen}")
    return tuple(found)


def _affordable_share(amounts: dict[str, float], rates: Rates, budget: float) -> float:
    """Which share of the house's area the budget pays for, 0 where it does not even pay for what stays.

    In a smaller house of the same rooms slabs and floors shrink with the area, walls with its root, and baths, doors,
    kitchen and stairs stay.
    """
    whole = sum(amounts.values())
    on_items = budget * whole / (whole + sum(on_top(whole, rates)))
    flat = sum(amounts[item] for item in _FLAT)
    upright = sum(amounts[item] for item in _UPRIGHT)
    left = on_items - (whole - flat - upright)
    if left <= 0:
        return 0.0
    # flat x share + upright x root of share = left
    root = (math.sqrt(upright**2 + 4 * flat * left) - upright) / (2 * flat)
    return min(root**2, 1.0)
