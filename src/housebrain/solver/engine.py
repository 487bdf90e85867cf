"""From a programme to a house: topologies from the grammar, exact dimensions, doors, and the best by score.

For each way to share rooms out over floors and each place for the stairs, every topology of every level is measured
at several widths; the smallest houses in which every level has a topology that works are compared, and one of the
good ones is taken by the seed.
"""

import heapq
import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from random import Random
from typing import NamedTuple

import numpy as np

from housebrain.house.land import Side
from housebrain.solver.better import bettered
from housebrain.solver.compiled import Pool
from housebrain.solver.curves import NEVER, Floats, Ints
from housebrain.solver.finish import Candidate, finish
from housebrain.solver.floors import Floor, floor_of, share_out
from housebrain.solver.fullness import is_hopeless, is_small, is_too_large, may_have_court
from housebrain.solver.grammar import Stairs
from housebrain.solver.house import House, Infeasible, mirrored
from housebrain.solver.library import (
    AREA_WEIGHT,
    Effort,
    Sizes,
    evolve,
    library,
    measure,
    stairs_of,
)  # fmt: skip
from housebrain.solver.needs import NO_CORNER, Programme, Room
from housebrain.solver.polish import polished
from housebrain.solver.refusals import what_binds
from housebrain.solver.search import LEAST_FRONT, OWN_FRONT, UNUSABLE
from housebrain.solver.stacking import stacked
from housebrain.solver.survey import Measured, StairsAt, explore_level, try_box

UNIT_FT = 0.5
CHOICE = 3  # topologies found usable at a width before going on
NARROW_FT = 22  # an envelope below this has its stairs in a core across the house
SHARPENED = 5  # times that the best house's topologies are bettered then
# For topologies of one small plot: those that fit are bettered, or those half as deep again made shallower.
SMALL_EFFORTS = (Effort(200, 10, 300, 8), Effort(200, 14, 300, 8, 1.5, 24))
# Where the library has nothing that fits: levels that are half as deep again as the plot allows are made shallower.
LAST_EFFORT = Effort(80, 14, 200, 4, 1.5, 12)
# Where some rooms have no daylight then: levels with a court.
COURT_ROUNDS = 24
COURT_EFFORT = Effort(120, 24, 300, 8, 1.5, 24)
WIDTHS = 9  # that are tried for a house
WIDEST = 1.75  # times the least square; where nothing fits, times what the area takes at the greatest depth
LAST_WIDTHS = 3  # the greatest ones, where nothing fits
GOOD = 3  # houses of one way to share rooms out and place stairs that are compared
GOOD_SINGLE = 9  # of one floor: they are quickly looked at
TRIED = 14  # boxes that are tried for these
# When many kinds of houses are looked for: mean chance in penalty, `CHOICE` and `GOOD`, run by run.
WIDER = ((0.3, 3, 3), (1.0, 8, 8), (2.5, 16, 12))
SPARE = 1.6  # times the least depth that the narrowest house may need
PLACES = tuple(Stairs(place, lying) for place in ("rear", "front", "mid") for lying in (False, True))


class Option(NamedTuple):
    """A box to be tried, and the least depths of each level's topologies there; a width to be looked at has depth 0."""

    width: int
    depth: int
    stairs: StairsAt
    least: list[Ints]


class Solver:
    """One run for one programme; `seed` picks among good houses."""

    def __init__(
        self,
        programme: Programme,
        seed: int,
        unit_ft: float = UNIT_FT,
        tailored: Effort | None = None,
        court: bool = False,
    ) -> None:
        self.programme = programme
        self.rng = Random(f"{programme.key}/{seed}")
        self.unit_ft = unit_ft
        self.tailored = tailored
        self.court = court
        # On a small plot area comes first; else any of the good topologies may be taken.
        self.area_weight = (3 if tailored else 1) * AREA_WEIGHT
        self.noise = 0.05 if tailored else 0.3
        self.choice, self.good = CHOICE, GOOD if programme.floors > 1 else GOOD_SINGLE
        self.corner_sqft = programme.corner.width_ft * programme.corner.depth_ft
        self.asked_sqft = sum(room.area_sqft for room in programme.rooms)
        level_sqft = (self.asked_sqft + programme.stairs_sqft * programme.floors) / programme.floors
        # No side is longer than three times the least square, so that curves stay short.
        cap = 3.0 * math.sqrt(level_sqft) + 10
        self.width = math.floor(min(programme.width_ft, cap) / unit_ft + 1e-6)
        self.depth = math.floor(min(programme.depth_ft, cap) / unit_ft + 1e-6)
        self.found: list[tuple[float, Candidate]] = []
        self.stopped = False  # set from another thread: `look` ends as soon as it can

    def run(self, rounds: int, enough: int, wild: bool = False, most: int = 0) -> House | Infeasible:
        """The best house of a `look` with these arguments, or why there is none."""
        return self.look(rounds, enough, wild, most) or self.best()

    def look(self, rounds: int, enough: int, wild: bool = False, most: int = 0) -> Infeasible | None:
        """Tries up to `rounds` ways to share rooms and place stairs, until there are `enough` houses to choose from.

        With none found it goes on, up to `most` ways, and says then what binds.
        """
        programme = self.programme
        if is_too_large(programme):
            return Infeasible("area_over_envelope", what_binds(programme))
        places = self.places()
        for attempt in range(max(rounds, most)):
            if self.stopped or (attempt >= rounds and self.found):
                break
            shared = share_out(programme, self.rng, wild and attempt % 2 == 1)
            if shared is None:
                return Infeasible("too_few_rooms", f"{len(programme.rooms)} rooms can't fill {programme.floors} floors")
            stairs = places[attempt % len(places)] if programme.floors > 1 else None
            self.attempt(shared, stairs)
            if len(self.found) >= enough:
                break
        for _ in range(SHARPENED if self.found and self.tailored else 0):
            if self.stopped:
                break
            self.sharpen()
        return None if self.found else Infeasible("no_layout_found", what_binds(programme))

    def best(self) -> House:
        """The best house found, bettered and finished."""
        _, candidate = min(self.found, key=lambda pair: pair[0])
        if not self.corner_sqft:
            candidate = bettered(candidate, self.area_weight, self.rng)
        house = self.finished(candidate)
        return self.turned(house)

    def turned(self, house: House) -> House:
        """A house mirrored as its site wants it, else by chance."""
        if self.corner_sqft:
            is_mirrored = self.programme.corner.at_left
        elif len(self.programme.party_walls) == 1:
            is_mirrored = self.programme.party_walls[0] == "right"
        else:
            is_mirrored = self.rng.random() < 0.5
        return mirrored(house) if is_mirrored else house

    @property
    def party_walls(self) -> tuple[Side, ...]:
        """Of the house before it is `turned`: one alone is at the left, where the stairs are."""
        walls = self.programme.party_walls
        if len(walls) != 1:
            return walls
        if not self.corner_sqft:
            return ("left",)
        is_at_corner = (walls[0] == "left") == self.programme.corner.at_left
        return ("right",) if is_at_corner else ("left",)

    @property
    def penalty(self) -> float:
        """How bad the best house found is; infinite where there is none."""
        return min((penalty for penalty, _ in self.found), default=math.inf)

    def finished(self, candidate: Candidate) -> House:
        """The house of a candidate, its wet rooms over one another and its walls where there is least to object to."""
        weight = self.area_weight
        return finish(polished(stacked(candidate, weight), weight), self.unit_ft)

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
        self.try_floors(floors, self.widths(max(sums) + self.programme.stairs_sqft * (stairs is not None)))

    def sharpen(self) -> None:
        """Betters the topologies of the best house found at just its width."""
        best = min(self.found, key=lambda pair: pair[0])[1]
        near = [width for width in (best.width - 1, best.width, best.width + 1) if 0 < width <= self.width]
        near = [best.width] if len(self.party_walls) == 2 else near
        self.try_floors(best.floors, np.array(near, np.int32), [level.pool for level in best.levels])

    def try_floors(self, floors: list[Floor], widths: Ints, start: list[Pool] | None = None) -> None:
        """Finds the topologies of each floor that make the smallest houses together, the most promising widths first.

        No house of a width is smaller than the least depth of its floors, whatever else is asked, so a width is looked
        at only when no house that is at hand is smaller than that.
        """
        stairs = stairs_of(floors[0].level, self.unit_ft, self.programme.stairs_ft)
        deepest = self.deepest(floors, widths)
        if stairs.wide >= self.width or stairs.deep >= deepest:
            return
        # The largest floor first: if nothing fits there, the others need no work.
        measured: dict[int, Measured] = {}
        bounds = np.zeros(widths.size, np.int64)
        for index in sorted(range(len(floors)), key=lambda index: -floors[index].area_sqft):
            floor = floors[index]
            pool = self.topologies(floor, widths, deepest, start[index] if start else None)
            if pool is None:
                return
            sizes = self.sizes(floor, widths, deepest)
            one = measured[index] = measure(floor.level, pool, sizes, int(widths[-1]), deepest)
            roots = one.F[np.arange(pool.head.shape[0]), pool.head[:, 0] - 1]
            bounds = np.maximum(bounds, roots[:, widths].min(0))
            if bounds.min() > deepest:
                return
        levels = [measured[index] for index in range(len(floors))]
        noises = [np.array([self.rng.expovariate(1 / self.noise) for _ in one.pool.head]) for one in levels]
        # Either a width, with the least area that it may give, or a house of that area to be tried.
        queue = [
            (int(width) * int(bound), number, Option(int(width), 0, stairs, []))
            for number, (width, bound) in enumerate(zip(widths, bounds, strict=True))
            if bound <= deepest
        ]
        heapq.heapify(queue)
        good = tried = 0
        numbers = count(len(widths))
        while queue and good < self.good and tried < TRIED:
            option = heapq.heappop(queue)[2]
            if not option.depth:
                for box in self.options(levels, stairs, option.width, deepest):
                    covered_sqft = box.width * box.depth * self.unit_ft**2 - self.corner_sqft
                    if covered_sqft > self.programme.covered_sqft:
                        continue
                    heapq.heappush(queue, (box.width * box.depth, next(numbers), box))
                continue
            tried += 1
            good += self.choose(floors, levels, option, noises)

    def deepest(self, floors: list[Floor], widths: Ints) -> int:
        """The greatest depth that can matter: what the narrowest house needs with half as much again."""
        area = max(floor.area_sqft for floor in floors) + self.programme.stairs_sqft
        return min(
            self.depth, math.ceil(max(2.4 * math.sqrt(area), SPARE * area / (widths[0] * self.unit_ft)) / self.unit_ft)
        )

    def options(self, levels: list[Measured], stairs: StairsAt, width: int, most: int) -> list[Option]:
        """The shallowest houses of a width in which every level has topologies with their doors and daylight."""
        widths = np.array([width], np.int32)
        fronts = [stairs.front]
        if stairs.front == OWN_FRONT:
            ahead = stairs._replace(front=LEAST_FRONT)
            least = max(int(explore_level(one, False, ahead, widths, most, wanted=0).least.min()) for one in levels)
            if least >= NEVER:
                return []
            step = max(1, round(2 / self.unit_ft))
            fronts = [least, least + step, least + 3 * step]
        found = []
        for front in fronts:
            place = stairs._replace(front=front)
            depths, usable = [], []
            for index, level in enumerate(levels):
                one = explore_level(level, index == 0, place, widths, most, wanted=self.choice)
                fine = np.sort(one.least[one.rates < UNUSABLE])
                if not fine.size:
                    break
                depths.append(one.least[:, 0])
                usable.append(fine)
            else:
                ranks = max(fine.size for fine in usable)
                for depth in {max(int(fine[min(rank, fine.size - 1)]) for fine in usable) for rank in range(ranks)}:
                    found.append(Option(width, depth, place, depths))
        return found

    def topologies(self, floor: Floor, widths: Ints, deepest: int, start: Pool | None) -> Pool | None:
        """What the library has for a floor, or, with `tailored`, what is best for just these rooms on this plot."""
        if not self.tailored:
            return library(floor.level)
        sizes = self.sizes(floor, widths, int(deepest * self.tailored.deeper))
        found = evolve(
            floor.level, self.rng, sizes._replace(tried=self.tailored.tried), self.tailored, start, self.court
        )
        return found or start

    def sizes(self, floor: Floor, widths: Ints, depth: int) -> Sizes:
        """What a floor's topologies are measured with."""
        sqft = {name: room.area_sqft for name, room in floor.rooms.items()}
        programme = self.programme
        corner = programme.corner._replace(at_left=False)  # the house is mirrored in the end
        return Sizes(
            sqft, widths, depth, self.unit_ft, self.area_weight, corner=corner, party_walls=self.party_walls,
            stairs_ft=programme.stairs_ft,
        )  # fmt: skip

    def widths(self, level_sqft: float) -> Ints:
        """Widths to try: from narrow and deep to wide and shallow, as far as the envelope lets."""
        area = level_sqft * 1.08 / self.unit_ft**2
        if self.corner_sqft or len(self.programme.party_walls) == 2:
            return np.array([self.width], np.int32)  # between two neighbours a house fills the gap
        is_last = self.tailored is not None and self.tailored.deeper > 1
        low = max(area / self.depth, math.sqrt(area) * 0.55)
        high = min(self.width, WIDEST * max(math.sqrt(area), low if is_last else 0.0))
        if low >= high:
            return np.array([self.width], np.int32)
        steps = np.unique(np.linspace(low, high, WIDTHS).astype(np.int32))
        # The envelope's own width last: on a narrow plot it is the one that counts.
        if self.width <= high:
            steps = np.unique(np.append(steps, self.width))
        return steps[-LAST_WIDTHS if is_last else 0 :].astype(np.int32)

    def choose(self, floors: list[Floor], levels: list[Measured], option: Option, noises: list[Floats]) -> bool:
        """Keeps the best topology of each level in this box by score and a little chance; False where one has none."""
        width, depth, stairs, _ = option
        picks, penalty, built = [], 0.0, 0.0
        for index, (level, own, noise) in enumerate(zip(levels, option.least, noises, strict=True)):
            found = try_box(level, index == 0, stairs, width, depth, own, noise, self.area_weight)
            best = int(found.rates[:, 0].argmin())
            rate, indoor = float(found.rates[best, 0]), float(found.built[best, 0])
            if rate >= UNUSABLE:
                return False
            picks.append(best)
            built += indoor
            penalty += rate - float(noise[best]) - self.area_weight * indoor / (1 + int(level.wants.need[1].sum()))
        if built * self.unit_ft**2 > self.programme.floor_sqft:
            return False
        asked = self.asked_sqft + self.programme.stairs_sqft * len(levels) * (stairs.wide > 0)
        score = self.area_weight * (built * self.unit_ft**2 / asked - 1) + penalty / len(levels)
        self.found.append((score, Candidate(floors, levels, picks, stairs, width, depth, built)))
        return True


def candidates(programme: Programme, seed: int, runs: int, unit_ft: float = UNIT_FT) -> Iterator[House]:
    """Good houses of many kinds for a programme, in no order, equal ones among them; none where there is none.

    Each run looks at other ways to share rooms out and other topologies: chance counts for more than in `solve`, which
    wants the best.

    Args:
        programme: what to build.
        seed: of the first run.
        runs: how many; each yields a few houses.
        unit_ft: the grid.
    """
    for number in range(runs):
        solver = Solver(programme, seed + number, unit_ft)
        solver.noise, solver.choice, solver.good = WIDER[number % len(WIDER)]
        solver.look(rounds=1 if programme.floors == 1 else 3, enough=6, wild=number % 2 == 1)
        for _, candidate in solver.found:
            house = solver.finished(candidate)
            yield solver.turned(house)


def solve(programme: Programme, seed: int = 0, unit_ft: float = UNIT_FT) -> House | Infeasible:
    """The best of several houses for a programme, or why there is none.

    A house has a court only where without one some of its rooms have no daylight.

    Args:
        programme: what to build.
        seed: other seeds give other houses.
        unit_ft: the grid.
    """
    found = _without_court(programme, seed, unit_ft)
    if isinstance(found, House) or not may_have_court(programme):
        return found
    around = Solver(programme, seed, unit_ft, COURT_EFFORT, court=True).run(COURT_ROUNDS, enough=1, wild=True)
    return around if isinstance(around, House) else found


def _without_court(programme: Programme, seed: int, unit_ft: float) -> House | Infeasible:
    single = programme.floors == 1
    found: House | Infeasible | None = None
    if programme.corner == NO_CORNER:
        if is_small(programme):
            searches = [Solver(programme, seed, unit_ft, effort) for effort in SMALL_EFFORTS]
            rounds, most = (6, 20) if single else (20, 80)
            with ThreadPoolExecutor(len(searches)) as threads:
                try:
                    refused = list(threads.map(lambda one: one.look(rounds, 99, True, most), searches))
                except BaseException:  # such as an interrupt: nobody waits for what they would find
                    for one in searches:
                        one.stopped = True
                    raise
            winner, why = min(zip(searches, refused, strict=True), key=lambda pair: pair[0].penalty)
            return why or winner.best()
        found = Solver(programme, seed, unit_ft).run(rounds=2 if single else 4, enough=99)
        if isinstance(found, House) or found.reason != "no_layout_found":
            return found
    if is_hopeless(programme):
        return found or Infeasible("no_layout_found", what_binds(programme))
    # The library has nothing for houses that turn round a corner.
    last = Solver(programme, seed, unit_ft, LAST_EFFORT)
    return last.run(rounds=6, enough=1, wild=True, most=8 if single else 24)
