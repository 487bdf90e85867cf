"""What has been written of an answer, as far as it decides what may follow: open lists, and leaves with their boxes."""

from typing import NamedTuple

OPEN = -1  # a leaf's end that no cut has set yet


class Frame(NamedTuple):
    """A list of parts that is being written.

    Attributes:
        axis: 0 where its cuts are at an x, 1 at a y.
        start: where its current part starts.
        end: how far its parts can reach.
        least: the least position at which the current part can end.
        parts: how many there are, the current one among them.
        wish: the least position at which the current part can end so that what stands in it is large enough.
    """

    axis: int
    start: int
    end: int
    least: int
    parts: int
    wish: int = 0

    @property
    def reach(self) -> int:
        """How far the current part can reach: a first part leaves a step to a second."""
        return self.end - (self.parts == 1)


class Leaf(NamedTuple):
    """A leaf of the current level.

    Attributes:
        name: of its room.
        low: its x and y in steps.
        high: where it ends along x and y; `OPEN` where that is not known yet.
        by: the number of the open list whose next cut ends it, along x and y; `OPEN` where its end is known.
    """

    name: str
    low: tuple[int, int]
    high: tuple[int, int]
    by: tuple[int, int]

    @property
    def is_open(self) -> bool:
        """Whether its box is not known yet."""
        return OPEN in self.high


class Written(NamedTuple):
    """What has been written, as far as it decides what may follow.

    Attributes:
        size: width and depth in steps of the grid.
        level: the number of the current level, from 0.
        left: the brief's rooms that are still to be placed.
        here: the names of this level's leaves.
        frames: this level's open lists, outermost first.
        last: the part before a cut, where that is a leaf; the same again behind the cut would be the same box.
        leaves: this level's, in the order in which they are written.
        stairs: where the levels below have theirs, from and to; None on the lowest level.
    """

    size: tuple[int, int]
    level: int
    left: frozenset[str]
    here: tuple[str, ...] = ()
    frames: tuple[Frame, ...] = ()
    last: str = ""
    leaves: tuple[Leaf, ...] = ()
    stairs: tuple[tuple[int, int], tuple[int, int]] | None = None


def innermost(frames: tuple[Frame, ...], axis: int) -> int:
    """The number of the innermost list of an axis; `OPEN` where there is none."""
    return next((index for index in range(len(frames) - 1, -1, -1) if frames[index].axis == axis), OPEN)


def with_leaf(at: Written, name: str) -> Written:
    """A leaf in the current part."""
    by = innermost(at.frames, 0), innermost(at.frames, 1)
    low = tuple(0 if one == OPEN else at.frames[one].start for one in by)
    high = tuple(at.size[axis] if one == OPEN else OPEN for axis, one in enumerate(by))
    leaf = Leaf(name, (low[0], low[1]), (high[0], high[1]), by)
    return at._replace(left=at.left - {name}, here=(*at.here, name), last=name, leaves=(*at.leaves, leaf))


def with_list(at: Written, axis: int, low: int, high: int, least_part: int) -> Written:
    """A list opened in the current part: two parts at least, of a least width."""
    frames = (*at.frames, Frame(axis, low, high, low + 1, 1, low + least_part))
    return wished(at._replace(frames=frames, last=""), axis, len(at.frames) - 1, low + 2 * least_part)


def with_cut(at: Written, position: int, least_part: int) -> Written:
    """A cut in the innermost list: leaves end there, and what encloses the list along its axis ends behind the cut."""
    *outer, inner = at.frames
    behind = [
        frame._replace(least=max(frame.least, position + 1)) if frame.axis == inner.axis else frame for frame in outer
    ]
    last = inner._replace(start=position, least=position + 1, parts=inner.parts + 1, wish=position + least_part)
    cut = at._replace(frames=(*behind, last), leaves=_ended(at.leaves, inner.axis, len(outer), position, OPEN))
    return wished(cut, inner.axis, len(outer) - 1, position + least_part)


def with_end(at: Written) -> Written:
    """The end of the innermost list: its last leaves end where what encloses it ends."""
    *outer, inner = at.frames
    frames = tuple(outer)
    by = innermost(frames, inner.axis)
    leaves = _ended(at.leaves, inner.axis, len(outer), at.size[inner.axis] if by == OPEN else OPEN, by)
    return at._replace(frames=frames, last="", leaves=leaves)


def _ended(leaves: tuple[Leaf, ...], axis: int, number: int, position: int, by: int) -> tuple[Leaf, ...]:
    """The leaves, those that a list ends along its axis with an end, or with another list that ends them."""
    return tuple(
        leaf._replace(high=_with(leaf.high, axis, position), by=_with(leaf.by, axis, by))
        if leaf.by[axis] == number
        else leaf
        for leaf in leaves
    )


def _with(pair: tuple[int, int], axis: int, value: int) -> tuple[int, int]:
    return (value, pair[1]) if axis == 0 else (pair[0], value)


def wished(at: Written, axis: int, inner: int, position: int) -> Written:
    """The current part of a list, and of those of its axis around it, is wished to reach to a position."""
    if inner == OPEN or all(frame.axis != axis or frame.wish >= position for frame in at.frames[: inner + 1]):
        return at
    raised = tuple(
        frame._replace(wish=max(frame.wish, position)) if frame.axis == axis and index <= inner else frame
        for index, frame in enumerate(at.frames)
    )
    return at._replace(frames=raised)


def unwished(at: Written) -> Written:
    """Without the wishes of what has been written: they can't be kept to."""
    return at._replace(frames=tuple(frame._replace(wish=frame.least) for frame in at.frames))
