"""Compiles the search for this machine, once: `python -m housebrain.service.warm`.

It takes some 20 s of one core, and what was compiled is kept for every later process. Without it the first house waits.
"""

from housebrain.house.brief import Brief, Plot, RoomRequest, Setbacks
from housebrain.solver.solve import solve

_BRIEF = Brief(
    style="Modern",
    bedrooms=2,
    bathrooms=1,
    floors=2,
    budget_usd=100_000,
    plot=Plot(
        length_ft=50,
        width_ft=40,
        shape="Rectangle",
        orientation="N",
        slope_degrees=0,
        is_corner=False,
        setbacks=Setbacks(front_ft=5, rear_ft=5, left_ft=5, right_ft=5),
    ),
    rooms=(
        RoomRequest(type="master_bedroom", count=1, min_area_sqft=140),
        RoomRequest(type="bedroom", count=1, min_area_sqft=110),
        RoomRequest(type="bathroom", count=1, min_area_sqft=40),
        RoomRequest(type="kitchen", count=1, min_area_sqft=90),
        RoomRequest(type="living_room", count=1, min_area_sqft=180),
    ),
    region="Asia_India",
    climate_zone="Temperate",
)


def warm() -> None:
    """Designs a small house on two floors: all of the search is compiled then, or read where it was compiled before."""
    solve(_BRIEF, 0)


if __name__ == "__main__":
    warm()
