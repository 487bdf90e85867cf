"""Good designs spoilt in the ways of models and people: what `repair` is tried on."""

import copy
from collections.abc import Callable
from random import Random
from typing import Any

Plain = dict[str, Any]  # a design's JSON


def _rooms(design: Plain) -> list[Plain]:
    return [room for level in design["levels"] for room in level["rooms"]]


def _wanted(design: Plain) -> list[Plain]:
    return [room for room in _rooms(design) if room["type"] not in ("corridor", "stairs", "terrace", "porch", "court")]


def shaken(design: Plain, rng: Random) -> None:
    """Every edge up to two feet off, on no grid."""
    for room in _rooms(design):
        for box in room["boxes"]:
            for key in box:
                box[key] += rng.uniform(-2, 2)
            box["w"], box["d"] = max(1.0, box["w"]), max(1.0, box["d"])


def resized(design: Plain, rng: Random) -> None:
    """One room half to twice as wide and deep."""
    box = rng.choice(_wanted(design))["boxes"][0]
    box["w"] *= rng.uniform(0.5, 2)
    box["d"] *= rng.uniform(0.5, 2)


def moved(design: Plain, rng: Random) -> None:
    """One room up to fifteen feet off, over others."""
    box = rng.choice(_wanted(design))["boxes"][0]
    box["x"] += rng.uniform(-15, 15)
    box["y"] += rng.uniform(-15, 15)


def exchanged(design: Plain, rng: Random) -> None:
    """Two rooms with each other's boxes."""
    level = rng.choice(design["levels"])
    one, other = rng.choice(level["rooms"]), rng.choice(level["rooms"])
    one["boxes"], other["boxes"] = other["boxes"], one["boxes"]


def lost(design: Plain, rng: Random) -> None:
    """A room less."""
    level = rng.choice([level for level in design["levels"] if len(level["rooms"]) > 1])
    level["rooms"].remove(rng.choice(level["rooms"]))


def added(design: Plain, rng: Random) -> None:
    """A room more, over others."""
    room = copy.deepcopy(rng.choice(_wanted(design)))
    room["name"] = rng.choice(["office2", "bed7", "store", "pooja", room["name"]])
    room["boxes"][0]["x"] += rng.uniform(-5, 5)
    rng.choice(design["levels"])["rooms"].append(room)


def misnamed(design: Plain, rng: Random) -> None:
    """A room of a type that there is not."""
    room = rng.choice(_wanted(design))
    room["name"] = room["type"] = rng.choice(["ballroom", "", "Wintergarten"])


def negative(design: Plain, rng: Random) -> None:
    """A box with sides below zero."""
    box = rng.choice(_rooms(design))["boxes"][0]
    box["x"], box["w"] = box["x"] + box["w"], -box["w"]


def shrunk(design: Plain, rng: Random) -> None:
    """All too small."""
    factor = rng.uniform(0.6, 0.9)
    for box in [design["footprint"], *(box for room in _rooms(design) for box in room["boxes"])]:
        for key in box:
            box[key] *= factor


def hall_less(design: Plain, rng: Random) -> None:
    """Without its halls, or, where there are none, a room less."""
    for level in design["levels"]:
        kept = [room for room in level["rooms"] if room["type"] != "corridor"]
        level["rooms"] = kept or level["rooms"]


WAYS: dict[str, Callable[[Plain, Random], None]] = {
    way.__name__: way for way in (shaken, resized, moved, exchanged, lost, added, misnamed, negative, shrunk, hall_less)
}


def spoilt(design: Plain, rng: Random, way: str | None = None) -> Plain:
    """A copy of a design's JSON, spoilt in one way, or in one to three at random; its doors and windows stay."""
    found = copy.deepcopy(design)
    for name in [way] if way else rng.choices(list(WAYS), k=rng.randint(1, 3)):
        WAYS[name](found, rng)
    return found
