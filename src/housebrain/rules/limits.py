"""Least sizes that doors and stairs ask for, whatever the brief says, in feet between walls' centre lines."""

# Two flights of 3 ft (clear) side by side with a landing between: 17 risers of 7.4 in make 10.5 ft, 8 treads of 10 in a
# flight and 3 ft of landing make 9.7 ft (IRC 2021 R311.7: riser at most 7 3/4 in, tread at least 10 in, width 36 in).
STAIRS_SHORT_FT, STAIRS_LONG_FT = 6.5, 10.0
LANDING_FT = 3.5  # the end of the stairs' box at which they are entered
DOOR_WALL_FT = 3.5  # the least wall for a door, frame and corner included, and for an opening between boxes of a room
