"""Why no house was found: the constraint that binds, and what would mend it."""

from housebrain.solver.kinds import ADDED, STAIRS_FT, least_side_ft
from housebrain.solver.needs import Programme

FILLED = 0.8  # share of the envelope that rooms and stairs fill without trouble


def what_binds(programme: Programme) -> str:
    """One sentence about a programme for which no layout was found."""
    width_ft, depth_ft, floors = programme.width_ft, programme.depth_ft, programme.floors
    short_ft, long_ft = sorted((width_ft, depth_ft))
    envelope = f"the envelope of {width_ft:g} x {depth_ft:g} ft"
    if floors > 1 and (short_ft < STAIRS_FT[0] or long_ft < STAIRS_FT[1]):
        return (
            f"the stairs need {STAIRS_FT[0]:g} x {STAIRS_FT[1]:g} ft, more than {envelope}: one floor, or a wider plot"
        )
    for room in programme.rooms:
        side_ft = least_side_ft(room.type, room.area_sqft)
        if room.type not in ADDED and side_ft > short_ft:
            return (
                f"the {room.name} needs {side_ft:.1f} ft across, {envelope} has {short_ft:g} ft: "
                f"setbacks that leave {side_ft - short_ft:.1f} ft more, or a smaller {room.name}"
            )
    rooms_sqft = sum(room.area_sqft for room in programme.rooms)
    stairs_sqft = STAIRS_FT[0] * STAIRS_FT[1] * floors if floors > 1 else 0.0
    holds_sqft = width_ft * depth_ft * floors
    needed = f"{rooms_sqft:,.0f} sqft" + (f" and the stairs {stairs_sqft:,.0f}" if stairs_sqft else "")
    on_floors = f"{floors} floor{'s' if floors > 1 else ''}"
    smaller = 1 - (FILLED * holds_sqft - stairs_sqft) / rooms_sqft
    if smaller > 0:
        how = f", or {smaller:.0%} smaller rooms" if smaller < 1 else ""
        return f"the rooms need {needed}, {envelope} holds {holds_sqft:,.0f} on {on_floors}: one more floor{how}"
    return (
        f"the rooms need {needed}, which {envelope} holds on {on_floors} ({holds_sqft:,.0f} sqft), but no arrangement "
        f"gives each its way and daylight at {short_ft:g} ft across: setbacks that leave more, or fewer rooms a floor"
    )
