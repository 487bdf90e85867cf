"""How a house is used: where one arrives, how one gets to bed and bath, what lies beside what.

Each part is a function of the facts that returns a value from 0 (bad) to 1 (nothing to object) and a sentence, or None
where the house has nothing that the part speaks of.
"""

from typing import NamedTuple

from housebrain.house.brief import Brief
from housebrain.rules.limits import DOOR_WALL_FT
from housebrain.rules.score.plan import DAY, OUTDOOR, SERVICE, SLEEPING, Plan, edge_ft, wall_ft
from housebrain.rules.score.ways import Walk, from_street, to_bath

ROOMY_SQFT = 180.0  # a living room above this has room for a place to arrive of its own
NEAR_FT, FAR_FT = 10.0, 45.0  # a way to a bath that nobody minds, and one that everybody does
CAR_FT = 7.0  # the least gate for a car
_NEXT_TO_SERVICE = SERVICE | {"kitchen", "garage", "bath"}
# What it costs to pass through a room on the way to another one; halls, stairs and where people meet cost nothing.
_PASSING = {"dining": 0.2, "kitchen": 0.6, "office": 0.5, "utility": 0.5, "laundry": 0.5, "store": 0.7}
_PASSING |= {"garage": 0.7, "pooja": 0.7, "balcony": 0.7, "terrace": 0.4, "bath": 1.0}
_PASSING |= dict.fromkeys(SLEEPING, 1.0)

Found = tuple[float, str] | None


class Facts(NamedTuple):
    """What the parts look at: the plan, the brief and the ways from the entrance."""

    plan: Plan
    brief: Brief
    ways: dict[int, Walk]


def facts_of(plan: Plan, brief: Brief) -> Facts:
    """The facts of a house."""
    return Facts(plan, brief, from_street(plan))


def listed(names: list[str]) -> str:
    """`bed1, bed2 and bath`; after three names only how many more there are."""
    if len(names) > 4:
        names = [*names[:3], f"{len(names) - 3} more"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _passed(plan: Plan, walk: Walk, kinds: frozenset[str]) -> list[str]:
    return [plan.spaces[space].said for space in walk.through if plan.spaces[space].kind in kinds]


def entrance(facts: Facts) -> Found:
    """On the street side, with a place to arrive that leads on to where visitors are received."""
    plan = facts.plan
    doors = plan.entrances()
    if not doors:
        return 0.0, "no door leads in from outside"
    door = doors[0]
    root = plan.spaces[door.a]
    where = "" if door.y == plan.outline[1] else ", and not from the street's side"
    turned = 0.6 if where else 1.0
    if root.kind in ("hall", "porch", "court"):
        rooms = [number for number in plan.of("living", "family") if plan.spaces[number].level == root.level]
        near = sorted((facts.ways[number].length_ft, number) for number in rooms if number in facts.ways)
        if not near:
            return 0.9 * turned, f"one arrives in {root.said} of {root.area:.0f} sqft{where}"
        length, number = near[0]
        others = [space for space in facts.ways[number].through if plan.spaces[space].kind not in ("hall", "porch")]
        value = 1.0 if not others and length <= 20 else 0.7 if not others else 0.4
        name = plan.spaces[number].said
        passing = f", past {listed([plan.spaces[space].said for space in others])}" if others else ""
        return value * turned, (
            f"one arrives in {root.said} of {root.area:.0f} sqft{where}, {length:.0f} ft from {name}{passing}"
        )
    if root.kind == "living":
        value = 0.6 if root.area > ROOMY_SQFT else 0.8
        return value * turned, (
            f"the street door opens into {root.said} of {root.area:.0f} sqft, with no place to arrive{where}"
        )
    value = {"family": 0.6, "dining": 0.4}.get(root.kind, 0.2)
    return value * turned, f"one comes in through {root.said}{where}"


def zoning(facts: Facts) -> Found:
    """Public rooms nearer to the entrance than private ones."""
    plan = facts.plan
    reached = facts.ways
    public = [number for number in plan.of("living", "dining", "family") if number in reached]
    private = [number for number in plan.of("master", "bed") if number in reached]
    if not public or not private:
        return None
    values, worst = [], (0.0, 0, 0)
    for day in public:
        for night in private:
            ahead = reached[night].length_ft - reached[day].length_ft
            values.append(min(1.0, max(0.0, 0.5 + ahead / 20)))
            worst = min(worst, (ahead, night, day))
    value = sum(values) / len(values)
    if worst[0] < 0:
        _, night, day = worst
        return value, (
            f"{plan.spaces[night].said} is {reached[night].length_ft:.0f} ft from the entrance, "
            f"{plan.spaces[day].said} {reached[day].length_ft:.0f} ft"
        )
    nearest = min(reached[night].length_ft for night in private)
    farthest = max(reached[day].length_ft for day in public)
    return value, f"rooms for all are at most {farthest:.0f} ft from the entrance, bedrooms {nearest:.0f} ft at least"


def passage(facts: Facts) -> Found:
    """No bedroom through another room, and no room through one that is not for passing."""
    plan = facts.plan
    values, said = [], []
    for number, space in enumerate(plan.spaces):
        if space.kind in ("hall", "stairs") or space.kind in OUTDOOR:
            continue
        if number not in facts.ways:
            if space.kind != "garage":
                values.append(0.0)
                said.append((1.0, f"nothing leads to {space.said}"))
            continue
        through = facts.ways[number].through
        if space.kind == "bath" and through and plan.spaces[through[-1]].kind in SLEEPING:
            through = through[:-1]  # a bedroom's own
        if space.kind in SERVICE or space.kind == "garage":
            through = tuple(one for one in through if plan.spaces[one].kind not in SERVICE | {"kitchen", "garage"})
        costs = [(_PASSING.get(plan.spaces[one].kind, 0.0), plan.spaces[one].said) for one in through]
        values.append(max(0.0, 1 - sum(cost for cost, _ in costs)))
        if passed := [name for cost, name in costs if cost]:
            said.append((1 - values[-1], f"the way to {space.said} passes {listed(passed)}"))
    if not values:
        return None
    value = sum(values) / len(values)
    return value, max(said)[1] if said else "every room is reached by halls and rooms for all alone"


def privacy(facts: Facts) -> Found:
    """Bedrooms and baths don't open straight to rooms for all."""
    plan = facts.plan
    values, said = [], []
    for number in plan.of("bath", *sorted(SLEEPING)):
        day = [plan.spaces[other].said for other in plan.joined(number) if plan.spaces[other].kind in DAY]
        is_bath = plan.spaces[number].kind == "bath"
        values.append((0.4 if is_bath else 0.0) if day else 1.0)
        if day:
            said.append(f"{plan.spaces[number].said} opens to {day[0]}")
    if not values:
        return None
    value = sum(values) / len(values)
    return value, listed(said) if said else "no bedroom or bath opens straight to a room for all"


def bath_way(facts: Facts) -> Found:
    """Each bedroom's way to a bath, short and private."""
    plan = facts.plan
    bedrooms = plan.of(*sorted(SLEEPING))
    if not bedrooms or not plan.of("bath"):
        return None
    values, said = [], []
    for number in bedrooms:
        name = plan.spaces[number].said
        found = to_bath(plan, number)
        if found is None:
            values.append(0.0)
            said.append((1.0, f"no bath can be reached from {name} but through another bedroom"))
            continue
        bath, walk = found
        value = 1.0 if not walk.through else 0.95 - 0.5 * _share(walk.length_ft, NEAR_FT, FAR_FT)
        words = f"{name}'s way to {plan.spaces[bath].said} is {walk.length_ft:.0f} ft"
        if passed := _passed(plan, walk, DAY | {"office"}):
            value -= 0.35
            words += f" and passes {listed(passed)}"
        if plan.spaces[bath].level != plan.spaces[number].level:
            value = min(value, 0.15)
            words += ", on another floor"
        values.append(max(0.0, value))
        if walk.through:
            said.append((1 - values[-1], words))
    value = sum(values) / len(values)
    return value, max(said)[1] if said else "each bedroom has a bath of its own"


def _share(value: float, low: float, high: float) -> float:
    """How far a value is from `low` to `high`, 0 to 1."""
    return min(1.0, max(0.0, (value - low) / (high - low)))


def kitchen(facts: Facts) -> Found:
    """The kitchen open to dining, or beside it; to the living room where there is no dining room."""
    plan = facts.plan
    tables = plan.of("dining") or plan.of("living", "family")
    kitchens = plan.of("kitchen")
    if not kitchens or not tables:
        return None
    values, said = [], []
    for number in kitchens:
        name = plan.spaces[number].said
        value, words = max(_served(facts, number, table) for table in tables)
        if value < 0.7 and any(plan.spaces[other].kind in ("living", "family") for other in plan.joined(number)):
            value, words = 0.7, f"{words}, but opens to the living room"
        values.append(value)
        said.append(f"{name} {words}")
    value, words = min(zip(values, said, strict=True))
    return sum(values) / len(values), words


def _served(facts: Facts, kitchen_: int, table: int) -> tuple[float, str]:
    plan = facts.plan
    name = plan.spaces[table].said
    ways = [plan.doors[door] for door in plan.spaces[kitchen_].doors if plan.doors[door].other(kitchen_) == table]
    if any(way.open for way in ways):
        return 1.0, f"is open to {name} over {max(way.width_ft for way in ways):.1f} ft"
    if ways:
        return 0.9, f"has a door to {name}"
    if plan.spaces[table].level != plan.spaces[kitchen_].level:
        return 0.0, f"is on another floor than {name}"
    wall = wall_ft(plan.spaces[kitchen_], plan.spaces[table])
    if wall > 0:
        return 0.55, f"lies beside {name} with no way between"
    return 0.25, f"lies apart from {name}"


def service(facts: Facts) -> Found:
    """Utility, laundry and store beside the kitchen or one another."""
    plan = facts.plan
    rooms = plan.of(*sorted(SERVICE))
    if not rooms:
        return None
    alone = []
    for number in rooms:
        space = plan.spaces[number]
        beside = [
            one for one in plan.spaces if one is not space and one.level == space.level and wall_ft(space, one) > 1
        ]
        if not any(one.kind in _NEXT_TO_SERVICE for one in beside):
            alone.append(space.said)
    words = f"{listed(alone)}: apart from kitchen and other service rooms" if alone else "service rooms lie together"
    return 1 - len(alone) / len(rooms), words


def stairs(facts: Facts) -> Found:
    """Stairs that are soon found, from halls and rooms for all on every floor."""
    plan = facts.plan
    if plan.levels == 1:
        return None
    flights = plan.of("stairs")
    ground = next((number for number in flights if plan.spaces[number].level == 0), None)
    if ground is None or ground not in facts.ways:
        return 0.0, "no way leads to the stairs"
    walk = facts.ways[ground]
    value = 1.0 - 0.5 * _share(walk.length_ft, 15.0, 60.0)
    words = f"the stairs are {walk.length_ft:.0f} ft from the entrance"
    passed = _passed(plan, walk, frozenset(_PASSING))
    if passed:
        value *= 0.7
        words += f", past {listed(passed)}"
    for number in flights:
        opens = {plan.spaces[other].kind for other in plan.joined(number)}
        if opens and not opens & {"hall", "living", "family"}:
            value *= 0.8
            words += f"; on floor {plan.spaces[number].level} they open to the {sorted(opens)[0]} alone"
    return value, words


def garage(facts: Facts) -> Found:
    """A garage that a car can enter from the street, and people from the house."""
    plan = facts.plan
    rooms = plan.of("garage")
    if not rooms:
        return None
    values, said = [], []
    for number in rooms:
        space = plan.spaces[number]
        gate = max((plan.doors[door].width_ft for door in space.doors if plan.doors[door].b is None), default=0.0)
        inside = any(True for _ in plan.joined(number))
        values.append(0.75 * min(1.0, gate / CAR_FT) + 0.25 * inside)
        entered = f"a gate of {gate:.1f} ft" if gate else "no gate"
        said.append(f"{space.said} has {entered} and {'a' if inside else 'no'} door to the house")
    return sum(values) / len(values), said[values.index(min(values))]


def balconies(facts: Facts) -> Found:
    """Balconies and terraces at outer walls, each with a door from a room."""
    plan = facts.plan
    places = plan.of("balcony", "terrace")
    if not places:
        return None
    values, said = [], []
    for number in places:
        space = plan.spaces[number]
        edge = edge_ft(space, plan.outline, facts.brief.plot.party_walls or ())
        kinds = {plan.spaces[other].kind for other in plan.joined(number)}
        value = 0.0 if edge < DOOR_WALL_FT else 1.0 if kinds & (SLEEPING | DAY) else 0.75 if kinds else 0.2
        values.append(value)
        if edge < DOOR_WALL_FT:
            said.append((1 - value, f"{space.said} has {edge:.1f} ft of outer wall"))
        elif not kinds:
            said.append((1 - value, f"no door leads to {space.said}"))
        elif value < 1:
            said.append((1 - value, f"{space.said} is entered from no room but {sorted(kinds)[0]}"))
    words = max(said)[1] if said else "every balcony and terrace is at an outer wall and opens from a room"
    return sum(values) / len(values), words
