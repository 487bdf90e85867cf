"""Programmes and plain forms of houses for the solver's tests."""

from random import Random
from typing import Any

from housebrain.solver.house import House
from housebrain.solver.needs import Programme, Room


def plain(house: House) -> dict[str, Any]:
    """A house as the checker reads it."""
    return {
        "width_ft": house.width_ft,
        "depth_ft": house.depth_ft,
        "levels": [
            {
                "spaces": {space.name: list(space.boxes) for space in storey.spaces},
                "doors": [door._asdict() for door in storey.doors],
            }
            for storey in house.storeys
        ],
    }


def random_programme(seed: int) -> Programme:
    """A programme like those of the dataset, but wider: small plots, garages, poojas, guests."""
    rng = Random(seed)
    rooms = [Room("living", "living", rng.randint(120, 400)), Room("kitchen", "kitchen", rng.randint(60, 250))]
    if rng.random() < 0.7:
        rooms.append(Room("dining", "dining", rng.randint(80, 250)))

    def several(kind: str, count: int, low: int, high: int) -> None:
        for number in range(count):
            name = kind if count == 1 else f"{kind}{number + 1}"
            rooms.append(Room(name, kind, rng.randint(low, high)))

    several("master", rng.randint(0, 1), 110, 300)
    several("bed", rng.randint(1, 5), 80, 200)
    several("bath", rng.randint(1, 5), 24, 80)
    for kind, low, high in (("utility", 18, 100), ("office", 60, 150), ("pooja", 16, 40), ("garage", 120, 250)):
        several(kind, int(rng.random() < 0.3), low, high)
    several("balcony", rng.choice((0, 0, 1, 2)), 27, 80)
    return Programme(
        tuple(rooms), rng.randint(1, 4), rng.uniform(14, 90), rng.uniform(20, 90), rng.choice("NESW"), str(seed)
    )
