"""Units of length and area. Everything in the project is in feet and square feet; this turns others into them."""

FT_PER_M = 3.28084
SQFT_PER_SQM = FT_PER_M**2
# The grid that houses stand on. Answers count its steps, in whole numbers.
GRID_FT = 0.5
