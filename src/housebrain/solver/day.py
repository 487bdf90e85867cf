"""The grammar's day rooms: living, dining and kitchen with what belongs to them, the living room at the street."""

from random import Random

from housebrain.solver.rows import Big
from housebrain.solver.tree import Node, h, v


def kitchen_block(rng: Random, kitchen: str, smalls: list[str]) -> Node:
    """The kitchen with utility, laundry and store beside or behind it."""
    if not smalls:
        return kitchen
    order = rng.sample(smalls, len(smalls))
    small = (h if rng.random() < 0.5 else v)(*order)
    parts: list[Node] = [kitchen, small]
    rng.shuffle(parts)
    return (h if rng.random() < 0.5 else v)(*parts)


def day_block(rng: Random, living: str | None, dining: str | None, kitchen: Big | None) -> Node | None:
    """Living, dining and kitchen as they border on each other; the living room reaches the street."""
    cook = kitchen_block(rng, kitchen.name, list(kitchen.hosted)) if kitchen else None
    if living is None:
        parts = [part for part in (dining, cook) if part is not None]
        rng.shuffle(parts)
        return (h if rng.random() < 0.5 else v)(*parts) if parts else None
    if dining is None and cook is None:
        return living
    if dining is None or cook is None:
        other = cook or dining
        pick = rng.randrange(3)
        if pick == 0:
            return h(living, other)
        if pick == 1:
            return _either(rng, living, other)
        # An L: the living room runs on beside the other.
        return h(living, _either(rng, living + "~", other))
    pick = rng.randrange(12)
    if pick == 0:
        return _either(rng, living, h(dining, cook))
    if pick == 1:
        return _either(rng, living, h(cook, dining))
    if pick in (2, 3):
        return h(living, _either(rng, dining, cook))
    if pick == 4:
        return _either(rng, h(living, dining), cook)
    if pick == 5:
        return v(living, dining, cook) if rng.random() < 0.5 else v(cook, dining, living)
    if pick == 6:
        return h(_either(rng, living, cook), dining)
    if pick == 7:
        return h(_either(rng, living, dining), cook)
    if pick == 8:
        return h(living, dining, cook)
    if pick == 9:
        # The dining room is the hub, with an arm of the living room beside the kitchen.
        return h(living, _either(rng, living + "~", h(dining, cook)))
    if pick == 10:
        return h(_either(rng, living, cook), _either(rng, dining, dining + "~"))
    return _either(rng, h(living, _either(rng, dining, dining + "~")), cook)


def _either(rng: Random, one: Node | None, other: Node | None) -> Node:
    return v(one, other) if rng.random() < 0.5 else v(other, one)
