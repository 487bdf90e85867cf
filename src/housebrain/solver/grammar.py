"""The grammar's levels: which zones a floor has and how they hang together.

A level has a day block, bedrooms in rows along a short hall, or both. `topologies` writes as many different trees as
are asked for; the same key gives the same trees, so they can be kept. Nothing here comes from drawn plans.
"""

from random import Random
from typing import NamedTuple

from housebrain.solver.day import day_block
from housebrain.solver.rows import HALL, TERRACE, Big, Row, row, stairs_element, strip
from housebrain.solver.tree import Node, flip, h, mirror, transpose, v


class Stairs(NamedTuple):
    """Where a house has its stairs, and whether they lie along the street.

    `front` and `rear` are the corners at the left wall, `mid` is between them.
    """

    place: str
    lying: bool


class Level(NamedTuple):
    """What stands on one floor, by canonical names: the key under which topologies are kept."""

    ground: bool
    stairs: Stairs | None
    bedrooms: tuple[Big, ...]
    commons: tuple[str, ...]  # small rooms that the hall must reach
    living: str | None
    dining: str | None
    kitchen: Big | None
    others: tuple[Big, ...]  # office, family, guest of the day zone
    garages: tuple[str, ...]
    terrace: bool  # whether it may have one: it is smaller than another level

    @property
    def day(self) -> bool:
        return bool(self.living or self.dining or self.kitchen or self.garages)


def left_of(node: Node) -> Node:
    """A row turned so that its hall is on its right; its left end comes to the front."""
    return mirror(transpose(node))


def right_of(node: Node) -> Node:
    """A row turned so that its hall is on its left; its left end comes to the front."""
    return transpose(node)


class Writer:
    """Writes one tree of a level; `rng` decides."""

    def __init__(self, level: Level, rng: Random) -> None:
        self.level = level
        self.rng = rng
        self.roof = False
        self.commons = list(level.commons)

    def bigs(self) -> list[Big]:
        """The level's rooms outside of the day block, and its terrace where that is a part of a row."""
        return [*self.level.bedrooms, *self.level.others, *([Big(TERRACE)] if self.roof else [])]

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def write(self) -> Node:
        level = self.level
        day = self.day_zone() if level.day else None
        # A terrace takes what the level does not need: as a strip beside everything, or as a part of a row.
        open_air = level.terrace and self.chance(0.65)
        self.roof = open_air and self.chance(0.6)
        place = level.stairs.place if level.stairs else ""
        node = self.with_stairs_mid(day) if place == "mid" else self.around(day)
        if open_air and not self.roof:
            roof: Node = TERRACE
            pick = self.rng.random()
            keep_front = place == "front"
            if pick < 0.4:
                node = v(node, roof)
            elif keep_front or pick < 0.6:
                node = h(node, roof) if place != "rear" else h(roof, node)
            else:
                node = h(roof, node) if not keep_front else v(node, roof)
        if level.stairs is None and self.chance(0.5):
            node = mirror(node)
        return node

    def day_zone(self) -> Node:
        """The day block with garages at the street and the other day rooms at its sides."""
        level, rng = self.level, self.rng
        kitchen = level.kitchen
        lent: list[str] = []
        if kitchen and level.garages and kitchen.hosted and self.chance(0.5):
            lent = [kitchen.hosted[0]]
            kitchen = Big(kitchen.name, kitchen.hosted[1:])
        block = day_block(rng, level.living, level.dining, kitchen)
        if block is not None and self.chance(0.5):
            block = mirror(block)
        if block is not None and level.living and level.ground and self.chance(0.5):
            block = with_leaf(block, level.living, self.foyer(level.living))
        for garage in level.garages:
            side: Node = h(garage, *lent) if lent else garage
            lent = []
            block = v(side, block) if self.chance(0.5) else v(block, side)
        assert block is not None, "a level with day rooms or a garage"
        return block

    def foyer(self, living: str) -> Node:
        """The living room behind or beside a place to arrive: with an arm of its own or a small room for all."""
        rng = self.rng
        if self.commons and self.chance(0.4):
            small = self.commons.pop(rng.randrange(len(self.commons)))
            beside = h(HALL, small)
            return v(beside, living) if self.chance(0.5) else v(living, beside)
        if self.chance(0.3):
            return v(HALL, living) if self.chance(0.5) else v(living, HALL)
        front = v(HALL, living + "~") if self.chance(0.5) else v(living + "~", HALL)
        return h(front, living)

    # --- rows around the day block -----------------------------------------------------------------------------

    def deal(self, parts: int) -> list[tuple[list[Big], list[str]]]:
        """Shares the bedrooms, other rooms and rooms for all out to a number of rows."""
        rng = self.rng
        bigs = self.bigs()
        rng.shuffle(bigs)
        commons = list(self.commons)
        rng.shuffle(commons)
        dealt: list[tuple[list[Big], list[str]]] = [([], []) for _ in range(parts)]
        for big in bigs:
            smallest = min(range(parts), key=lambda p: (len(dealt[p][0]) + len(dealt[p][1]) / 3, rng.random()))
            dealt[smallest][0].append(big)
        for small in commons:
            smallest = min(range(parts), key=lambda p: (len(dealt[p][1]), -len(dealt[p][0]), rng.random()))
            dealt[smallest][1].append(small)
        return dealt

    def ending(self, at_first: bool, turned: bool, commons: list[str]) -> tuple[Node, list[str]]:
        """The stairs for a row's end, and the rooms for all that are left for the row."""
        stairs = self.level.stairs
        assert stairs is not None
        spare = None
        along = stairs.lying != turned
        if commons and self.chance(0.6):
            spare, commons = commons[0], commons[1:]
        return stairs_element(self.rng, along, at_first, spare), commons

    def make_row(self, part: tuple[list[Big], list[str]], stairs_at: str = "", turned: bool = False) -> Row:
        bigs, commons = part
        if stairs_at:
            element, commons = self.ending(stairs_at == "first", turned, commons)
            if stairs_at == "first":
                return row(self.rng, bigs, commons, first=element)
            return row(self.rng, bigs, commons, last=element)
        return row(self.rng, bigs, commons)

    def around(self, day: Node | None) -> Node:
        """The level without stairs, or with stairs in a corner."""
        level, rng = self.level, self.rng
        count = len(self.bigs())
        rear = level.stairs is not None and level.stairs.place == "rear"
        front = level.stairs is not None and level.stairs.place == "front"
        if day is None:
            return self.two_rows()
        if not count and not self.commons and not level.stairs:
            return day
        if count >= 4 and self.chance(0.6 if count < 6 else 0.85):
            return self.hub(day)
        if count in (2, 3) and not front and self.chance(0.3):
            return self.beside_and_behind(day, *self.deal(2))
        pick = rng.random()
        if front or pick < 0.45:
            # A column at the left of the day block.
            made = self.make_row(self.deal(1)[0], "first" if front else "last" if rear else "", turned=True)
            day = mirror(day) if self.chance(0.5) else day
            pick = rng.random()
            hall: Node | None = left_of(strip(rng, (made, None))) if pick < 0.4 else None
            if level.ground and 0.4 <= pick < 0.7:
                hall = self.entry(made)
            if hall is None and made.node == HALL:
                return day
            return v(left_of(made.node), hall, day)
        made = self.make_row(self.deal(1)[0], "first" if rear else "")
        hall = strip(rng, (made, None)) if self.chance(0.5) else None
        if hall is not None and level.living and self.chance(0.4):
            # The living room or dining room reaches the bedrooms' row itself, and the hall is only as long as needed.
            name = level.dining if level.dining and self.chance(0.5) else level.living
            hall = v(hall, name + "~")
        return h(day, hall, made.node)

    def entry(self, side: Row) -> Node:
        """A hall that starts at the street beside a row of rooms at the left, the last of which may end it."""
        ends = [name + "~" for name in (side.last, self.level.living) if name and name != TERRACE]
        return h(HALL, self.rng.choice(ends)) if ends and self.chance(0.7) else HALL

    def hub(self, day: Node) -> Node:
        """Rows on two sides of the day block, or a wing with a hall of its own."""
        level, rng = self.level, self.rng
        place = level.stairs.place if level.stairs else ""
        count = len(self.bigs())
        if count >= 5 and self.chance(0.5):
            return self.three_sides(day, place)
        one, two = self.deal(2)
        pick = rng.random()
        if pick < 0.4:
            at = {"front": "first", "rear": "last"}.get(place, "")
            left = self.make_row(one, at, turned=True)
            right = self.make_row(two)
            hall_left = left_of(strip(rng, (left, None))) if self.chance(0.4) else None
            hall_right = right_of(strip(rng, (right, None))) if self.chance(0.4) else None
            return v(left_of(left.node), hall_left, day, hall_right, right_of(right.node))
        if pick < 0.7 and place != "front":
            return self.beside_and_behind(day, one, two)
        return self.wing(day, one, two, place)

    def beside_and_behind(self, day: Node, one: tuple[list[Big], list[str]], two: tuple[list[Big], list[str]]) -> Node:
        """A row behind the day block and one beside it, to which a passage from the street may lead."""
        rng = self.rng
        rear = self.level.stairs is not None and self.level.stairs.place == "rear"
        rear_row = self.make_row(one, "first" if rear else "")
        side = self.make_row(two)
        hall = strip(rng, (rear_row, None), 0.9) if self.chance(0.6) else None
        pick = rng.random()
        passage = HALL if pick < 0.3 else right_of(strip(rng, (side, None))) if pick < 0.6 else None
        return h(v(day, passage, right_of(side.node)), hall, rear_row.node)

    def three_sides(self, day: Node, place: str) -> Node:
        """Rows at the left, at the right and behind; the day block gives on to all of them."""
        rng = self.rng
        one, two, three = self.deal(3)
        left = self.make_row(one, "first" if place == "front" else "", turned=True)
        right = self.make_row(two)
        rear = self.make_row(three, "first" if place == "rear" else "")
        hall_left = left_of(strip(rng, (left, None))) if self.chance(0.4) else None
        hall_right = right_of(strip(rng, (right, None))) if self.chance(0.4) else None
        hall_rear = strip(rng, (rear, None)) if self.chance(0.6) else None
        if self.chance(0.5):
            middle = v(left_of(left.node), hall_left, day, hall_right, right_of(right.node))
            return h(middle, hall_rear, rear.node)
        middle = h(day, hall_rear, rear.node)
        return v(left_of(left.node), hall_left, middle, hall_right, right_of(right.node))

    def wing(self, day: Node, one: tuple[list[Big], list[str]], two: tuple[list[Big], list[str]], place: str) -> Node:
        """A wing at the rear or at the left: two rows with a hall between them that starts at the day block."""
        if place == "front" or (place != "rear" and self.chance(0.4)):
            # At the left: a lower and an upper row, the hall runs in from the right.
            lower = self.make_row(one, "first" if place == "front" else "")
            upper = self.make_row(two)
            hall = self.inner_strip(lower, upper, open_end="last")
            return v(h(flip(lower.node), hall, upper.node), day)
        left = self.make_row(one, "last" if place == "rear" else "", turned=True)
        right = self.make_row(two)
        hall = right_of(self.inner_strip(left, right, open_end="first"))
        return h(day, v(left_of(left.node), hall, right_of(right.node)))

    def inner_strip(self, one: Row, two: Row, open_end: str) -> Node:
        """A hall that starts at one end of its rows and is stopped by a nook at the other."""
        ends = [side.last if open_end == "first" else side.first for side in (one, two)]
        rooms = [room for room in ends if room not in (None, TERRACE)]
        nook = f"{self.rng.choice(rooms)}~" if rooms and self.chance(0.7) else None
        return v(HALL, nook) if open_end == "first" else v(nook, HALL)

    def two_rows(self) -> Node:
        """A level of bedrooms: two rows with a hall between them, or one row at a hall."""
        level, rng = self.level, self.rng
        place = level.stairs.place if level.stairs else ""
        count = len(self.bigs())
        if count <= 1 or (count == 2 and self.chance(0.3)):
            at = "first" if place in ("rear", "front") else ""
            part = self.deal(1)[0]
            if self.chance(0.5):
                made = self.make_row(part, at)
                node = h(strip(rng, (made, None)), made.node) if self.chance(0.3) else made.node
                return flip(node) if place == "front" else node
            made = self.make_row(part, "last" if place == "rear" else at, turned=True)
            return left_of(made.node) if self.chance(0.7) else v(left_of(made.node), left_of(strip(rng, (made, None))))
        capped = count >= 3 and self.chance(0.65)
        one, two, *cap = self.deal(3 if capped else 2)
        if self.chance(0.5):
            # The hall runs along the street: a lower and an upper row, and perhaps a room that ends it at the right.
            lower = self.make_row(one, "first" if place == "front" else "")
            upper = self.make_row(two, "first" if place == "rear" else "")
            if capped:
                end = self.make_row(cap[0])
                return v(h(flip(lower.node), self.inner_strip(lower, upper, "last"), upper.node), right_of(end.node))
            return h(flip(lower.node), strip(rng, (lower, upper), 0.85), upper.node)
        at = {"front": "first", "rear": "last"}.get(place, "")
        left = self.make_row(one, at, turned=True)
        right = self.make_row(two)
        if capped:
            # The room that ends the hall lies away from the stairs: in front of the rows or behind them.
            end = self.make_row(cap[0])
            behind = place == "front" or (place == "" and self.chance(0.5))
            hall = left_of(self.inner_strip(left, right, "first" if behind else "last"))
            middle = v(left_of(left.node), hall, right_of(right.node))
            return h(middle, end.node) if behind else h(flip(end.node), middle)
        return v(left_of(left.node), left_of(strip(rng, (left, right), 0.85)), right_of(right.node))

    # --- stairs in the middle of a side wall -------------------------------------------------------------------

    def with_stairs_mid(self, day: Node | None) -> Node:
        """A block in front, a core with stairs, hall and small rooms, a block behind: what narrow plots want."""
        level, rng = self.level, self.rng
        assert level.stairs is not None
        commons = list(self.commons)
        rng.shuffle(commons)
        core_small = commons.pop() if commons and self.chance(0.85) else None
        bigs = self.bigs()
        rng.shuffle(bigs)
        if day is not None:
            front, front_bigs = day, []
            rear_bigs = bigs
        else:
            cut = (len(bigs) + rng.randrange(2)) // 2 if len(bigs) > 1 else rng.randrange(2)
            front_bigs, rear_bigs = bigs[:cut], bigs[cut:]
            front = None
        split = rng.randrange(len(commons) + 1)
        if front is None and (front_bigs or commons[:split]):
            front = flip(row(rng, front_bigs, commons[:split], stub=self.chance(0.5)).node)
            rest = commons[split:]
        else:
            rest = commons
        # The day block is written anew there, so nothing else may already stand in it.
        lent = len(self.commons) < len(level.commons)
        if day is not None and not lent and not rear_bigs and not rest and self.chance(0.7):
            # Living in front of the core, dining and kitchen behind it.
            return self.split_day(core_small)
        rear = row(rng, rear_bigs, rest, stub=self.chance(0.5)) if rear_bigs or rest else None
        reaching = rear.last if rear is not None and rear.last != TERRACE else None
        return h(front, self.core(core_small, reaching), rear.node if rear is not None else None)

    def split_day(self, core_small: str | None) -> Node:
        level, rng = self.level, self.rng
        front: Node = level.living or level.dining or HALL
        for garage in level.garages:
            front = v(garage, front) if self.chance(0.5) else v(front, garage)
        if level.living is None:
            return h(front, self.core(core_small), day_block(rng, None, None, level.kitchen))
        return h(front, self.core(core_small), day_block(rng, None, level.dining, level.kitchen))

    def core(self, small: str | None, reaching: str | None = None) -> Node:
        """Stairs, hall and a small room; the room behind, `reaching`, may take what the hall leaves."""
        level = self.level
        assert level.stairs is not None
        nook = reaching + "~" if reaching and self.chance(0.5) else None
        if level.stairs.lying:
            return v("stairs", HALL, small)
        pick = self.rng.random()
        if small is None:
            return v("stairs", h(HALL, nook))
        if pick < 0.3 and nook:
            return v("stairs", h(HALL, v(small, nook)))
        if pick < 0.6:
            return v("stairs", h(HALL, small))
        return v("stairs", h(HALL, v(HALL, small)))


def with_leaf(node: Node, name: str, new: Node) -> Node:
    """The tree with a leaf replaced by a tree."""
    if isinstance(node, str):
        return new if node == name else node
    return (v if node[0] == "v" else h)(*(with_leaf(part, name, new) for part in node[1:]))


def slots_of(level: Level) -> tuple[str, ...]:
    """The canonical names of all spaces that a topology of this level may have."""
    names = [name for big in (*level.bedrooms, *level.others) for name in (big.name, *big.hosted)]
    names += [*level.commons, *level.garages]
    names += [name for name in (level.living, level.dining) if name]
    if level.kitchen:
        names += [level.kitchen.name, *level.kitchen.hosted]
    return (*names, "hall", "hall2", "hall3", "hall4", *(["stairs"] if level.stairs else []), "terrace")
