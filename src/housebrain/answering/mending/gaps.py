"""Where a draft has nothing: the empty rectangles of a level, the largest first."""

from collections.abc import Sequence

from housebrain.answering.mending.draft import Box

MOST = 6  # rectangles
LEAST_FT = 3.0  # narrower gaps are walls badly drawn


def gaps(boxes: Sequence[Box], size: tuple[float, float]) -> list[Box]:
    """The largest empty rectangles that don't overlap each other, none narrower than LEAST_FT, MOST at most.

    Args:
        boxes: what is there.
        size: width and depth of the level.
    """
    taken = list(boxes)
    found = []
    for _ in range(MOST):
        largest = _largest(taken, size)
        if largest is None:
            break
        found.append(largest)
        taken.append(largest)
    return found


def _largest(boxes: Sequence[Box], size: tuple[float, float]) -> Box | None:
    """The largest empty rectangle whose edges are edges of boxes."""
    xs, ys = (
        sorted({0.0, size[axis], *(min(max(edge, 0.0), size[axis]) for box in boxes for edge in _ends(box, axis))})
        for axis in (0, 1)
    )
    full = [[False] * (len(xs) - 1) for _ in ys[1:]]
    for box in boxes:
        (x0, x1), (y0, y1) = _ends(box, 0), _ends(box, 1)
        for row in range(len(ys) - 1):
            if y0 < ys[row + 1] and ys[row] < y1:
                for column in range(len(xs) - 1):
                    if x0 < xs[column + 1] and xs[column] < x1:
                        full[row][column] = True
    best: tuple[float, Box] | None = None
    depth = [0.0] * (len(xs) - 1)  # of empty cells that end at the row
    for row, cells in enumerate(full):
        depth = [0.0 if cell else deep + ys[row + 1] - ys[row] for cell, deep in zip(cells, depth, strict=True)]
        for first in range(len(depth)):
            deep = depth[first]
            for last in range(first, len(depth)):
                deep = min(deep, depth[last])
                if deep < LEAST_FT:
                    break
                wide = xs[last + 1] - xs[first]
                if wide >= LEAST_FT and (best is None or wide * deep > best[0]):
                    best = wide * deep, (xs[first], ys[row + 1] - deep, wide, deep)
    return best[1] if best else None


def _ends(box: Box, axis: int) -> tuple[float, float]:
    return box[axis], box[axis] + box[axis + 2]
