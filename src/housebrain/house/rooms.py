"""The kinds of room there are, and what each is called in prompts and answers."""

from typing import Literal

RoomType = Literal[
    "living_room",
    "dining_room",
    "kitchen",
    "master_bedroom",
    "bedroom",
    "bathroom",
    "utility",
    "home_office",
    "balcony",
    "family_room",
    "guest_room",
    "laundry",
    "store",
    "pooja",
    "garage",
    "corridor",
    "stairs",
    "terrace",
    "porch",
    "court",
]
# Made by the solver, never asked for: they take no minimum area from a brief.
ADDED: frozenset[str] = frozenset({"corridor", "stairs", "terrace", "porch", "court"})
HABITABLE: frozenset[str] = frozenset(
    {"living_room", "dining_room", "master_bedroom", "bedroom", "home_office", "family_room", "guest_room"}
)
BEDROOMS: frozenset[str] = frozenset({"master_bedroom", "bedroom", "guest_room"})
OPEN_AIR: frozenset[str] = frozenset({"terrace", "balcony", "porch", "court"})
# What the codes want daylight in.
DAYLIT: frozenset[str] = HABITABLE | {"kitchen"}

# Rooms of which there can be several are numbered: `bed1`, `bed2`.
SHORT_NAMES: dict[str, str] = {
    "living_room": "living",
    "dining_room": "dining",
    "kitchen": "kitchen",
    "master_bedroom": "master",
    "bedroom": "bed",
    "bathroom": "bath",
    "utility": "utility",
    "home_office": "office",
    "balcony": "balcony",
    "family_room": "family",
    "guest_room": "guest",
    "laundry": "laundry",
    "store": "store",
    "pooja": "pooja",
    "garage": "garage",
    "corridor": "hall",
    "stairs": "stairs",
    "terrace": "terrace",
    "porch": "porch",
    "court": "court",
}
_TYPE_OF_SHORT_NAME: dict[str, str] = {short: room_type for room_type, short in SHORT_NAMES.items()}


def type_of(name: str) -> str:
    """The room type behind a short name: `bed2` is a bedroom.

    Raises:
        ValueError: no room is called that.
    """
    room_type = _TYPE_OF_SHORT_NAME.get(name) or _TYPE_OF_SHORT_NAME.get(name.rstrip("0123456789"))
    if room_type is None:
        raise ValueError(f"no room is called '{name}'. Known: {', '.join(SHORT_NAMES.values())}")
    return room_type
