"""The grammar's rows: rooms side by side along a hall, small rooms in the gaps between large ones or behind them.

Everything here is written as if the hall lay in front of the row; a row is turned to where it is used. Columns of
small rooms are what makes plans compact: two baths back to back between two bedrooms, a bath behind the lobby that
leads to both bedrooms, a bedroom that reaches the hall by a nook beside its bath.
"""

from random import Random
from typing import NamedTuple

from housebrain.solver.tree import Node, h, mirror, v

HALL = "hall"
TERRACE = "terrace"


class Big(NamedTuple):
    """A large room with the small ones that are entered from it (its bath, its balcony, the kitchen's utility)."""

    name: str
    hosted: tuple[str, ...] = ()


class Row(NamedTuple):
    """A row, and which large room touches the hall at its left and right end (None: something else does)."""

    node: Node
    first: str | None
    last: str | None


def _behind(rng: Random, smalls: list[str]) -> Node:
    order = rng.sample(smalls, len(smalls))
    return v(*order)


def _column(rng: Random, big: str, behind: list[str]) -> Node:
    """A large room with small ones behind it, or beside a nook by which it reaches the hall."""
    if not behind:
        return big
    if rng.random() < 0.6:
        return h(big, _behind(rng, behind))
    beside = behind[0]
    parts: list[Node] = [beside, big + "~"]
    rng.shuffle(parts)
    column = h(v(*parts), big)
    return h(column, _behind(rng, behind[1:])) if behind[1:] else column


def _gap(rng: Random, free: list[str], hosted: list[str], left: Big | None, right: Big | None, stub: bool) -> Node:
    """A column of small rooms between two large ones, the ones for all at the hall."""
    stack: list[Node] = [*free, *rng.sample(hosted, len(hosted))]
    neighbours = [big for big in (left, right) if big is not None and big.name != TERRACE]
    if len(stack) == 1 and hosted:
        roll = rng.random()
        if stub and roll < 0.45:
            stack.insert(0, HALL)
        elif neighbours and roll < 0.8:
            stack.insert(0, rng.choice(neighbours).name + "~")
    elif (len(stack) == 1 or (len(stack) == 2 and not free)) and roll_stub(rng, stub, 0.5):
        stack.insert(0, HALL)
    elif len(stack) == 2 and len(free) == 2:
        # Two rooms for all behind each other: only a lobby beside them reaches the second.
        return v(h(*stack), HALL) if rng.random() < 0.5 else h(HALL, v(*stack))
    return h(*stack)


def roll_stub(rng: Random, allowed: bool, chance: float) -> bool:
    return allowed and rng.random() < chance


def row(
    rng: Random,
    bigs: list[Big],
    free: list[str],
    stub: bool = True,
    first: Node | None = None,
    last: Node | None = None,
) -> Row:
    """A row of large rooms in random order with their small ones and those for all.

    Args:
        rng: decides.
        bigs: large rooms, with what is entered from them.
        free: small rooms that the hall must reach.
        stub: whether lobbies may be made between rooms.
        first, last: what stands at the row's ends whatever comes between (the stairs).
    """  # fmt: skip
    bigs = rng.sample(bigs, len(bigs))
    count = len(bigs)
    gaps_free: list[list[str]] = [[] for _ in range(count + 1)]
    gaps_hosted: list[list[str]] = [[] for _ in range(count + 1)]
    behind: list[list[str]] = [[] for _ in range(count)]
    banded: dict[int, str] = {}
    for small in free:
        index = rng.randrange(count) if count else 0
        if count and stub and index not in banded and bigs[index].name != TERRACE and rng.random() < 0.35:
            banded[index] = small
            continue
        gap = min(range(count + 1), key=lambda g: (len(gaps_free[g]), rng.random()))
        gaps_free[gap].append(small)
    for index, big in enumerate(bigs):
        for small in big.hosted:
            roll = rng.random()
            if roll < 0.3 or (small.startswith("balcony") and roll < 0.8):
                behind[index].append(small)
            else:
                # Rather where a neighbour's small room already is, so that wet walls are shared.
                sides = [index, index + 1]
                rng.shuffle(sides)
                sides.sort(key=lambda g: abs(len(gaps_hosted[g]) + len(gaps_free[g]) - 1))
                if len(gaps_hosted[sides[0]]) + len(gaps_free[sides[0]]) < 3:
                    gaps_hosted[sides[0]].append(small)
                else:
                    behind[index].append(small)
    parts: list[Node | None] = [first]
    ends: list[str | None] = []
    for gap in range(count + 1):
        if gaps_free[gap] or gaps_hosted[gap]:
            left = bigs[gap - 1] if gap else None
            right = bigs[gap] if gap < count else None
            parts.append(_gap(rng, gaps_free[gap], gaps_hosted[gap], left, right, stub))
            ends.append(None)
        if gap < count:
            column = _column(rng, bigs[gap].name, behind[gap])
            if gap in banded:
                # A lobby and a small room side by side before the large one: the small one keeps to the day rooms.
                band: list[Node] = [HALL, banded[gap]]
                rng.shuffle(band)
                column = h(v(*band), column)
            parts.append(column)
            plain = isinstance(column, str) or (column[0] == "h" and column[1] == bigs[gap].name)
            ends.append(bigs[gap].name if plain else None)
    parts.append(last)
    inner = [part for part in parts if part is not None]
    if not inner:
        return Row(HALL, None, None)
    return Row(v(*inner), None if first or not ends else ends[0], None if last or not ends else ends[-1])


def stairs_element(rng: Random, along: bool, at_first: bool, spare: str | None) -> Node:
    """The stairs at the end of a row, in its outer corner, entered from the hall by a landing.

    Args:
        rng: decides.
        along: whether the flights run along the row, or away from the hall.
        at_first: whether it is the row's left end.
        spare: a small room for all that may stand between stairs and hall.
    """
    if not along:
        if spare is not None:
            # A lobby as wide as the stairs and a small room beside them.
            inner: Node = h(HALL, v("stairs", spare))
        else:
            inner = h(HALL, "stairs")
        return inner if at_first else mirror(inner)
    beside = v(h(spare, "stairs"), HALL) if spare is not None else h(HALL, "stairs")
    if spare is None:
        beside = h(HALL, v("stairs", HALL))
    return beside if at_first else mirror(beside)


def strip(rng: Random, sides: tuple[Row | None, Row | None], nook_chance: float = 0.75) -> Node:
    """The hall between two rows, shortened at its ends by nooks of the rooms there."""

    def end(pick: int) -> str | None:
        rooms = [(side.first, side.last)[pick] for side in sides if side is not None]
        rooms = [room for room in rooms if room is not None and room != TERRACE]
        return f"{rng.choice(rooms)}~" if rooms and rng.random() < nook_chance else None

    return v(end(0), HALL, end(1))
