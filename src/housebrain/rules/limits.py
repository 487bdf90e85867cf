"""How small a room may be, whatever the brief says: the strictest of the rulesets in tables/codes.yaml."""

STAIRS_SHORT_FT, STAIRS_LONG_FT = 8, 11  # two flights of 18 risers of 7 in and treads of 10 in, and a landing

# The least side in feet.
MIN_SIDE_FT = {
    "living_room": 10,
    "master_bedroom": 10,
    "bedroom": 9,
    "guest_room": 9,
    "family_room": 9,
    "dining_room": 8,
    "home_office": 8,
    "kitchen": 7,
    "garage": 10,
    "bathroom": 5,
    "utility": 5,
    "laundry": 5,
}
DEFAULT_MIN_SIDE_FT = 4
# The least area in square feet.
MIN_HABITABLE_SQFT = 81  # 7.5 m2 (NBC 2016, 12.2.2)
MIN_AREA_SQFT = {"kitchen": 81, "bathroom": 31, "garage": 180}
