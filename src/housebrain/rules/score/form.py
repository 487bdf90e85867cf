"""How a house is shaped: light, halls, proportions, areas, and pipes that lie together. As in `use.py`."""

from housebrain.house.brief import Brief
from housebrain.rules.score.plan import LIVED_IN, OUTDOOR, WET, Space, asked_sqft, called, wall_ft
from housebrain.rules.score.use import Facts, Found, listed
from housebrain.rules.stairs import stairs_ft

GLASS_SHARE = 0.125  # of the floor: a bright room (NBC 2016 20.1.2 for a temperate climate)
LIT_FT = 20.0  # how deep daylight reaches behind a window under a ceiling of 9.5 ft
# The least side that takes the furniture: a bed with room beside it, a sofa and a table, a table and chairs.
FURNISHED_FT = {
    "living": 10.0, "dining": 8.5, "kitchen": 7.0, "family": 9.5, "master": 10.0, "bed": 9.0, "guest": 9.0,
    "office": 7.5, "bath": 4.5, "utility": 4.5, "laundry": 4.5, "store": 4.0, "pooja": 4.0, "garage": 9.0,
}  # fmt: skip
_LONG = {"bath": 2.0, "utility": 2.2, "laundry": 2.2, "store": 2.2, "kitchen": 1.8, "garage": 2.2}  # else 1.5


def daylight(facts: Facts) -> Found:
    """Windows as large as the floor asks for, and no room too deep behind them; baths with a window."""
    total = weights = 0.0
    worst = (1.0, "")
    for space in facts.plan.spaces:
        if space.kind not in LIVED_IN and space.kind != "bath":
            continue
        weight = 2.0 if space.kind in LIVED_IN else 1.0
        value, words = _lit(space)
        total += weight * value
        weights += weight
        worst = min(worst, (value, words))
    if not weights:
        return None
    if worst[0] < 1:
        return total / weights, worst[1]
    return 1.0, f"every room to live in has glass of {GLASS_SHARE:.1%} of its floor or more, every bath a window"


def _lit(space: Space) -> tuple[float, str]:
    glass = sum(opening.sqft for opening in space.openings)
    if not glass:
        return 0.0, f"{space.said} has no window"
    if space.kind == "bath":
        return 1.0, ""
    share = glass / space.area
    sides = {opening.side for opening in space.openings}
    depth = min(opening.depth_ft for opening in space.openings)
    if sides >= {"front", "rear"} or sides >= {"left", "right"}:
        depth /= 2
    value = min(1.0, share / GLASS_SHARE) * min(1.0, LIT_FT / depth)
    if len(sides) == 1 and depth > LIT_FT:
        return value, f"{space.said} is lit from one side alone and {depth:.0f} ft deep"
    return value, f"{space.said} has glass of {share:.1%} of its floor and is {depth:.0f} ft deep"


def halls(facts: Facts) -> Found:
    """Little area spent on halls, and none that runs through the whole house."""
    plan = facts.plan
    indoor = sum(space.area for space in plan.spaces if space.kind not in OUTDOOR)
    corridors = [space for space in plan.spaces if space.kind == "hall"]
    area = sum(space.area for space in corridors)
    share = area / indoor if indoor else 0.0
    value = 1 - min(1.0, max(0.0, (share - 0.06) / 0.18))
    words = f"halls take {area:.0f} sqft, {share:.0%} of the house"
    left, front, right, rear = plan.outline
    longest, name = 0.0, ""
    for space in corridors:
        wide = max(box[2] for box in space.boxes) - min(box[0] for box in space.boxes)
        deep = max(box[3] for box in space.boxes) - min(box[1] for box in space.boxes)
        longest, name = max((longest, name), (max(wide / (right - left), deep / (rear - front)), space.said))
    if longest > 0.5:
        value *= 1 - 0.6 * min(1.0, (longest - 0.5) / 0.5)
        words += f"; {name} reaches over {longest:.0%} of its width or depth"
    return value, words


def proportion(facts: Facts) -> Found:
    """Rooms that take their furniture: not long and narrow, wide enough, without arms that are mere strips."""
    asked = asked_sqft(facts.brief)
    total = weights = 0.0
    worst: tuple[float, str] = (1.0, "")
    for space in facts.plan.spaces:
        need = FURNISHED_FT.get(space.kind)
        if need is None:
            continue
        value, words = _shaped(space, need, asked.get(space.name, space.area))
        total += value * space.area**0.5
        weights += space.area**0.5
        worst = min(worst, (value, words))
    if not weights:
        return None
    value = total / weights
    return value, worst[1] if worst[0] < 1 else "every room takes its furniture"


def _shaped(space: Space, need_ft: float, asked: float) -> tuple[float, str]:
    left, front, right, rear = space.main
    short, long = sorted((right - left, rear - front))
    # A room that is asked for as very small can't be wide.
    need_ft = min(need_ft, 0.8 * asked**0.5)
    good = _LONG.get(space.kind, 1.5)
    value = 1 - min(1.0, max(0.0, long / short - good) / good)
    value *= min(1.0, short / need_ft) ** 2
    words = f"{space.said} is {short:g} x {long:g} ft"
    for box in space.boxes:
        wide, deep = box[2] - box[0], box[3] - box[1]
        if box != space.main and max(wide, deep) > 2.5 * min(wide, deep):
            value *= 0.85
            words += f" with an arm of {wide:g} x {deep:g} ft"
    return value, words


def area(facts: Facts) -> Found:
    """Area kept to what was asked: of each room, and of the house with a stairs box a floor."""
    plan = facts.plan
    built = {space.name: space.area for space in plan.spaces}
    values, worst = [], (1.0, "")
    for room in facts.brief.wanted_rooms:
        ratio = built.get(room.name, 0.0) / room.min_area_sqft
        # A bath of double size is a mistake, a living room of double size a luxury.
        most = 1.0 if room.type in ("bathroom", "utility", "laundry", "store", "pooja") else 2.0
        value = ratio**2 if ratio < 1 else 1 - min(1.0, max(0.0, ratio - 1.25) / most)
        values.append(value)
        words = (
            f"{called(room.name)} has {built.get(room.name, 0.0):.0f} sqft where {room.min_area_sqft:.0f} are asked for"
        )
        worst = min(worst, (value, words))
    indoor = sum(space.area for space in plan.spaces if space.kind not in OUTDOOR)
    wanted = _indoor_sqft(facts.brief)
    ratio = indoor / wanted
    value = 0.5 * sum(values) / len(values) + 0.5 * (1 - min(1.0, max(0.0, ratio - 1.05) / 0.55))
    stairs = " with stairs" if facts.brief.floors > 1 else ""
    words = f"{indoor:,.0f} sqft are built where {wanted:,.0f}{stairs} are asked for"
    return value, f"{words}; {worst[1]}" if worst[0] < 0.8 else words


def _indoor_sqft(brief: Brief) -> float:
    short_ft, long_ft = stairs_ft(brief)
    stairs = short_ft * long_ft * brief.floors if brief.floors > 1 else 0.0
    rooms = sum(room.min_area_sqft for room in brief.wanted_rooms if room.type != "balcony")
    return max(1.0, rooms + stairs)


def wet(facts: Facts) -> Found:
    """Baths, kitchen and utility of a floor share walls, so that pipes are short."""
    plan = facts.plan
    alone, count = [], 0
    for level in range(plan.levels):
        rooms = [space for space in plan.spaces if space.level == level and space.kind in WET]
        if len(rooms) < 2:
            continue
        count += len(rooms)
        alone += [
            f"{room.said}" for room in rooms if not any(one is not room and wall_ft(room, one) >= 2 for one in rooms)
        ]
    if not count:
        return None
    words = (
        f"{listed(alone)} share{'s' * (len(alone) == 1)} no wall with another wet room"
        if alone
        else (f"all {count} wet rooms lie together, floor by floor")
    )
    return 1 - len(alone) / count, words


def stacked(facts: Facts) -> Found:
    """Wet rooms of upper floors above those below."""
    plan = facts.plan
    values, off = [], []
    for space in plan.spaces:
        if space.kind not in WET or space.level == 0:
            continue
        below = [one for one in plan.spaces if one.level == space.level - 1 and one.kind in WET]
        shared = sum(_over(space, one) for one in below)
        values.append(min(1.0, 2 * shared / space.area))
        if values[-1] < 0.5:
            off.append(space.said)
    if not values:
        return None
    value = sum(values) / len(values)
    words = (
        f"{listed(off)} on floors above stand{'s' * (len(off) == 1)} over no wet room"
        if off
        else ("wet rooms of upper floors stand over those below")
    )
    return value, words


def _over(one: Space, other: Space) -> float:
    """The area that lies in both spaces, one floor above the other."""
    total = 0.0
    for left, front, right, rear in one.boxes:
        for left2, front2, right2, rear2 in other.boxes:
            wide, deep = min(right, right2) - max(left, left2), min(rear, rear2) - max(front, front2)
            if wide > 0 and deep > 0:
                total += wide * deep
    return total
