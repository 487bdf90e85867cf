"""What `bench.realism` measures of a level, with its stairs and without."""

from bench.realism import as_flat, measure

from rules.plans import TWO_FLOORS, design_of

# Two halls of 60 and 70 sqft and stairs of 150 on 900.
ROOMS = [
    ["living", 0, 0, 20, 15], ["hall", 20, 0, 4, 15], ["kitchen", 24, 0, 6, 15],
    ["hall2", 0, 15, 14, 5], ["utility", 14, 15, 6, 5], ["stairs", 20, 15, 10, 15],
    ["master", 0, 20, 12, 10], ["bath", 12, 20, 8, 10],
]  # fmt: skip


def test_a_level_as_a_flat_lacks_its_stairs_and_all_else_stays() -> None:
    (level,) = design_of([ROOMS], TWO_FLOORS, (30, 30)).levels
    flat = as_flat(level)
    assert [room.name for room in flat.rooms] == [name for name, *_ in ROOMS if name != "stairs"]
    gone = [door for door in level.doors if door not in flat.doors]
    assert gone
    assert all("stairs" in (door.a, door.b) for door in gone)
    assert not any("stairs" in (door.a, door.b) for door in flat.doors)


def test_stairs_that_are_larger_than_the_halls_are_what_is_measured_of_circulation() -> None:
    (level,) = design_of([ROOMS], TWO_FLOORS, (30, 30)).levels
    house, flat = measure(level), measure(as_flat(level))
    assert house is not None
    assert flat is not None
    assert (house["hall_aspect"], flat["hall_aspect"]) == (1.5, 14 / 5)
    assert house["circ_share"] == (60 + 70 + 150) / 900
    assert flat["circ_share"] == (60 + 70) / 750
