"""The light colours of rooms on plans, by what a room is for; text reads on them, in print too."""

_TINTS = {
    **dict.fromkeys(("living_room", "family_room", "dining_room"), "#fdf6e8"),
    **dict.fromkeys(("master_bedroom", "bedroom", "guest_room", "home_office"), "#f3f6fb"),
    **dict.fromkeys(("bathroom", "laundry", "utility"), "#eaf5f5"),
    **dict.fromkeys(("balcony", "terrace", "porch", "court"), "#f0f5ea"),
    **dict.fromkeys(("store", "garage"), "#f3f3f3"),
    "kitchen": "#fbf0ea",
    "pooja": "#fdf7dd",
}


def tint(kind: str) -> str:
    """The colour of a room of a type of `house.rooms`."""
    return _TINTS.get(kind, "#fafafa")
