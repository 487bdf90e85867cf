"""From a programme to a house: topologies from the grammar, exact dimensions, doors, and the best by score.

For each way to share rooms out over floors and each place for the stairs, every topology of every level is measured
at several widths; the smallest houses in which every level has a topology that works are compared, and one of the
good ones is taken by the seed.
"""

import math
from random import Random

import numpy as np

from housebrain.solver.compiled import Pool
from housebrain.solver.curves import NEVER, Ints
from housebrain.solver.finish import Candidate, finish
from housebrain.solver.floors import Floor, floor_of, share_out
from housebrain.solver.grammar import Stairs
from housebrain.solver.house import House, Infeasible, mirrored
from housebrain.solver.judge import PARTS, WEIGHTS
from housebrain.solver.kinds import STAIRS_FT
from housebrain.solver.library import (
    AREA_WEIGHT,
    USUAL_SQFT,
    WRITTEN,
    Measured,
    Sizes,
    evolve,
    library,
    measure,
    stairs_box,
    where_of,
)  # fmt: skip
from housebrain.solver.needs import Programme, Room
from housebrain.solver.search import MID, end_of, examine_all, front_of, least_depths, usable_depths

UNIT_FT = 0.5
CHOICE = 3  # topologies found usable at a width before going on
NARROW_FT = 22  # an envelope below this has its stairs in a core across the house
FULLEST = 0.88  # share of the envelope that rooms and stairs have ever filled
SMALL = 0.8  # of the usual areas: below, topologies are made for the programme
SHARPENED = 5  # times that the best house's topologies are bettered then
KEPT = 4  # topologies a width then
EVOLVED = 5  # rounds of small changes, where topologies are made for one plot
WIDTHS = 9  # that are tried for a house
PLACES = tuple(Stairs(place, lying) for place in ("rear", "front", "mid") for lying in (False, True))


def depths_of(level: Measured, where: int, stairs: tuple[int, int], front: int, widths: Ints, most: int) -> Ints:
    """The least depth of each topology at each width."""
    pool = level.pool
    out = np.empty((pool.size.size, widths.size), np.int32)
    least_depths(
        pool.size, pool.steps, pool.sides, pool.siblings, level.F, level.G, level.grown, where, stairs[0], stairs[1],
        front, widths, most, out,
    )  # fmt: skip
    return out


class Solver:
    """One run for one programme; `seed` picks among good houses."""

    def __init__(self, programme: Programme, seed: int, unit_ft: float = UNIT_FT, tailored: bool = False) -> None:
        self.programme = programme
        self.rng = Random(f"{programme.key}/{seed}")
        self.unit_ft = unit_ft
        self.tailored = tailored
        # On a small plot area comes first; else any of the good topologies may be taken.
        self.area_weight = (3 if tailored else 1) * AREA_WEIGHT
        self.noise = 0.05 if tailored else 0.3
        self.asked_sqft = sum(room.area_sqft for room in programme.rooms)
        level_sqft = (self.asked_sqft + STAIRS_FT[0] * STAIRS_FT[1] * programme.floors) / programme.floors
        # No side is longer than three times the least square, so that curves stay short.
        cap = 3.0 * math.sqrt(level_sqft) + 10
        self.width = math.floor(min(programme.width_ft, cap) / unit_ft + 1e-6)
        self.depth = math.floor(min(programme.depth_ft, cap) / unit_ft + 1e-6)
        self.found: list[tuple[float, Candidate]] = []

    def run(self, rounds: int, enough: int, wild: bool = False) -> House | Infeasible:
        """Tries up to `rounds` ways to share rooms and place stairs, until there are `enough` houses to choose from."""
        programme = self.programme
        if self.asked_sqft > programme.width_ft * programme.depth_ft * programme.floors:
            return Infeasible("area_over_envelope", self.too_large())
        places = self.places()
        for attempt in range(rounds):
            shared = share_out(programme, self.rng, wild and attempt % 2 == 1)
            if shared is None:
                return Infeasible("too_few_rooms", f"{len(programme.rooms)} rooms can't fill {programme.floors} floors")
            stairs = places[attempt % len(places)] if programme.floors > 1 else None
            self.attempt(shared, stairs)
            if len(self.found) >= enough:
                break
        for _ in range(SHARPENED if self.found and self.tailored else 0):
            self.sharpen()
        if not self.found:
            return Infeasible("no_layout_found", self.too_large())
        best = min(self.found, key=lambda pair: pair[0])
        house = finish(best[1], self.unit_ft)
        return mirrored(house) if self.rng.random() < 0.5 else house

    def too_large(self) -> str:
        programme = self.programme
        holds = programme.width_ft * programme.depth_ft * programme.floors
        share = 1 - 0.8 * holds / max(self.asked_sqft, 1)
        mend = "one more floor" if share <= 0 else f"one more floor, or {share:.0%} smaller rooms"
        return (
            f"the rooms need {self.asked_sqft:,.0f} sqft, the envelope of {programme.width_ft:g} x "
            f"{programme.depth_ft:g} ft holds {holds:,.0f} on {programme.floors} floors: {mend}"
        )

    def places(self) -> list[Stairs]:
        """Places for the stairs in random order, those that suit the plot first."""
        places = list(PLACES)
        self.rng.shuffle(places)
        # A core across the house wastes hall on a wide plot, and is what a narrow one wants.
        narrow = self.width * self.unit_ft < NARROW_FT
        places.sort(key=lambda stairs: (stairs.place == "mid") != narrow)
        return places

    def attempt(self, shared: list[list[Room]], stairs: Stairs | None) -> None:
        """Solves one way to share rooms out with one place for the stairs, and keeps what it finds."""
        sums = [sum(room.area_sqft for room in rooms) for rooms in shared]
        floors = [
            floor_of(rooms, index == 0, stairs, len(shared) > 1 and area < 0.97 * max(sums), self.rng)
            for index, (rooms, area) in enumerate(zip(shared, sums, strict=True))
        ]
        self.try_floors(floors, self.widths(max(sums) + STAIRS_FT[0] * STAIRS_FT[1] * (stairs is not None)))

    def sharpen(self) -> None:
        """Betters the topologies of the best house found at just its width."""
        best = min(self.found, key=lambda pair: pair[0])[1]
        near = [width for width in (best.width - 1, best.width, best.width + 1) if 0 < width <= self.width]
        self.try_floors(best.floors, np.array(near, np.int32), [level.pool for level in best.levels])

    def try_floors(self, floors: list[Floor], widths: Ints, start: list[Pool] | None = None) -> None:
        """Finds the topologies of each floor that make the smallest houses together."""
        where, box = where_of(floors[0].level), stairs_box(floors[0].level, self.unit_ft)
        if box[0] >= self.width or box[1] >= self.depth:
            return
        levels = [
            measure(
                floor.level,
                self.topologies(floor, widths, start[index] if start else None),
                {name: room.area_sqft for name, room in floor.rooms.items()},
                self.width,
                self.depth,
                self.unit_ft,
            )
            for index, floor in enumerate(floors)
        ]
        fronts = [0]
        if where == MID:
            ahead = [depths_of(level, where, box, -1, widths, self.depth) for level in levels]
            least = max(int(one.min()) for one in ahead)
            if least >= NEVER:
                return
            step = max(1, round(2 / self.unit_ft))
            fronts = [least, least + step, least + 3 * step]
        options = []
        for front in fronts:
            depths = [depths_of(level, where, box, front, widths, self.depth) for level in levels]
            usable = []
            for index, (level, one) in enumerate(zip(levels, depths, strict=True)):
                usable.append(self.usable(level, one, index == 0, where, box, front, widths))
                if usable[-1].min() >= NEVER:
                    break
            else:
                for index, width in enumerate(widths):
                    for rank in range(CHOICE):
                        depth = max(int(one[index, rank]) for one in usable)
                        if depth <= self.depth:
                            options.append((int(width) * depth, int(width), depth, front, index, depths))
        options.sort(key=lambda option: option[0])
        good = 0
        for _, width, depth, front, index, depths in options[:14]:
            candidate = self.choose(floors, levels, where, box, front, width, depth, [one[:, index] for one in depths])
            if candidate is None:
                continue
            asked = self.asked_sqft + STAIRS_FT[0] * STAIRS_FT[1] * len(levels) * (box[0] > 0)
            built = self.built(candidate)
            score = self.area_weight * (built / asked - 1) + candidate.penalty / len(levels)
            self.found.append((score, candidate))
            good += 1
            if good == 3:
                break

    def usable(
        self, level: Measured, depths: Ints, ground: bool, where: int, box: tuple[int, int], front: int, widths: Ints,
    ) -> Ints:  # fmt: skip
        """The least depths of the level by width, as far as topologies have their doors and daylight there."""
        pool, wants = level.pool, level.wants
        out = np.empty((widths.size, CHOICE), np.int32)
        usable_depths(
            pool.size, pool.op, pool.a, pool.b, pool.space, pool.nook, pool.steps, pool.sides, pool.siblings, level.F,
            level.G, level.grown, wants.side, wants.area, wants.kind, wants.host, ground, where, box[0], box[1], front,
            depths, wants.door, wants.nook, widths, self.depth, CHOICE, out,
        )  # fmt: skip
        return out

    def topologies(self, floor: Floor, widths: Ints, start: Pool | None) -> Pool:
        """What the library has for a floor, or, with `tailored`, what is best for just these rooms on this plot."""
        if not self.tailored:
            return library(floor.level)
        sqft = {name: room.area_sqft for name, room in floor.rooms.items()}
        sizes = Sizes(sqft, widths, self.depth, self.unit_ft, self.area_weight)
        found = evolve(floor.level, self.rng, sizes, WRITTEN, EVOLVED, KEPT, start)
        return found or start or library(floor.level)

    def built(self, candidate: Candidate) -> float:
        """Indoor area in square feet."""
        return candidate.built * self.unit_ft**2

    def widths(self, level_sqft: float) -> Ints:
        """Widths to try: from narrow and deep to wide and shallow, as far as the envelope lets."""
        area = level_sqft * 1.08 / self.unit_ft**2
        low = max(area / self.depth, math.sqrt(area) * 0.55)
        high = min(self.width, math.sqrt(area) * 1.75)
        if low >= high:
            return np.array([self.width], np.int32)
        steps = np.unique(np.linspace(low, high, WIDTHS).astype(np.int32))
        # The envelope's own width last: on a narrow plot it is the one that counts.
        if self.width <= high:
            steps = np.unique(np.append(steps, self.width))
        return steps.astype(np.int32)

    def choose(
        self, floors: list[Floor], levels: list[Measured], where: int, box: tuple[int, int], front: int, width: int,
        depth: int, depths: list[Ints],
    ) -> Candidate | None:  # fmt: skip
        """The best topology of each level in this box by score and a little chance; None where a level has none."""
        picks, parts_of, built = [], [], 0.0
        for index, (level, least) in enumerate(zip(levels, depths, strict=True)):
            pool, wants = level.pool, level.wants
            reasons = np.empty(pool.size.size, np.int32)
            scores = np.zeros((pool.size.size, PARTS))
            indoor = np.zeros(pool.size.size, np.int32)
            examine_all(
                pool.size, pool.op, pool.a, pool.b, pool.space, pool.nook, pool.steps, pool.sides, pool.siblings,
                level.F, level.G, level.grown, wants.side, wants.area, wants.kind, wants.host, index == 0, where,
                box[0], box[1], front, least, wants.door, wants.nook, width, depth, reasons, scores, indoor,
            )  # fmt: skip
            fine = np.flatnonzero(reasons == 0)
            if not fine.size:
                return None
            asked = max(1.0, floors[index].area_sqft / self.unit_ft**2)
            total = scores[fine] @ WEIGHTS + self.area_weight * indoor[fine] / asked
            noise = [self.rng.expovariate(1 / self.noise) for _ in fine]
            best = int(np.argmin(total + noise))
            picks.append(int(fine[best]))
            parts_of.append(scores[fine[best]] * WEIGHTS)
            built += float(indoor[fine[best]])
        ahead, end = front_of(where, depth, box[1], front), end_of(where, *box)
        return Candidate(floors, levels, picks, parts_of, box, 0, ahead, end, width, depth, built)


def is_small(programme: Programme) -> bool:
    """Whether rooms are so much smaller than usual that the library has little for them."""
    usual = sum(USUAL_SQFT.get(room.type, 0.0) for room in programme.rooms)
    return sum(room.area_sqft for room in programme.rooms) < SMALL * usual


def solve(programme: Programme, seed: int = 0, unit_ft: float = UNIT_FT) -> House | Infeasible:
    """The best of several houses for a programme, or why there is none.

    Args:
        programme: what to build.
        seed: other seeds give other houses.
        unit_ft: the grid.
    """
    solver = Solver(programme, seed, unit_ft)
    single = programme.floors == 1
    if is_small(programme):
        return Solver(programme, seed, unit_ft, tailored=True).run(rounds=6 if single else 20, enough=99, wild=True)
    found = solver.run(rounds=1 if single else 3, enough=1 if single else 6)
    tight = solver.asked_sqft + STAIRS_FT[0] * STAIRS_FT[1] * programme.floors * (not single)
    hopeless = tight > FULLEST * programme.width_ft * programme.depth_ft * programme.floors
    if isinstance(found, Infeasible) and found.reason == "no_layout_found" and not hopeless:
        return Solver(programme, seed, unit_ft, tailored=True).run(rounds=2 if single else 6, enough=1, wild=True)
    return found
